"""What a record says about an object's shape, checked: each fault becomes one line, and nothing passes unseen.

Shared by the readers of polygons, run lengths and boxes. Coordinates may lie up to `SLACK` pixels outside the
photo, as rounding leaves them; further out they are a fault.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ewardrobe.datasets.instance import Box, Ring
from ewardrobe.errors import MaskError

if TYPE_CHECKING:
    from ewardrobe.imaging import RLE

__all__ = ["SLACK", "all_numbers", "checked_box", "checked_polygons", "checked_rle", "ring_fault"]

SLACK = 2.0
"""How many pixels outside the photo a coordinate may lie."""


def all_numbers(values: Sequence[Any]) -> bool:
    """Whether these are all finite numbers."""
    try:
        return math.isfinite(sum(values))
    except (TypeError, OverflowError):
        return False


def ring_fault(ring: Any, size: tuple[int, int]) -> str | None:
    """What is wrong with a ring x0, y0, x1, y1, ... in a photo of `size` (width, height); `None` if nothing is."""
    if not isinstance(ring, list | tuple):
        return "is no list of numbers"
    if len(ring) % 2:
        return f"has {len(ring)} coordinates, an odd number"
    if len(ring) < 6:
        return f"has {len(ring) // 2} points, fewer than three"
    width, height = size
    try:
        if not math.isfinite(sum(ring)):
            return "has coordinates that are not finite"
        xs, ys = ring[0::2], ring[1::2]
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    except (TypeError, OverflowError):
        return "has coordinates that are no numbers"
    if left == right or top == bottom:
        return "has no extent"
    if left < -SLACK or top < -SLACK or right > width + SLACK or bottom > height + SLACK:
        return f"reaches from ({left:g}, {top:g}) to ({right:g}, {bottom:g}), outside its photo of {width}x{height}"
    return None


def checked_polygons(rings: Any, size: tuple[int, int], who: str, faults: list[str]) -> tuple[Ring, ...]:
    """The usable rings of a record; for each other a line that begins with `who` is added to `faults`."""
    if not isinstance(rings, list | tuple):
        faults.append(f"{who}: its polygons are no list")
        return ()
    good: list[Ring] = []
    for number, ring in enumerate(rings, start=1):
        fault = ring_fault(ring, size)
        if fault is None:
            good.append(ring)
        else:
            faults.append(f"{who}: polygon {number} of {len(rings)} {fault}")
    return tuple(good)


def checked_rle(rle: Mapping[str, Any], size: tuple[int, int], who: str, faults: list[str]) -> RLE | None:
    """The run lengths of a record, compressed; `None` and a line in `faults` when they cannot be right."""
    from ewardrobe.imaging import compress_rle, rle_area

    width, height = size
    try:
        packed = compress_rle(rle)
    except MaskError as error:
        faults.append(f"{who}: {error}")
        return None
    if packed["size"] != [height, width]:
        rows, columns = packed["size"]
        faults.append(
            f"{who}: its run lengths are for {columns}x{rows} pixels, the photo is {width}x{height}"
        )
        return None
    if not rle_area(packed):
        faults.append(f"{who}: its run lengths mark no pixel")
        return None
    return packed


def checked_box(box: Any, size: tuple[int, int], who: str, faults: list[str]) -> Box | None:
    """The box x, y, width, height of a record; `None` and a line in `faults` when it cannot be right."""
    width, height = size
    if not isinstance(box, Sequence) or isinstance(box, str) or len(box) != 4:
        faults.append(f"{who}: its box is not four numbers")
        return None
    try:
        x, y, across, down = box
        inside = -SLACK <= x <= x + across <= width + SLACK and -SLACK <= y <= y + down <= height + SLACK
        finite = math.isfinite(x + y + across + down)
    except (TypeError, OverflowError):
        faults.append(f"{who}: its box is not four numbers")
        return None
    if not finite or not inside:
        faults.append(f"{who}: its box ({x:g}, {y:g}, {across:g}, {down:g}) is not inside {width}x{height}")
        return None
    return x, y, across, down
