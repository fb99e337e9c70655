"""Class scores at the model's resolution, read at the photo's.

Scores are enlarged (bilinear), then the best class is taken; a label map is never enlarged. Seventeen float maps of a
12-megapixel photo would be 816 MB, so they never exist: the photo is worked in strips of rows, one class at a time.
Each pixel is computed from its own position alone, so that the strips' heights change nothing, not even the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.segmentation.geometry import Axis, Placement

__all__ = ["Plane", "ScoreMap", "agreed", "enlarged", "softmax"]

_STRIP_PIXELS = 1 << 16  # three float buffers of a strip fit a core's cache
_FEW_CELLS = 8

Plane = npt.NDArray[np.float32]
Window = tuple[int, int, int, int]
"""x, y, width, height in photo pixels."""


@dataclass(frozen=True)
class ScoreMap:
    """Class probabilities of a photo, float32 (classes, h, w) summing to 1, with the maps from pixels to cells."""

    probabilities: npt.NDArray[np.float32]
    vertical: Axis
    horizontal: Axis

    @classmethod
    def from_output(cls, output: npt.NDArray[np.float32], placement: Placement) -> ScoreMap:
        """From a whole output (classes, h, w) of probabilities, whose padding is cut off."""
        cells = (output.shape[1], output.shape[2])
        rows, columns = placement.window(cells)
        return cls(np.ascontiguousarray(output[:, rows, columns]), *placement.axes(cells))

    @property
    def size(self) -> tuple[int, int]:
        """The photo's (height, width)."""
        return self.vertical.pixels, self.horizontal.pixels

    def label_map(self, *, strip_pixels: int = _STRIP_PIXELS) -> npt.NDArray[np.uint8]:
        """The best class of every photo pixel, uint8 (H, W)."""
        labels = np.zeros(self.size, dtype=np.uint8)
        best = np.empty(0, dtype=np.float32)
        # A winner has at least 1/classes, so a cell near it has too: all other classes may be left out, exactly.
        peaks = self._peaks()
        classes = np.flatnonzero(peaks >= 1 / len(peaks) - 1e-6).tolist()
        for start, index, plane in self._planes(classes, strip_pixels):
            strip = labels[start : start + len(plane)]
            if index == classes[0]:
                strip[...] = index
                best = plane.copy()
                continue
            wins = plane > best
            np.maximum(best, plane, out=best)
            # Classes come in rising order, so a new winner's index is above every index before it.
            np.maximum(strip, wins.view(np.uint8) * np.uint8(index), out=strip)
        return labels

    def probability(self, classes: Sequence[int]) -> Plane:
        """The summed probability of `classes` at each pixel, float32 (H, W)."""
        total = np.zeros(self.size, dtype=np.float32)
        for start, _, plane in self._planes(classes, _STRIP_PIXELS):
            total[start : start + len(plane)] += plane
        return total

    def share(self, classes: Sequence[int]) -> Plane:
        """`classes` against their strongest rival, own / (own + rival), float32 (H, W) in 0..1.

        For one class it is above 0.5 exactly where that class is the label map's, whatever lies between the others.
        """
        own = self.probability(classes)
        rival = np.zeros_like(own)
        # A class that is nowhere above 1 % can make no visible edge.
        others = [index for index in range(len(self.probabilities)) if index not in classes]
        visible = self._peaks()[others] > 0.01
        for start, _, plane in self._planes(np.asarray(others)[visible].tolist(), _STRIP_PIXELS):
            part = rival[start : start + len(plane)]
            np.maximum(part, plane, out=part)
        rival += own
        np.maximum(rival, 1e-6, out=rival)
        own /= rival
        return own

    def over(self, window: Window, size: tuple[int, int]) -> ScoreMap:
        """The scores of a window of the photo seen as a photo of its own, of `size` (height, width) pixels."""
        x, y, width, height = window
        return ScoreMap(
            self.probabilities,
            self.vertical.over(y, height, size[0]),
            self.horizontal.over(x, width, size[1]),
        )

    def mean_over(self, mask: npt.NDArray[np.bool_], window: Window) -> npt.NDArray[np.float32]:
        """The mean probability of every class over a mask (bool, the window's size), float32 (classes,).

        Taken from the cells whose centres lie in the mask; for a mask that holds few, from the cells its pixels lie in.
        """
        x, y, width, height = window
        rows, columns = self.vertical.centres(), self.horizontal.centres()
        top, bottom = np.searchsorted(rows, (y, y + height))
        left, right = np.searchsorted(columns, (x, x + width))
        inside = mask[rows[top:bottom, None] - y, columns[None, left:right] - x]
        if np.count_nonzero(inside) >= _FEW_CELLS:
            values = self.probabilities[:, top:bottom, left:right][:, inside]
        else:
            down, across = np.nonzero(mask)
            values = self.probabilities[
                :, self.vertical.nearest(down + y), self.horizontal.nearest(across + x)
            ]
        return np.asarray(values.mean(axis=1, dtype=np.float64), dtype=np.float32)

    def _peaks(self) -> npt.NDArray[np.float32]:
        """The highest probability of each class among the cells in use, float32 (classes,)."""
        top, bottom = self.vertical.used
        left, right = self.horizontal.used
        peaks: npt.NDArray[np.float32] = self.probabilities[:, top:bottom, left:right].max(axis=(1, 2))
        return peaks

    def _planes(self, classes: Sequence[int], strip_pixels: int) -> Iterator[tuple[int, int, Plane]]:
        """(first row, class, its probabilities from there on), strip by strip; the plane's memory is reused."""
        height, width = self.size
        rows = max(1, strip_pixels // max(width, 1))
        left, right, across = self.horizontal.neighbours(0, width)
        first, second = (np.empty((min(rows, height), width), dtype=np.float32) for _ in range(2))
        for start in range(0, height, rows):
            count = min(rows, height - start)
            above, below, down = self.vertical.neighbours(start, start + count)
            cells = slice(int(above[0]), int(below[-1]) + 1)
            for index in classes:
                lines = _stretched(self.probabilities[index, cells], left, right, across)
                plane, other = first[:count], second[:count]
                np.take(lines, above - cells.start, axis=0, out=plane, mode="clip")
                np.take(lines, below - cells.start, axis=0, out=other, mode="clip")
                other -= plane
                other *= down[:, None]
                plane += other
                yield start, index, plane


def enlarged(values: Plane, vertical: Axis, horizontal: Axis, window: Window) -> Plane:
    """A plane (h, w) read at the photo's pixels of a window, bilinear, float32 (height, width)."""
    x, y, width, height = window
    left, right, across = horizontal.neighbours(x, x + width)
    above, below, down = vertical.neighbours(y, y + height)
    first = int(above[0])
    lines = _stretched(values[first : int(below[-1]) + 1], left, right, across)
    plane = np.take(lines, above - first, axis=0)
    step = np.take(lines, below - first, axis=0)
    step -= plane
    step *= down[:, None]
    plane += step
    return plane


def agreed(maps: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """One map of several of the same photo, float32 (classes, h, w) each, on the grid of the largest.

    The mean, but the background lies half-way between its mean and its highest: a patch of floor that is taken for a
    garment is seldom taken for one at every size.
    """
    height, width = max((one.shape[1:] for one in maps), key=math.prod)
    total = np.zeros((len(maps[0]), height, width), dtype=np.float32)
    ground = np.zeros((height, width), dtype=np.float32)
    for one in maps:
        for index, plane in enumerate(one):
            if plane.shape != (height, width):
                plane = cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
            total[index] += plane
            if index == 0:
                np.maximum(ground, plane, out=ground)
    total /= len(maps)
    ground += total[0]
    ground /= 2
    total[1:] *= (1 - ground) / np.maximum(1 - total[0], 1e-6)
    total[0] = ground
    return total


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Probabilities over the first axis, float32."""
    exponents: npt.NDArray[np.float32] = np.exp(logits - logits.max(axis=0, keepdims=True), dtype=np.float32)
    exponents /= exponents.sum(axis=0, keepdims=True)
    return exponents


def _stretched(lines: Plane, left: npt.NDArray[np.intp], right: npt.NDArray[np.intp], weight: Plane) -> Plane:
    start = np.take(lines, left, axis=1, mode="clip")
    step = np.take(lines, right, axis=1, mode="clip")
    step -= start
    step *= weight
    start += step
    return start
