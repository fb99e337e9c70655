"""Training: architectures, augmentation, losses, the loop, and the export to one self-describing ONNX file.

The only room that imports PyTorch; it needs the extra `train`.
"""
