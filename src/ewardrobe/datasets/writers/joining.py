"""Several rings as one, for formats that have one polygon for each object.

A part, or a hole, is joined to the nearest point of what is joined already by going there and back along the
same line. By the even-odd rule, which OpenCV's `fillPoly` and pycocotools fill by, the two passes cancel: the
mask stays what it was, but for the line itself where a rasteriser draws outlines (one pixel wide).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ewardrobe.datasets.instance import Instance, Ring

__all__ = ["join_rings", "joined_ring"]

Points = NDArray[np.float64]
_ROWS = 256  # of a table of distances, at a time


def joined_ring(instance: Instance, size: tuple[int, int], tolerance: float) -> Ring | None:
    """One ring for the instance's mask in a photo of `size` (width, height); `None` when no pixel is in it.

    A single polygon is taken as it is. Anything else is rasterised first, since polygons that overlap would
    cancel each other, and outlined along pixel edges; `tolerance` is how far these outlines may stray, in
    pixels. With 0 the ring gives back the very mask.
    """
    if len(instance.polygons) == 1:
        return instance.polygons[0]
    from ewardrobe.imaging import mask_to_polygons, ring_of

    mask = instance.mask(size)
    pieces = mask_to_polygons(mask, tolerance=tolerance) or mask_to_polygons(mask)
    if not pieces:
        return None
    pieces.sort(key=lambda piece: -len(piece.outer))
    return ring_of(join_rings([ring for piece in pieces for ring in (piece.outer, *piece.holes)]))


def join_rings(rings: Sequence[Points]) -> Points:
    """The rings, each (n, 2), as one (m, 2), each joined to the nearest point of those before it."""
    joined = np.asarray(rings[0], dtype=np.float64)
    for ring in rings[1:]:
        at, there = _nearest(joined, ring)
        around = np.concatenate([ring[there:], ring[: there + 1]])
        joined = np.concatenate([joined[: at + 1], around, joined[at:]])
    return joined


def _nearest(first: Points, second: Points) -> tuple[int, int]:
    """Indices of the two points, one of each, that are nearest."""
    best, at, there = np.inf, 0, 0
    for start in range(0, len(first), _ROWS):
        apart = ((first[start : start + _ROWS, None] - second[None]) ** 2).sum(axis=2)
        place = int(apart.argmin())
        if apart.flat[place] < best:
            best = float(apart.flat[place])
            at, there = start + place // len(second), place % len(second)
    return at, there
