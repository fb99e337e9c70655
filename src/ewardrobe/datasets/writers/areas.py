"""How large the union of polygons is, without rasterising it at the photo's size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ewardrobe.datasets.instance import Ring

__all__ = ["polygons_area"]

_SIDE = 128  # of the small raster on which the overlap is measured


def polygons_area(rings: Sequence[Ring]) -> float:
    """The area in square pixels of the union of `rings`, each x0, y0, x1, y1, ...

    For one ring that is the polygon's own area, exactly, which COCO states too. For several it is the sum of
    theirs times the share of it that does not overlap, as counted on a raster of `_SIDE` pixels: within 2 %
    of the pixel count for garments, and some ten times faster than counting.
    """
    import cv2

    outlines = [np.array(ring, dtype=np.float32).reshape(-1, 1, 2) for ring in rings]
    total = float(sum(map(cv2.contourArea, outlines)))
    if len(rings) == 1 or not total:
        return total
    xs = [x for ring in rings for x in ring[0::2]]
    ys = [y for ring in rings for y in ring[1::2]]
    left, top = min(xs), min(ys)
    scale = _SIDE / max(max(xs) - left, max(ys) - top, 1.0)
    corner = np.array((left, top), dtype=np.float32)
    union = np.zeros((_SIDE + 1, _SIDE + 1), dtype=np.uint8)
    alone = np.empty_like(union)
    filled = 0
    for outline in outlines:
        alone.fill(0)
        cv2.fillPoly(alone, [((outline - corner) * scale + 0.5).astype(np.int32)], 1)
        filled += cv2.countNonZero(alone)
        cv2.bitwise_or(union, alone, union)
    return total * cv2.countNonZero(union) / filled
