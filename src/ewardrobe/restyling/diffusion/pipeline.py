"""An inpainting pipeline of diffusers, loaded and run; the only module of the room that imports PyTorch.

Weights are read from safetensors only, never from pickles, and no code that comes with a model is run.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import diffusers
import numpy as np
import numpy.typing as npt
import torch
import transformers
from PIL import Image

from ewardrobe.errors import EwardrobeError, ModelError, UsageError
from ewardrobe.restyling.diffusion.folders import is_name
from ewardrobe.restyling.diffusion.settings import DiffusionSettings
from ewardrobe.restyling.engines import OnStep
from ewardrobe.segmentation.session import one_line

__all__ = ["InpaintingPipeline"]

Pixels = npt.NDArray[np.uint8]

_FLUX_FILL = "FluxFillPipeline"  # AutoPipelineForInpainting does not know it
_USUAL_SIZE = 1024  # of transformers, which do not say what they were made for
_INPAINTING_CHANNELS = (4, 9)  # of a UNet: latents alone, or with the mask and the masked picture
_CELLS = 8  # a side in latents must be halved three times by a UNet; no other network asks for more


class InpaintingPipeline:
    """A pipeline on its device."""

    def __init__(self, settings: DiffusionSettings) -> None:
        """Load it; ModelError, in one line, when it is not there, cannot inpaint, or memory is too small."""
        diffusers.utils.logging.set_verbosity_error()
        transformers.utils.logging.set_verbosity_error()
        for library in (diffusers, transformers):
            library.utils.logging.disable_progress_bar()
        self._settings = settings
        self._device = _device(settings.device)
        try:
            self._pipe = _load(settings, _precision(settings.precision, self._device))
            self._known = set(inspect.signature(self._pipe.__call__).parameters)
            _check(self._pipe, self._known, settings)
            self._place()
        except EwardrobeError:
            raise
        except (
            Exception
        ) as error:  # diffusers, transformers, safetensors and PyTorch each raise kinds of their own
            raise _explained(error, settings, "cannot be loaded") from None
        self._pipe.set_progress_bar_config(disable=True)

    @property
    def native_size(self) -> int:
        """The root of the area in pixels that the model was made for."""
        unet = getattr(self._pipe, "unet", None)
        if unet is None or not isinstance(unet.config.sample_size, int):
            return _USUAL_SIZE
        return int(unet.config.sample_size * self._pipe.vae_scale_factor)

    @property
    def multiple(self) -> int:
        """What a picture's sides must be multiples of."""
        return int(_CELLS * self._pipe.vae_scale_factor)

    def paint(
        self,
        pictures: Sequence[Pixels],
        hole: npt.NDArray[np.bool_],
        text: str,
        *,
        negative: str,
        strength: float,
        seeds: Sequence[int],
        on_step: OnStep | None = None,
    ) -> list[Pixels]:
        """The pictures, uint8 (h, w, 3), with the hole, bool (h, w), painted as `text` says; a seed for each.

        ModelError when memory is too small, or the model's own filter rejects a picture.
        """
        count, (height, width) = len(pictures), hole.shape
        mask = Image.fromarray(hole.astype(np.uint8) * np.uint8(255))
        images = [Image.fromarray(picture) for picture in pictures]
        arguments: dict[str, Any] = {
            "prompt": [text] * count,
            "negative_prompt": [negative] * count,
            "image": images if count > 1 else images[0],
            "mask_image": [mask] * count if count > 1 else mask,
            "height": height,
            "width": width,
            "strength": strength,
            "num_inference_steps": _steps(self._settings.steps, strength),
            # On the CPU, whatever the device: the same seed is the same noise everywhere.
            "generator": [torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            "output_type": "np",
            "callback_on_step_end": _callback(on_step),
        }
        if self._settings.guidance is not None:
            arguments["guidance_scale"] = self._settings.guidance
        wanted = {
            name: value for name, value in arguments.items() if name in self._known and value is not None
        }
        try:
            with torch.inference_mode():
                done = self._pipe(**wanted)
        except Exception as error:  # see __init__
            raise _explained(error, self._settings, "failed on this photo") from None
        if any(getattr(done, "nsfw_content_detected", None) or ()):
            raise ModelError(
                f"the filter that comes with {self._settings.model} rejected the picture: try another --seed or prompt"
            )
        made = np.asarray(done.images)
        if not np.isfinite(made).all():
            raise ModelError(
                f"{self._settings.model} gave no picture in this precision: try --set precision=float32"
            )
        return list(np.rint(made * 255).astype(np.uint8))

    def _place(self) -> None:
        """Bring it to its device, or have it brought there part by part."""
        on_gpu = self._device.type != "cpu"
        offload = self._settings.offload
        if offload == "auto":
            offload = "model" if on_gpu else "none"
        if offload == "none" or not on_gpu:
            self._pipe.to(self._device)
        elif offload == "model":
            self._pipe.enable_model_cpu_offload(device=self._device)
        else:
            self._pipe.enable_sequential_cpu_offload(device=self._device)


def _device(name: str) -> torch.device:
    if name == "auto":
        there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
        name = next(kind for kind, is_there in there.items() if is_there)
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except Exception as error:  # without a GPU PyTorch raises AssertionError, RuntimeError or one of its own
        raise UsageError(
            f"the device {name!r} cannot be used here ({one_line(error)}): leave it out"
        ) from None
    return device


def _precision(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        name = "float32" if device.type == "cpu" else "bfloat16"
    return getattr(torch, name)


def _load(settings: DiffusionSettings, precision: torch.dtype) -> Any:
    model, here = settings.model, {"local_files_only": not settings.download}
    try:
        stated = diffusers.DiffusionPipeline.load_config(model, **here)["_class_name"]
    except Exception as error:  # see __init__
        if is_name(model) and not settings.download:
            raise ModelError(
                f"the model {model} is not on this machine: fetch it with `hf download {model}`, or add "
                "--set download=yes, or give a folder"
            ) from None
        raise ModelError(f"the model {model} cannot be fetched or read: {one_line(error)}") from None
    auto = diffusers.FluxFillPipeline if stated == _FLUX_FILL else diffusers.AutoPipelineForInpainting
    try:
        return auto.from_pretrained(
            model, dtype=precision, use_safetensors=True, variant=settings.variant, **here
        )
    except ValueError as error:
        if "AutoPipeline" in str(error):
            raise ModelError(
                f"{model} is a {stated}, which cannot inpaint: choose an inpainting model"
            ) from None
        raise


def _check(pipe: Any, known: set[str], settings: DiffusionSettings) -> None:
    kind = type(pipe).__name__
    if not {"prompt", "image", "mask_image"} <= known or "control_image" in known:
        raise ModelError(f"{settings.model} is a {kind}, which does not paint from words and a mask alone")
    unet = getattr(pipe, "unet", None)
    if unet is not None and unet.config.in_channels not in _INPAINTING_CHANNELS:
        raise ModelError(
            f"{settings.model} is no inpainting model: its network takes {unet.config.in_channels} channels, not 9"
        )
    for name, argument in {
        "negative": "negative_prompt",
        "guidance": "guidance_scale",
        "strength": "strength",
    }.items():
        if getattr(settings, name) is not None and argument not in known:
            words = argument.replace("_", " ")
            raise UsageError(f"{settings.model} is a {kind}, which knows no {words}: leave {name} out")


def _steps(steps: int, strength: float) -> int:
    """As many as leave at least one: pipelines skip those that `strength` gives up."""
    return max(steps, int(np.ceil(1 / strength)))


def _callback(on_step: OnStep | None) -> Any:
    if on_step is None:
        return None

    def tell(pipe: Any, step: int, moment: Any, values: dict[str, Any]) -> dict[str, Any]:
        on_step(step + 1, int(pipe.num_timesteps))
        return values

    return tell


def _explained(error: Exception, settings: DiffusionSettings, what: str) -> ModelError:
    text = one_line(error)
    full = isinstance(error, MemoryError | torch.cuda.OutOfMemoryError)
    if full or "out of memory" in text.lower() or "allocate memory" in text:
        return ModelError(
            f"out of memory with {settings.model}: try a smaller --set size=512, --set batch=1, or on a GPU "
            "--set offload=sequential"
        )
    if "necessary `safetensors`" in text or "no file named" in text:
        return ModelError(
            f"{settings.model} {what}: not all its weights are there as safetensors, and pickles are not read"
        )
    return ModelError(f"{settings.model} {what}: {text}")
