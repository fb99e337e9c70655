"""A thing out of its surroundings by colour alone, where no model knows it: GrabCut (Rother et al., SIGGRAPH 2004)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import MaskError

__all__ = ["grab_cut"]

Box = tuple[int, int, int, int]
Mask = npt.NDArray[np.bool_]

_WORKING_SIDE = 400
_AROUND = 0.2
"""How much of the surroundings is looked at, as a share of the box's longer side."""
_ROUNDS = 5
_DOT = 0.02
"""The radius of what a point vouches for, as a share of the box's longer side."""
_SPECK = 0.03
"""Pieces smaller than this share of the largest are dropped, holes smaller than it are filled."""


def grab_cut(
    pixels: npt.NDArray[np.uint8],
    box: Box,
    *,
    inside: Sequence[tuple[int, int]] = (),
    outside: Sequence[tuple[int, int]] = (),
) -> Mask:
    """What in the box differs from what is around it, bool (H, W); nothing outside the box is taken.

    Args:
        pixels: the photo, uint8 (H, W, 3) sRGB.
        box: x, y, width, height in pixels; the thing lies within it.
        inside: points (x, y) that belong to the thing.
        outside: points that do not.

    The photo is worked on at 400 pixels at most, and the outline enlarged smoothly. The same input gives the same mask.

    Raises:
        MaskError: the box holds no pixel of the photo, or nothing in it stands out.
    """
    x, y, width, height = _within(box, pixels.shape[:2])
    margin = round(_AROUND * max(width, height)) + 1
    left, top = max(0, x - margin), max(0, y - margin)
    view = pixels[top : y + height + margin, left : x + width + margin]
    scale = min(1.0, _WORKING_SIDE / max(view.shape[:2]))
    size = max(1, round(view.shape[1] * scale)), max(1, round(view.shape[0] * scale))
    small = cv2.resize(view, size, interpolation=cv2.INTER_AREA)
    first = round((y - top) * scale), round((x - left) * scale)
    last = (
        max(first[0] + 1, round((y - top + height) * scale)),
        max(first[1] + 1, round((x - left + width) * scale)),
    )
    hints = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    hints[first[0] : last[0], first[1] : last[1]] = cv2.GC_PR_FGD
    radius = max(1, round(_DOT * max(width, height) * scale))
    for points, value in ((inside, cv2.GC_FGD), (outside, cv2.GC_BGD)):
        for column, row in points:
            centre = round((column - left) * scale), round((row - top) * scale)
            cv2.circle(hints, centre, radius, int(value), cv2.FILLED)
    if not (hints == cv2.GC_BGD).any():
        hints[[0, -1]] = cv2.GC_BGD  # the box is the whole photo: its upper and lower edge are ground
        hints[:, [0, -1]] = cv2.GC_BGD
    cv2.setRNGSeed(0)
    try:
        inner, outer = np.zeros((1, 65)), np.zeros((1, 65))  # the two colour models, which nobody asks for
        cv2.grabCut(small, hints, (0, 0, 1, 1), outer, inner, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    except cv2.error as error:
        raise MaskError("nothing stands out there; draw the box closer, or paint the garment") from error
    found = _tidied((hints == cv2.GC_FGD) | (hints == cv2.GC_PR_FGD))
    if not found.any():
        raise MaskError("nothing stands out there; draw the box closer, or paint the garment")
    soft = cv2.resize(found.astype(np.float32), (view.shape[1], view.shape[0]), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros(pixels.shape[:2], np.bool_)
    mask[top : top + view.shape[0], left : left + view.shape[1]] = soft > 0.5
    clipped = np.zeros_like(mask)
    clipped[y : y + height, x : x + width] = mask[y : y + height, x : x + width]
    return clipped


def _within(box: Box, size: tuple[int, ...]) -> Box:
    x, y, width, height = box
    left, top = max(0, x), max(0, y)
    right, bottom = min(size[1], x + width), min(size[0], y + height)
    if right - left < 2 or bottom - top < 2:
        raise MaskError(f"the box {x}, {y}, {width}, {height} is too small or outside the photo")
    return left, top, right - left, bottom - top


def _tidied(mask: Mask) -> Mask:
    """Without specks, and without small holes."""
    for value in (True, False):
        count, labels, stats, _ = cv2.connectedComponentsWithStats((mask == value).astype(np.uint8))
        if count < 2 or not mask.any():
            return mask
        sizes = stats[1:, cv2.CC_STAT_AREA]
        least = _SPECK * (sizes.max() if value else np.count_nonzero(mask))
        for number in np.flatnonzero(sizes < least) + 1:
            mask[labels == number] = not value
    return mask
