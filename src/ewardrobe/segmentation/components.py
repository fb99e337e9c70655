"""Connected regions of a label map: found, measured by what surrounds them, and filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "Box",
    "LabelMap",
    "Mask",
    "Region",
    "areas",
    "fill_from_neighbours",
    "filled",
    "find_regions",
    "grown",
    "padded",
    "specks",
    "tight_box",
]

LabelMap = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_FEW = 200
Value = TypeVar("Value", bound=np.generic)
Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""


@dataclass(frozen=True, slots=True)
class Region:
    """One 8-connected region of the class `label`: its `box`, its `mask` within the box, bool, and its `area`."""

    label: int
    box: Box
    mask: Mask
    area: int

    @property
    def window(self) -> tuple[slice, slice]:
        """The box as an index into the whole map."""
        x, y, width, height = self.box
        return slice(y, y + height), slice(x, x + width)

    def neighbours(self, label_map: LabelMap) -> npt.NDArray[np.intp]:
        """How many pixels of each label (256) lie in the one-pixel ring around the region."""
        x, y, width, height = self.box
        top, left = max(y - 1, 0), max(x - 1, 0)
        around = label_map[top : y + height + 1, left : x + width + 1]
        inside = np.zeros(around.shape, dtype=np.uint8)
        inside[y - top : y - top + height, x - left : x - left + width] = self.mask
        ring = cv2.dilate(inside, np.ones((3, 3), np.uint8)) > inside
        return np.bincount(around[ring], minlength=256)


def areas(label_map: LabelMap) -> npt.NDArray[np.intp]:
    """How many pixels each label (256) has."""
    counts: npt.NDArray[np.intp] = (
        cv2.calcHist([label_map], [0], None, [256], [0, 256]).ravel().astype(np.intp)
    )
    return counts


def tight_box(mask: Mask) -> Box:
    """The smallest box around the true pixels of a mask; zeros when there are none."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return x, y, width, height


def filled(mask: Mask) -> Mask:
    """The mask without holes."""
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    canvas = np.zeros(mask.shape, dtype=np.uint8)
    return cv2.drawContours(canvas, contours, -1, 1, cv2.FILLED).astype(np.bool_)


def grown(box: Box, margin: int, size: tuple[int, int]) -> Box:
    """The box with `margin` pixels more on each side, as far as an image of `size` (height, width) goes."""
    x, y, width, height = box
    left, top = max(x - margin, 0), max(y - margin, 0)
    return left, top, min(x + width + margin, size[1]) - left, min(y + height + margin, size[0]) - top


def padded(values: npt.NDArray[Value], box: Box, window: Box) -> npt.NDArray[Value]:
    """What lies in `box` as part of the larger `window`, zero around it."""
    canvas = np.zeros((window[3], window[2]), dtype=values.dtype)
    left, top = box[0] - window[0], box[1] - window[1]
    canvas[top : top + box[3], left : left + box[2]] = values
    return canvas


def find_regions(label_map: LabelMap, classes: Iterable[int]) -> list[Region]:
    """The 8-connected regions of each of the classes."""
    regions = []
    for label in classes:
        of_class = label_map == label
        x, y, width, height = tight_box(of_class)
        if not width:
            continue
        crop = of_class[y : y + height, x : x + width]
        count, numbers, stats, _ = cv2.connectedComponentsWithStats(crop.view(np.uint8), connectivity=8)
        for number in range(1, count):
            left, top, wide, high, area = (int(value) for value in stats[number])
            mask = numbers[top : top + high, left : left + wide] == number
            regions.append(Region(label, (x + left, y + top, wide, high), mask, area))
    return regions


def specks(label_map: LabelMap, smallest: Mapping[int, int]) -> Mask:
    """The pixels of regions with fewer pixels than `smallest` says for their class, bool (H, W).

    A noisy map has a hundred thousand of them: a loop would take minutes there, and a table of the whole map is slow
    where there are few.
    """
    found = np.zeros(label_map.shape, dtype=np.bool_)
    for label, least in smallest.items():
        of_class = label_map == label
        x, y, width, height = tight_box(of_class)
        if not width:
            continue
        crop = of_class[y : y + height, x : x + width]
        _, numbers, stats, _ = cv2.connectedComponentsWithStats(crop.view(np.uint8), connectivity=8)
        small = stats[:, cv2.CC_STAT_AREA] < least
        small[0] = False
        part = found[y : y + height, x : x + width]
        if np.count_nonzero(small) > _FEW:
            part |= small[numbers]
            continue
        for number in np.flatnonzero(small):
            left, top, wide, high, _ = (int(value) for value in stats[number])
            window = slice(top, top + high), slice(left, left + wide)
            part[window] |= numbers[window] == number
    return found


def fill_from_neighbours(
    maps: Iterable[npt.NDArray[np.generic]], unknown: Mask, *, otherwise: int = 0
) -> None:
    """Give the `unknown` pixels of each map (H, W) the value of the nearest known pixel, in place.

    Where nothing is known they become `otherwise`.
    """
    x, y, width, height = tight_box(unknown)
    if not width:
        return
    window = slice(max(y - 1, 0), y + height + 1), slice(max(x - 1, 0), x + width + 1)
    inside = np.ascontiguousarray(unknown[window])
    if inside.all():
        for values in maps:
            values[window] = otherwise
        return
    _, nearest = cv2.distanceTransformWithLabels(
        inside.view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = ~inside
    for values in maps:
        crop = values[window]
        table = np.zeros(int(nearest.max()) + 1, dtype=values.dtype)
        table[nearest[known]] = crop[known]
        crop[inside] = table[nearest[inside]]
