"""What colour the light of a photo has: a cautious white balance from what is around the garment.

A white ground or wall is trusted most; without one, the grey-edge hypothesis (van de Weijer, Gevers, Gijsenij 2007)
gives a weak hint. The gains are limited, since a beige room must not turn a beige coat blue.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .perceptual import linear_from_srgb

__all__ = ["NEUTRAL_LIGHT", "estimate_light"]

Floats = npt.NDArray[np.float64]

NEUTRAL_LIGHT: Floats = np.ones(3)
"""The gains that change nothing."""

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_WORKING_SIZE = 160
_WHITE_STRENGTH = 0.6
_EDGE_STRENGTH = 0.25
_LARGEST_GAIN = 1.2
_LARGEST_EDGE_GAIN = 1.07
_LARGEST_TINT = 1.05  # off the line from candle to sky, light is hardly ever
_LARGEST_EXPOSURE = 1.4
_BRIGHT_PART = 0.75  # of the brightest surface: what is nearly as bright may be white
_WHITE_SATURATION = 0.22  # (max - min) / max in linear light: a lamp tints a wall this much; wood is more
_WHITE_AREA = 0.04
_WHITE_LEVEL = 0.78  # linear: what the brightest surface of a well exposed photo reaches


def estimate_light(pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> Floats:
    """Per-channel gains, float64 (3,), that bring the photo to neutral light when multiplied in linear light.

    Args:
        pixels: the whole photo, uint8 (H, W, 3) sRGB.
        mask: bool (H, W), what must not be asked: the garment, better all garments and people.

    Returns:
        Gains that turn the light neutral, limited to 1.2 either way, times up to 1.4 for a photo so dark that nothing
        in it comes near white; all 1 when the surroundings give no hint.
    """
    scale = min(1.0, _WORKING_SIZE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    covered = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    around = cv2.dilate(covered, np.ones((5, 5), np.uint8)) == 0
    linear = linear_from_srgb(small)
    level = float(np.percentile(linear.max(axis=2), 99))
    exposure = float(np.clip(_WHITE_LEVEL / max(level, 1e-3), 1.0, _LARGEST_EXPOSURE))
    if around.sum() < 0.02 * around.size:
        return NEUTRAL_LIGHT * exposure
    light = _from_white(linear[around])
    if light is not None:
        return _gains(light, _WHITE_STRENGTH, _LARGEST_GAIN) * exposure
    return _gains(_from_edges(linear, around), _EDGE_STRENGTH, _LARGEST_EDGE_GAIN) * exposure


def _from_white(surroundings: Floats) -> Floats | None:
    """The colour of the brightest nearly grey surface, or None when there is none large enough."""
    brightness = surroundings.mean(axis=1)
    bright = brightness >= _BRIGHT_PART * np.percentile(brightness, 98)
    saturation = 1.0 - surroundings.min(axis=1) / np.maximum(surroundings.max(axis=1), 1e-4)
    clipped = surroundings.min(axis=1) >= 0.98
    white = bright & (saturation < _WHITE_SATURATION) & (brightness > 0.15)
    if white.sum() < _WHITE_AREA * len(surroundings):
        return None
    if clipped.sum() > 0.5 * white.sum():
        return NEUTRAL_LIGHT.copy()
    return np.asarray(np.median(surroundings[white], axis=0))


def _from_edges(linear: Floats, around: npt.NDArray[np.bool_]) -> Floats:
    smooth = cv2.GaussianBlur(linear, (0, 0), 1.0)
    steps = np.hypot(cv2.Sobel(smooth, cv2.CV_64F, 1, 0), cv2.Sobel(smooth, cv2.CV_64F, 0, 1))
    return np.asarray(np.power(np.power(steps[around], 5).mean(axis=0), 1 / 5) + 1e-4)


def _gains(light: Floats, strength: float, largest: float) -> Floats:
    """Gains of luminance 1 against a light, kept near the line of natural lights (more red, less blue or back)."""
    red, green, blue = -strength * np.log(np.maximum(light, 1e-4))
    warm, tint = (red - blue) / 2, green - (red + blue) / 2
    warm = float(np.clip(warm, -np.log(largest), np.log(largest)))
    tint = float(np.clip(tint, -np.log(_LARGEST_TINT), np.log(_LARGEST_TINT)))
    gains = np.exp(np.array([warm - tint / 3, 2 * tint / 3, -warm - tint / 3]))
    gains = gains / (gains @ _LUMINANCE)
    return np.asarray(np.clip(gains, 1 / largest, largest))
