"""The engine `diffusion`: a garment painted anew by an inpainting model of diffusers.

`engine` joins the parts: `settings` says how, `wording` what the model is asked for, and `pipeline`, which is imported
when the first picture is made, is the one module that needs PyTorch (the extra `diffusion`).
"""
