"""Masks as run lengths, polygons and boxes, in COCO's conventions (https://cocodataset.org/#format-data).

A pixel (x, y) is the square from (x, y) to (x + 1, y + 1). Polygons made here run along the squares' edges,
so that RLE, polygons and mask turn into each other without loss.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import MaskError

__all__ = [
    "RLE",
    "Polygon",
    "bounding_box",
    "compress_rle",
    "decode_rle",
    "encode_rle",
    "mask_to_polygons",
    "polygons_to_mask",
    "ring_of",
    "rings_to_rle",
    "rle_area",
    "rle_box",
]

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]

# Groups of five bits, the sixth says that another follows, offset by 48: at most 7 per number of 32 bits.
_COUNTS = re.compile(r"(?:[P-o]{0,6}[0-O])*")


class RLE(TypedDict):
    """COCO's compressed run lengths: `size` [height, width]; `counts` the runs by column, as ASCII."""

    size: list[int]
    counts: str


@dataclass(frozen=True, eq=False)
class Polygon:
    """One piece of a mask: float64 (n, 2) points (x, y) in pixels, unclosed, and the holes in it."""

    outer: Points
    holes: tuple[Points, ...] = ()


def encode_rle(mask: Mask) -> RLE:
    """The mask (bool (H, W)) as compressed RLE."""
    from pycocotools import mask as coco

    _check_shape(mask)
    encoded = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return RLE(size=[int(value) for value in encoded["size"]], counts=encoded["counts"].decode("ascii"))


def decode_rle(rle: RLE | Mapping[str, Any]) -> Mask:
    """The mask, bool (H, W), of a COCO RLE; `counts` may also be bytes, or the uncompressed list of runs.

    Raises:
        MaskError: the runs are malformed or do not add up to the size.
    """
    height, width, counts = _check_rle(rle)
    if not isinstance(counts, str):
        return _from_runs(counts, height, width)
    from pycocotools import mask as coco

    try:
        decoded = coco.decode({"size": [height, width], "counts": counts.encode("ascii")})
    except ValueError:
        raise MaskError(f"the RLE's runs do not add up to {height} x {width}") from None
    return np.ascontiguousarray(decoded.astype(bool))


def compress_rle(rle: RLE | Mapping[str, Any]) -> RLE:
    """The same mask as compressed RLE, without decoding it; raises `MaskError` as `decode_rle` does."""
    height, width, counts = _check_rle(rle)
    from pycocotools import mask as coco

    if isinstance(counts, str):
        text = counts.encode("ascii")
        try:
            coco.decode({"size": [height, width], "counts": text})
        except ValueError:
            raise MaskError(f"the RLE's runs do not add up to {height} x {width}") from None
        return RLE(size=[height, width], counts=counts)
    runs = _checked_runs(counts, height, width)
    packed = coco.frPyObjects({"size": [height, width], "counts": runs.tolist()}, height, width)
    return RLE(size=[height, width], counts=packed["counts"].decode("ascii"))


def rle_area(rle: RLE) -> int:
    """How many pixels the mask of a compressed RLE has."""
    from pycocotools import mask as coco

    return int(coco.area({"size": rle["size"], "counts": rle["counts"].encode("ascii")}))


def rle_box(rle: RLE) -> tuple[int, int, int, int]:
    """(x, y, width, height) of the mask of a compressed RLE; zeros for an empty one."""
    from pycocotools import mask as coco

    x, y, width, height = coco.toBbox({"size": rle["size"], "counts": rle["counts"].encode("ascii")}).tolist()
    return int(x), int(y), int(width), int(height)


