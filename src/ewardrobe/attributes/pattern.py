"""The pattern of a garment: plain cloth, or which kind of drawing is on it.

A small network over the measures of `texture`; it needs no model of garments and runs on NumPy alone. Its weights are
in `data/pattern.npz`, written by `benchmarks/fit_pattern.py`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from .networks import TextureNetwork, load_network
from .texture import texture_features
from .values import Value

__all__ = ["PATTERNS", "pattern_network", "pattern_of"]

PATTERNS = ("solid", "striped", "checked", "dotted", "print", "graphic")
"""`print` is all over (flowers, animal, camouflage, motifs); `graphic` is a picture or words on a plain ground."""

_SMALLEST = 150  # pixels; fewer show no pattern


@cache
def pattern_network() -> TextureNetwork:
    """The shipped network, read once."""
    return load_network("pattern")


def pattern_of(
    pixels: npt.NDArray[np.uint8],
    mask: npt.NDArray[np.bool_],
    *,
    texture: npt.NDArray[np.float32] | None = None,
) -> Value:
    """The pattern of a garment, one of `PATTERNS`, with calibrated confidence; `unknown` when too little shows.

    Args:
        pixels: uint8 (H, W, 3) sRGB, the photo or a crop of it.
        mask: bool (H, W), the garment in it.
        texture: `texture_features(pixels, mask)`, when the caller has it already.
    """
    if mask.sum() < _SMALLEST:
        return Value.unknown()
    measures = texture_features(pixels, mask) if texture is None else texture
    likely = pattern_network().probabilities(measures)[0]
    first, second = np.argsort(-likely)[:2]
    return Value(PATTERNS[first], float(likely[first]), PATTERNS[second], "pixels")
