"""A garment's colour and light taken apart: its own colour, its folds, and the fine texture of the cloth.

Everything is OKLab (Ottosson 2020). Under a weaker light all three coordinates of a cloth shrink by one factor, so a
fold of a red shirt keeps a / L and b / L. The folds are the lightness smoothed by a guided filter (He, Sun, Tang 2010)
that looks at the garment's pixels only; what it takes away is the texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.perceptual import oklab_from_srgb
from ewardrobe.restyling.mask import Region

__all__ = ["Cloth", "take_apart"]

Plane = npt.NDArray[np.float32]

_RADIUS = 0.05  # of the garment's size: what is finer is texture
_EDGE = 0.2  # in lightness 0..1: a step above this is a fold, however sharp
_CHUNK = 1 << 18


@dataclass(frozen=True, eq=False)
class Cloth:
    """The pixels of a region's mask, as N rows.

    `lab` float32 (N, 3), `folds` float32 (N,), the smoothed lightness, and `texture` what is left of it; `colour`
    float64 (3,) the cloth's own colour: the median of the garment's inner pixels, of which `inner` bool (N,) tells.
    """

    lab: Plane
    folds: Plane
    texture: Plane
    inner: npt.NDArray[np.bool_]
    colour: npt.NDArray[np.float64]

    @property
    def roughness(self) -> float:
        """The spread of the texture among the inner pixels, in lightness."""
        return float(self.texture[self.inner].std())


def take_apart(pixels: npt.NDArray[np.uint8], region: Region) -> Cloth:
    """The cloth of a region; `pixels` uint8 (h, w, 3), the garment's own colours also at its soft edges."""
    touched = region.alpha > 0
    lab = _oklab(pixels[touched])
    lightness = np.zeros(touched.shape, np.float32)
    lightness[touched] = lab[:, 0]
    weight = (region.inside & touched).astype(np.float32)
    if not weight.any():
        weight = touched.astype(np.float32)
    folds = _guided(lightness, weight, max(2, round(_RADIUS * region.extent)))[touched]
    core = cv2.erode(weight.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    inner = (core if core.sum() > 0.4 * weight.sum() else weight > 0)[touched]
    colour = np.median(lab[inner], axis=0).astype(np.float64)
    return Cloth(lab, folds, lab[:, 0] - folds, inner, colour)


def _oklab(rows: npt.NDArray[np.uint8]) -> Plane:
    lab = np.empty(rows.shape, np.float32)
    for start in range(
        0, len(rows), _CHUNK
    ):  # in double precision all at once, a large photo would take gigabytes
        lab[start : start + _CHUNK] = oklab_from_srgb(rows[start : start + _CHUNK])
    return lab


def _guided(plane: Plane, weight: Plane, radius: int) -> Plane:
    """The plane smoothed by itself as guide, float32 (h, w); only pixels of `weight` count."""
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(values: Plane) -> Plane:
        summed = cv2.boxFilter(values * weight, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
        total = cv2.boxFilter(weight, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(np.where(total > 0, summed / np.maximum(total, 1e-6), values), np.float32)

    middle = mean(plane)
    spread = np.maximum(mean(plane * plane) - middle * middle, 0)
    share = np.asarray(spread / (spread + np.float32(_EDGE**2)), np.float32)
    smooth = mean(share) * plane + mean(np.asarray((1 - share) * middle, np.float32))
    return np.asarray(smooth, np.float32)
