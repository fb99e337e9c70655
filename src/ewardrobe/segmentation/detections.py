"""What an instance model finds in a photo: boxes, classes, scores, and a mask for each.

A mask stays as the model gave it, a small plane of numbers and the map from photo pixels to its cells, and is drawn at
the photo's size when it is asked for. A hundred masks of a 12-megapixel photo would be 1.2 GB; so one exists at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ewardrobe.imaging import RLE, compress_rle
from ewardrobe.segmentation.components import Box, Mask, tight_box
from ewardrobe.segmentation.geometry import Axis
from ewardrobe.segmentation.scores import Plane, enlarged
from ewardrobe.taxonomy import IGNORE

__all__ = ["Detections", "MaskPlane"]

_STRIP_PIXELS = 1 << 18


@dataclass(frozen=True, slots=True)
class MaskPlane:
    """A mask as numbers on a grid: true where they are above `threshold`, within `window` of the photo.

    `values` float32 (h, w), logits where `logits`, else probabilities; `vertical` and `horizontal` map photo pixels to
    its cells; `window` is x0, y0, x1, y1 in whole photo pixels, x1 and y1 not included.
    """

    values: Plane
    vertical: Axis
    horizontal: Axis
    window: tuple[int, int, int, int]
    logits: bool

    @property
    def threshold(self) -> float:
        """The number above which a pixel is in the mask: a probability of a half."""
        return 0.0 if self.logits else 0.5

    def draw(self) -> tuple[Box, Mask]:
        """The smallest box around the mask and the mask within it, bool; zeros where there is none."""
        x0, y0, x1, y1 = self._reach()
        if x1 <= x0 or y1 <= y0:
            return (0, 0, 0, 0), np.zeros((0, 0), dtype=np.bool_)
        mask = np.empty((y1 - y0, x1 - x0), dtype=np.bool_)
        rows = max(1, _STRIP_PIXELS // (x1 - x0))
        for top in range(y0, y1, rows):
            strip = (x0, top, x1 - x0, min(rows, y1 - top))
            values = enlarged(self.values, self.vertical, self.horizontal, strip)
            np.greater(values, self.threshold, out=mask[top - y0 : top - y0 + rows])
        x, y, width, height = tight_box(mask)
        return (x0 + x, y0 + y, width, height), np.ascontiguousarray(mask[y : y + height, x : x + width])

    def probabilities(self, size: tuple[int, int]) -> Plane:
        """The mask's probability over the whole photo, seen as `size` (height, width) cells; 0 outside the window."""
        vertical = self.vertical.over(0, self.vertical.pixels, size[0])
        horizontal = self.horizontal.over(0, self.horizontal.pixels, size[1])
        values = enlarged(self.values, vertical, horizontal, (0, 0, size[1], size[0]))
        if self.logits:
            values = np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), dtype=np.float32)
        x0, y0, x1, y1 = self.window
        rows = (np.arange(size[0]) + 0.5) * (self.vertical.pixels / size[0])
        columns = (np.arange(size[1]) + 0.5) * (self.horizontal.pixels / size[1])
        values[(rows < y0) | (rows > y1)] = 0
        values[:, (columns < x0) | (columns > x1)] = 0
        return values

    def _reach(self) -> tuple[int, int, int, int]:
        """The part of the window in which pixels can be above the threshold: next to a cell that is."""
        above = self.values > self.threshold
        left, top, width, height = tight_box(np.ascontiguousarray(above))
        if not width:
            return 0, 0, 0, 0
        x0, x1 = _pixels(self.horizontal, left, left + width)
        y0, y1 = _pixels(self.vertical, top, top + height)
        window = self.window
        return max(x0, window[0]), max(y0, window[1]), min(x1, window[2]), min(y1, window[3])


@dataclass(frozen=True, eq=False)
class Detections:
    """The objects found in a photo, best first.

    `boxes` float32 (n, 4) x0, y0, x1, y1 in photo pixels; `labels` int64 (n,) indices of the model's taxonomy; `scores`
    float32 (n,) in 0..1; `size` the photo's (height, width). Masks are drawn when they are asked for, and may overlap.
    """

    boxes: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    size: tuple[int, int]
    planes: tuple[MaskPlane, ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.planes)

    def cropped_mask(self, index: int) -> tuple[Box, Mask]:
        """The smallest box (x, y, width, height) around a mask, and the mask in it, bool; zeros for an empty one."""
        return self.planes[index].draw()

    def mask(self, index: int) -> Mask:
        """A mask at the photo's size, bool (H, W)."""
        (x, y, width, height), cropped = self.cropped_mask(index)
        whole = np.zeros(self.size, dtype=np.bool_)
        whole[y : y + height, x : x + width] = cropped
        return whole

    def rle(self, index: int) -> RLE:
        """A mask as COCO's compressed run lengths."""
        return _rle(*self.cropped_mask(index), self.size)

    def take(self, indices: Sequence[int] | npt.NDArray[np.intp]) -> Detections:
        """Those of the given indices, in their order."""
        chosen = np.asarray(indices, dtype=np.intp)
        planes = tuple(self.planes[index] for index in chosen)
        return Detections(self.boxes[chosen], self.labels[chosen], self.scores[chosen], self.size, planes)

    def above(self, score: float) -> Detections:
        """Those with at least that score."""
        return self.take(np.flatnonzero(self.scores >= score))

    def remapped(self, lut: npt.NDArray[np.uint8]) -> Detections:
        """In another taxonomy by a map's `lut`: without those that become background or are ignored."""
        targets = lut[self.labels].astype(np.int64)
        kept = np.flatnonzero((targets != 0) & (targets != IGNORE))
        made = self.take(kept)
        return Detections(made.boxes, targets[kept], made.scores, self.size, made.planes)


def _rle(box: Box, mask: Mask, size: tuple[int, int]) -> RLE:
    """The RLE, of a photo of `size` (height, width), of a mask in its box; no array of the photo's size is made."""
    x, y, _, _ = box
    height, width = size
    steps = np.diff(np.pad(mask.T, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    starts, ends = (
        (x + columns) * height + y + rows for columns, rows in (np.nonzero(steps == sign) for sign in (1, -1))
    )
    # Of a column that ends at the photo's lower edge, and one that starts at the upper, the runs are one.
    apart = starts[1:] != ends[:-1]
    starts, ends = starts[np.r_[True, apart][: len(starts)]], ends[np.r_[apart, True][: len(ends)]]
    borders = np.stack([starts, ends], axis=1).reshape(-1)
    counts = np.diff(np.concatenate([[0], borders, [height * width]])).tolist()
    if counts[-1] == 0 and len(counts) > 1:
        counts.pop()
    return compress_rle({"size": [height, width], "counts": counts})


def _pixels(axis: Axis, first: int, last: int) -> tuple[int, int]:
    """The pixels that the cells first..last (not included) have a share in, as a range."""
    start = 0 if first <= 0 else math.floor((first - 1 - axis.offset) / axis.scale)
    stop = axis.pixels if last >= axis.cells else math.ceil((last - axis.offset) / axis.scale) + 1
    return max(start, 0), min(stop, axis.pixels)
