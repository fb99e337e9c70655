"""Light: a garment takes on the scene's colour of light, the shade the old one lay in, and throws a soft shadow."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.light import estimate_light
from ewardrobe.tryon.outlines import Floats, Mask
from ewardrobe.tryon.scene import Scene

__all__ = ["contact_shadow", "scene_gain", "shade"]

Image = npt.NDArray[np.float32]

_ADAPT = 0.55  # of the difference between the two lights
_SHADE = 0.35
_LEAST_SEEN = 0.4  # of a garment's place: less of the old one says nothing about its light
_ROUND = 0.12
_SHADOW = 0.3


def scene_gain(scene: Scene, gains: Floats) -> Image:
    """What to multiply the garment's linear light with, float32 (3,): `gains` bring its own light to neutral."""
    own = estimate_light(scene.pixels, scene.labels != 0)
    return np.asarray((gains / own) ** _ADAPT, np.float32)


def shade(scene: Scene, gone: Mask, cover: Image) -> Image:
    """The shade at each pixel, float32 (H, W) around 1: broad folds and light of what was worn, darker sides.

    `cover` float32 (H, W) is the new garment's alpha.
    """
    solid = cover > 0.5
    result = np.ones(cover.shape, np.float32)
    if not solid.any():
        return result
    depth = cv2.distanceTransform(np.pad(solid.view(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    result -= np.float32(_ROUND) * np.clip(1 - depth / np.float32(0.11 * scene.body.width), 0, 1) ** 2
    both = gone & solid
    if np.count_nonzero(both) < _LEAST_SEEN * np.count_nonzero(solid):
        return result
    grey = cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    sigma = max(1.0, 0.1 * scene.body.width)
    weight = both.astype(np.float32)
    broad = cv2.GaussianBlur(grey * weight, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(weight, (0, 0), sigma), np.float32(1e-3)
    )
    middle = float(np.median(broad[both]))
    # Of black cloth little light comes back, and much of it is noise.
    folds = np.clip((broad + 30) / (middle + 30), 0.6, 1.5) ** np.float32(_SHADE)
    known = np.clip(cv2.GaussianBlur(weight, (0, 0), sigma) * 1.5, 0, 1)
    return np.asarray(result * (1 + (np.clip(folds, 0.78, 1.18) - 1) * known), np.float32)


def contact_shadow(scene: Scene, cover: Image) -> Image:
    """How much darker the person is beside and below the new garment, float32 (H, W) in 0..1."""
    sigma = max(0.8, 0.022 * scene.body.width)
    shift = np.array([[1, 0, 0], [0, 1, 0.8 * sigma]], np.float32)
    lowered = cv2.warpAffine(cover, shift, (cover.shape[1], cover.shape[0]))
    soft = cv2.GaussianBlur(lowered, (0, 0), sigma)
    return np.asarray(
        np.where(scene.labels != 0, 1 - np.float32(_SHADOW) * soft * (1 - cover), 1), np.float32
    )