def _check_rle(rle: RLE | Mapping[str, Any]) -> tuple[int, int, str | list[int]]:
    try:
        height, width = (int(value) for value in rle["size"])
        counts: Any = rle["counts"]
    except (KeyError, TypeError, ValueError):
        raise MaskError("an RLE has `size` [height, width] and `counts`") from None
    if height < 1 or width < 1 or height * width >= 1 << 31:
        raise MaskError(f"an RLE of {height} x {width} pixels is not possible")
    if isinstance(counts, bytes):
        counts = counts.decode("ascii", "replace")
    # pycocotools reads past the end of a text that stops within a number.
    if isinstance(counts, str) and not _COUNTS.fullmatch(counts):
        raise MaskError("the RLE's `counts` is not COCO's compressed text")
    if not isinstance(counts, str | list | tuple):
        raise MaskError("the RLE's `counts` is neither text nor a list of runs")
    return height, width, counts if isinstance(counts, str) else list(counts)


def _from_runs(counts: list[int], height: int, width: int) -> Mask:
    runs = _checked_runs(counts, height, width)
    values = np.arange(len(runs)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def _checked_runs(counts: list[int], height: int, width: int) -> npt.NDArray[np.int64]:
    try:
        runs = np.asarray(counts, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        raise MaskError("the RLE's runs are not whole numbers") from None
    if runs.ndim != 1 or (runs < 0).any() or int(runs.sum()) != height * width:
        raise MaskError(f"the RLE's runs do not add up to {height} x {width}")
    return runs


def bounding_box(mask: Mask) -> tuple[int, int, int, int]:
    """(x, y, width, height) of the mask's pixels; four zeros for an empty mask."""
    _check_shape(mask)
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    return int(x), int(y), int(width), int(height)


def polygons_to_mask(polygons: Iterable[Polygon], size: tuple[int, int]) -> Mask:
    """The union of the polygons, less each one's holes, as bool (H, W); `size` is (height, width).

    Exact for polygons of `mask_to_polygons` without tolerance; others are rasterised as pycocotools does
    it.

    Raises:
        MaskError: a ring has fewer than three points, or points that are not numbers or lie far outside.
    """
    height, width = size
    whole = np.zeros((height, width), dtype=bool)
    for polygon in polygons:
        piece = _fill(polygon.outer, height, width)
        for hole in polygon.holes:
            piece &= ~_fill(hole, height, width)
        whole |= piece
    return whole


def _fill(ring: Points, height: int, width: int) -> Mask:
    points = np.asarray(ring, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise MaskError(f"a polygon's ring is (n, 2) with at least 3 points, not {points.shape}")
    return decode_rle(rings_to_rle([points.ravel().tolist()], (height, width)))


def rings_to_rle(rings: Iterable[Sequence[float]], size: tuple[int, int]) -> RLE:
    """The union of rings, each x0, y0, x1, y1, ... as in COCO's `segmentation`, as compressed RLE.

    `size` is (height, width). Rasterised by pycocotools, so that `annToMask` gives the same mask.

    Raises:
        MaskError: a ring has fewer than three points, or points that are not numbers or lie far outside.
    """
    from pycocotools import mask as coco

    height, width = size
    # The rasteriser's memory grows with the ring's length, so a stray point could take all there is.
    reach = 10 * max(height, width)
    checked = [list(ring) for ring in rings]
    for ring in checked:
        if len(ring) < 6 or len(ring) % 2:
            raise MaskError(f"a polygon's ring is x, y pairs of at least 3 points, not {len(ring)} numbers")
        if not (math.isfinite(sum(ring)) and min(ring) >= -reach and max(ring) <= reach):
            raise MaskError(f"a polygon's points lie far outside its image of {width} x {height} pixels")
    merged = coco.merge(coco.frPyObjects(checked, height, width))
    return RLE(size=[height, width], counts=merged["counts"].decode("ascii"))


def ring_of(points: Points) -> list[float]:
    """Points (n, 2) as COCO's flat list x0, y0, x1, y1, ...; whole numbers become integers, which are shorter."""
    return [int(value) if value.is_integer() else value for value in points.ravel().tolist()]


def mask_to_polygons(mask: Mask, *, tolerance: float = 0.0) -> list[Polygon]:
    """The outlines of the mask (bool (H, W)): one polygon per 4-connected piece, with its holes.

    With `tolerance` 0, `polygons_to_mask` gives the same mask back, to the pixel. Otherwise the outlines
    are simplified (Douglas, Peucker 1973) and stray at most `tolerance` pixels from the true ones; rings
    that vanish are left out. Outer rings run clockwise as seen, holes the other way.
    """
    _check_shape(mask)
    left, top, width, height = bounding_box(mask)
    if width == 0:
        return []
    filled = np.ascontiguousarray(mask[top : top + height, left : left + width])
    _, pieces = cv2.connectedComponents(filled.view(np.uint8), connectivity=4)
    outers: dict[int, Points] = {}
    holes: dict[int, list[Points]] = {}
    for ring in _trace(filled):
        x, y = (int(value) for value in ring[0])
        is_outer = bool(filled[y, x])
        simple = _simplify(ring + np.array([left, top]), tolerance)
        if simple is None:
            continue
        if is_outer:
            outers[int(pieces[y, x])] = simple
        else:
            holes.setdefault(int(pieces[y - 1, x]), []).append(simple)
    return [Polygon(outer, tuple(holes.get(piece, ()))) for piece, outer in outers.items()]


def _trace(mask: Mask) -> list[Points]:
    """Closed rings along the edges of the mask's pixels, each from its topmost, there leftmost, corner.

    In a rectilinear outline the corners of each row, from left to right, are in turn the left and the right
    end of an edge, and those of each column the upper and the lower; so sorting the corners finds all
    edges. Where two pixels touch only at a corner, that corner counts twice, once for each of them.
    """
    padded = np.pad(mask, 1)
    top_left, top_right, low_left, low_right = (
        padded[:-1, :-1],
        padded[:-1, 1:],
        padded[1:, :-1],
        padded[1:, 1:],
    )
    odd = top_left ^ top_right ^ low_left ^ low_right
    falling = (top_left & low_right) & ~(top_right | low_left)  # touching along "\\"
    rising = (top_right & low_left) & ~(top_left | low_right)  # touching along "/"
    y, x = np.nonzero(odd | falling | rising)
    touching = ~odd[y, x]
    y, x = np.concatenate([y, y[touching]]), np.concatenate([x, x[touching]])
    second = np.zeros(len(y), dtype=bool)
    second[len(touching) :] = True
    # Of a doubled corner the first ends the edge from the left. On "\\" it ends the one from above too.
    lower = second ^ rising[y, x]
    across, along = _pair(np.lexsort((second, x, y))), _pair(np.lexsort((lower, y, x)))
    return _walk(mask, x, y, np.lexsort((second, x, y)), across, along)


def _pair(order: npt.NDArray[np.intp]) -> list[int]:
    """For each corner the one at the other end of its edge, when `order` lists the ends of edges in turn."""
    partner = np.empty(len(order), dtype=np.intp)
    partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    return [int(index) for index in partner]


def _walk(
    mask: Mask,
    x: npt.NDArray[np.intp],
    y: npt.NDArray[np.intp],
    order: npt.NDArray[np.intp],
    across: list[int],
    along: list[int],
) -> list[Points]:
    points = np.stack([x, y], axis=1).astype(np.float64)
    seen = [False] * len(points)
    rings = []
    for start in order.tolist():
        if seen[start]:
            continue
        steps = (across, along) if mask[y[start], x[start]] else (along, across)
        ring, corner = [], start
        while not seen[corner]:
            seen[corner] = True
            ring.append(corner)
            corner = steps[0][corner]
            seen[corner] = True
            ring.append(corner)
            corner = steps[1][corner]
        rings.append(points[ring])
    return rings


def _simplify(ring: Points, tolerance: float) -> Points | None:
    if tolerance <= 0:
        return ring
    simple = cv2.approxPolyDP(ring.astype(np.float32)[:, None], tolerance, True)[:, 0].astype(np.float64)
    return simple if len(simple) >= 3 else None


def _check_shape(mask: Mask) -> None:
    if mask.ndim != 2 or mask.size == 0 or mask.dtype != np.bool_:
        raise MaskError(f"a mask is bool (H, W), not {mask.dtype} {mask.shape}")
