"""Filling a hole in a photo from its surroundings."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Inpainter", "OpenCVInpainter"]

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_LONG_SIDE = 384  # Telea's method smears over large holes anyway, and its time grows with their area
_RADIUS = 5
_GRAIN = 1.2  # pixels: finer than this is the photo's grain


class Inpainter(Protocol):
    """Something that fills holes."""

    name: str

    def fill(self, pixels: Pixels, hole: Mask, rng: np.random.Generator) -> Pixels:
        """The pixels uint8 (h, w, 3) with the hole, bool (h, w), filled; what is outside of it may be anything."""


class OpenCVInpainter:
    """Telea 2004, on a reduced copy where the photo is large, with the photo's own grain laid over it."""

    name = "opencv"

    def fill(self, pixels: Pixels, hole: Mask, rng: np.random.Generator) -> Pixels:
        """See `Inpainter.fill`."""
        height, width = hole.shape
        scale = min(1.0, _LONG_SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        # Colours of the thing itself must not bleed into its surroundings as both are made smaller.
        free = (~hole).astype(np.float32)
        share = cv2.resize(free, size, interpolation=cv2.INTER_AREA)
        small = cv2.resize(pixels * free[..., None], size, interpolation=cv2.INTER_AREA)
        small = np.clip(small / np.maximum(share, 1e-3)[..., None], 0, 255).astype(np.uint8)
        filled = cv2.inpaint(small, (share < 0.5).view(np.uint8), _RADIUS, cv2.INPAINT_TELEA)
        whole = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        whole += rng.normal(0, _grain(pixels, hole), (height, width, 1))
        return np.asarray(np.where(hole[..., None], np.clip(np.rint(whole), 0, 255), pixels), np.uint8)


def _grain(pixels: Pixels, hole: Mask) -> float:
    """The spread of the finest detail around the hole: its median, so that edges do not count."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), _GRAIN))[~hole]
    return float(1.48 * np.median(fine)) if fine.size else 0.0
