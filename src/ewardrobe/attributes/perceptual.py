"""Colour spaces: sRGB, linear light, OKLab (for distances) and CIELAB (what is shown and stored)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "linear_from_oklab",
    "linear_from_srgb",
    "oklab_from_linear",
    "oklab_from_srgb",
    "srgb_from_oklab",
    "to_cielab",
]

Floats = npt.NDArray[np.float64]

# https://bottosson.github.io/posts/oklab/ (Ottosson 2020), linear sRGB -> LMS -> Lab.
_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
# IEC 61966-2-1, D65.
_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _XYZ.sum(axis=1)


def linear_from_srgb(rgb: npt.ArrayLike) -> Floats:
    """Linear light 0..1 of sRGB values 0..255, any shape (..., 3)."""
    value = np.asarray(rgb, np.float64) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _srgb_from_linear(linear: Floats) -> Floats:
    value = np.clip(linear, 0.0, 1.0)
    return 255.0 * np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)


def oklab_from_linear(linear: npt.ArrayLike) -> Floats:
    """OKLab (L 0..1, a, b) of linear sRGB, any shape (..., 3)."""
    return np.asarray(np.cbrt(np.asarray(linear, np.float64) @ _LMS.T) @ _LAB.T)


def oklab_from_srgb(rgb: npt.ArrayLike) -> Floats:
    """OKLab (L 0..1, a, b) of sRGB values 0..255, any shape (..., 3)."""
    return oklab_from_linear(linear_from_srgb(rgb))


def linear_from_oklab(lab: npt.ArrayLike) -> Floats:
    """Linear sRGB of OKLab, any shape (..., 3); outside 0..1 where no screen shows the colour."""
    lms = np.asarray(lab, np.float64) @ np.linalg.inv(_LAB).T
    return np.asarray(lms**3 @ np.linalg.inv(_LMS).T)


def srgb_from_oklab(lab: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """sRGB 0..255 of OKLab, clipped to the gamut, any shape (..., 3)."""
    return np.rint(_srgb_from_linear(linear_from_oklab(lab))).astype(np.uint8)


def to_cielab(rgb: npt.ArrayLike) -> Floats:
    """CIELAB (D65, L 0..100) of sRGB values 0..255, any shape (..., 3)."""
    ratio = linear_from_srgb(rgb) @ _XYZ.T / _WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
