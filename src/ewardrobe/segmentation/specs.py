"""The parts of a model's description: how its input is made, and what each of its outputs is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ewardrobe.errors import ModelError

__all__ = ["DECODES", "InputSpec", "OutputKind", "OutputSpec", "are_numbers", "is_size", "require"]

Resize = Literal["fit", "round", "stretch", "letterbox"]
Activation = Literal["sigmoid", "none", "minmax"]
OutputKind = Literal[
    "logits",
    "probabilities",
    "features",
    "presence",
    "alpha",
    "boxes",
    "box_scores",
    "labels",
    "box_masks",
    "masks",
    "detections",
    "prototypes",
    "box_logits",
    "mask_logits",
]

DECODES: Mapping[str, tuple[frozenset[OutputKind], ...]] = {
    "boxes-masks": (
        frozenset(("boxes", "box_scores", "labels", "box_masks")),
        frozenset(("boxes", "box_scores", "labels", "masks")),
    ),
    "yolo-seg": (frozenset(("detections", "prototypes")),),
    "detr-seg": (frozenset(("boxes", "box_logits", "mask_logits")),),
}
"""By `decode`, the sets of output kinds of which an instance model has one, whole."""


def require(condition: bool, message: str) -> None:
    """ModelError with `message` unless `condition`."""
    if not condition:
        raise ModelError(message)


def is_size(value: Any) -> bool:
    """Whether `value` is a number of pixels."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1 << 16


def are_numbers(values: Any) -> bool:
    """Whether `values` are three finite numbers."""
    numbers = [_is_number(value) for value in values]
    return len(numbers) == 3 and all(numbers)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a photo becomes the graph's input: float32 (1, 3, H, W), RGB, normalised.

    `resize` is "fit" or "round" with `long_side`, or "stretch" or "letterbox" with `height` and `width`, all in pixels;
    H and W of the first two are multiples of `divisor`; with `max_area`, a photo takes no more than that share of the
    square over its long side, so that a square one costs no more than an upright one. `pad` is the colour around the
    photo, RGB in 0..1, None for the mean colour. `name` is the graph input's name, None for its first; `layout` "CHW"
    is an input without the batch's dimension.
    """

    resize: Resize = "fit"
    long_side: int | None = None
    height: int | None = None
    width: int | None = None
    divisor: int = 32
    max_area: float | None = None
    pad: tuple[float, float, float] | None = None
    name: str | None = None
    layout: str = "NCHW"
    channels: str = "RGB"
    dtype: str = "float32"

    def __post_init__(self) -> None:
        require(
            self.resize in get_args(Resize),
            f"input.resize is {self.resize!r}; it is one of {get_args(Resize)}",
        )
        for key in ("long_side", "height", "width"):
            value = getattr(self, key)
            require(
                value is None or is_size(value),
                f"input.{key} must be a positive whole number, not {value!r}",
            )
        require(is_size(self.divisor), f"input.divisor must be a positive whole number, not {self.divisor!r}")
        if self.resize in ("fit", "round"):
            require(self.long_side is not None, f"input.resize {self.resize!r} needs input.long_side")
            require(
                self.max_area is None or (_is_number(self.max_area) and 0 < self.max_area <= 1),
                f"input.max_area must be a number above 0 and at most 1, not {self.max_area!r}",
            )
        else:
            require(self.max_area is None, f"input.resize {self.resize!r} takes no input.max_area")
            both = self.height is not None and self.width is not None
            require(both, f"input.resize {self.resize!r} needs input.height and input.width")
        if self.pad is not None:
            require(
                isinstance(self.pad, list | tuple) and are_numbers(self.pad),
                f"input.pad must be three numbers, not {self.pad!r}",
            )
            object.__setattr__(self, "pad", tuple(self.pad))
        for key, allowed in (("layout", ("NCHW", "CHW")), ("channels", ("RGB",)), ("dtype", ("float32",))):
            value = getattr(self, key)
            require(value in allowed, f"input.{key} is {value!r}; this version runs {' or '.join(allowed)!r}")


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A graph output: its `kind`, `stride` (input pixels per cell), and the `activation` still to be applied."""

    kind: OutputKind
    stride: int | None = None
    activation: Activation = "sigmoid"

    def __post_init__(self) -> None:
        kinds = get_args(OutputKind)
        require(self.kind in kinds, f"an output's kind is {self.kind!r}; it is one of {kinds}")
        require(self.stride is None or is_size(self.stride), f"an output's stride is {self.stride!r}")
        require(self.activation in get_args(Activation), f"an output's activation is {self.activation!r}")
        require(
            self.activation != "minmax" or self.kind == "alpha",
            "activation 'minmax' is for outputs of kind 'alpha'",
        )

    def to_dict(self) -> dict[str, Any]:
        """The output's JSON object."""
        document: dict[str, Any] = {"kind": self.kind}
        if self.stride is not None:
            document["stride"] = self.stride
        if self.kind in ("presence", "alpha"):
            document["activation"] = self.activation
        return document
