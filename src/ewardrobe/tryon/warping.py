"""Smooth warps by thin-plate splines, evaluated on a coarse lattice and stretched to pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.tryon.outlines import Floats

__all__ = ["Spline", "warp"]

_STIFFNESS = 1e-3
_CELLS = 28
"""Lattice cells along the longer side: the splines are smooth, finer ones change nothing that is seen."""


@dataclass(frozen=True)
class Spline:
    """A thin-plate spline (Bookstein 1989) from one plane to another, fitted through points.

    `centres` float (n, 2), in units of `scale` about `origin`; `weights` (n + 3, 2): of the kernels, 1, x and y.
    """

    centres: Floats
    weights: Floats
    origin: Floats
    scale: float

    @classmethod
    def fit(cls, centres: Floats, values: Floats) -> Spline:
        """The spline with `values` (n, 2) at `centres` (n, 2); at least three that are not on one line."""
        origin = centres.mean(axis=0)
        scale = float(np.abs(centres - origin).max()) or 1.0
        points = (centres - origin) / scale
        count = len(points)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = _kernel(points, points) + _STIFFNESS * np.eye(count)
        system[:count, count] = system[count, :count] = 1
        system[:count, count + 1 :] = points
        system[count + 1 :, :count] = points.T
        right = np.zeros((count + 3, 2))
        right[:count] = values
        # Least squares: points that coincide (a closed sleeve end) leave the system singular.
        weights = np.linalg.lstsq(system, right, rcond=1e-9)[0]
        return cls(points, np.asarray(weights, np.float64), origin, scale)

    def at(self, points: Floats) -> Floats:
        """Where points (m, 2) go."""
        places = (points - self.origin) / self.scale
        count = len(self.centres)
        moved = _kernel(places, self.centres) @ self.weights[:count]
        return np.asarray(moved + self.weights[count] + places @ self.weights[count + 1 :])


def _kernel(points: Floats, centres: Floats) -> Floats:
    square = ((points[:, None] - centres[None]) ** 2).sum(axis=2)
    return np.asarray(square * np.log(square + 1e-12) * 0.5)


def warp(
    image: npt.NDArray[np.float32], source: Floats, target: Floats, size: tuple[int, int], margin: float
) -> tuple[tuple[slice, slice], npt.NDArray[np.float32]] | None:
    """Bend an image so that its points `source` (n, 2) come to lie on `target` (n, 2) of a canvas.

    Args:
        image: float32 (h, w, channels), premultiplied by its alpha; it is empty beyond its borders.
        size: the canvas's (height, width).
        margin: pixels around the target points that may be drawn on.

    Returns:
        The window of the canvas, as an index, and what lies there, float32; None when it lies off the canvas.
    """
    low = np.floor(target.min(axis=0) - margin).astype(int)
    high = np.ceil(target.max(axis=0) + margin).astype(int)
    left, top = (max(0, int(value)) for value in low)
    right, bottom = min(size[1], int(high[0])), min(size[0], int(high[1]))
    if right - left < 2 or bottom - top < 2:
        return None
    width, height = right - left, bottom - top
    spline = Spline.fit(target, source)
    step = max(width, height) / _CELLS
    across, down = max(2, round(width / step)), max(2, round(height / step))
    # Where the middle of each lattice cell lies, as cv2.resize counts them.
    columns = (np.arange(across) + 0.5) * width / across - 0.5 + left
    rows = (np.arange(down) + 0.5) * height / down - 0.5 + top
    lattice = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    places = spline.at(lattice).reshape(down, across, 2).astype(np.float32)
    whole = cv2.resize(places, (width, height), interpolation=cv2.INTER_CUBIC)
    drawn = cv2.remap(image, whole[..., 0], whole[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return (slice(top, bottom), slice(left, right)), np.asarray(drawn, np.float32)
