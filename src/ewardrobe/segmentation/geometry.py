"""Where a photo lies in a model's input, and how its pixels map onto the cells of an output.

All maps take pixels as areas with centres at half integers (OpenCV's and PyTorch's `align_corners=False`), so that a
position scales without a shift. One object holds the way there and back: no second place can get the padding wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.description import InputSpec

__all__ = ["Axis", "Placement", "place", "prepare"]


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of the map from photo pixels to output cells.

    Pixel p of `pixels` lies at cell position `p * scale + offset`, held within the `cells` that the photo covers.
    """

    pixels: int
    cells: int
    scale: float
    offset: float

    @property
    def used(self) -> tuple[int, int]:
        """The first cell that some pixel is computed from, and the one after the last."""
        first, last = self.neighbours(0, 1)[0], self.neighbours(self.pixels - 1, self.pixels)[1]
        return int(first[0]), int(last[0]) + 1

    def over(self, start: int, length: int, pixels: int) -> Axis:
        """The same for `length` pixels from `start` on, seen as `pixels` pixels."""
        factor = length / pixels
        return Axis(
            pixels, self.cells, self.scale * factor, self.offset + self.scale * (start + (factor - 1) / 2)
        )

    def neighbours(
        self, start: int, stop: int
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float32]]:
        """For pixels start..stop: the cells before and after each, and the weight of the one after."""
        position = np.clip(np.arange(start, stop) * self.scale + self.offset, 0, self.cells - 1)
        before = np.floor(position).astype(np.intp)
        after = np.minimum(before + 1, self.cells - 1)
        return before, after, (position - before).astype(np.float32)

    def nearest(self, pixels: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The cell nearest to each of the pixels."""
        cells: npt.NDArray[np.intp] = np.rint(pixels * self.scale + self.offset).astype(np.intp)
        return np.clip(cells, 0, self.cells - 1)

    def centres(self) -> npt.NDArray[np.intp]:
        """The pixel nearest to each cell's centre."""
        pixels: npt.NDArray[np.intp] = np.rint((np.arange(self.cells) - self.offset) / self.scale).astype(
            np.intp
        )
        return np.clip(pixels, 0, self.pixels - 1)


@dataclass(frozen=True, slots=True)
class Placement:
    """A photo of `photo_size` (height, width), resized to `size` and laid at `origin` in an input of `input_size`."""

    photo_size: tuple[int, int]
    input_size: tuple[int, int]
    size: tuple[int, int]
    origin: tuple[int, int] = (0, 0)

    def window(self, output_size: tuple[int, int]) -> tuple[slice, slice]:
        """The cells of an output (its height, width) that the photo covers at least in part: padding removed."""
        rows, columns = (self._span(axis, output_size[axis]) for axis in (0, 1))
        return slice(*rows), slice(*columns)

    def axes(self, output_size: tuple[int, int]) -> tuple[Axis, Axis]:
        """The maps (vertical, horizontal) from photo pixels to the cells of `window`."""
        return self._axis(0, output_size[0]), self._axis(1, output_size[1])

    def _span(self, axis: int, cells: int) -> tuple[int, int]:
        stride = self.input_size[axis] / cells
        first = math.floor(self.origin[axis] / stride)
        last = math.ceil((self.origin[axis] + self.size[axis]) / stride)
        return first, min(last, cells)

    def _axis(self, axis: int, cells: int) -> Axis:
        stride = self.input_size[axis] / cells
        first, last = self._span(axis, cells)
        scale = self.size[axis] / self.photo_size[axis] / stride
        offset = self.origin[axis] / stride + scale / 2 - 0.5 - first
        return Axis(self.photo_size[axis], last - first, scale, offset)


def place(photo_size: tuple[int, int], spec: InputSpec, size: int | tuple[int, int]) -> Placement:
    """Where a photo of `photo_size` (height, width) goes at inference size `size`.

    `size` is the long side for "fit" and "round" (at most: see `max_area`), (height, width) otherwise; a whole number
    stands for a square there.
    """
    height, width = photo_size
    if spec.resize in ("fit", "round"):
        if not isinstance(size, int):
            raise ModelError(f"this model takes one size, the long side in pixels, not {size}")
        factor = size / max(height, width)
        if spec.max_area is not None:
            factor = min(factor, size * math.sqrt(spec.max_area / (height * width)))
        if spec.resize == "round":
            rows, columns = (
                max(1, round(side * factor / spec.divisor)) * spec.divisor for side in (height, width)
            )
            return Placement(photo_size, (rows, columns), (rows, columns))
        inner = (max(1, round(height * factor)), max(1, round(width * factor)))
        padded = (_multiple(inner[0], spec.divisor), _multiple(inner[1], spec.divisor))
        return Placement(photo_size, padded, inner)
    box = (size, size) if isinstance(size, int) else size
    if spec.resize == "stretch":
        return Placement(photo_size, box, box)
    factor = min(box[0] / height, box[1] / width)
    inner = (max(1, round(height * factor)), max(1, round(width * factor)))
    return Placement(photo_size, box, inner, ((box[0] - inner[0]) // 2, (box[1] - inner[1]) // 2))


def prepare(
    pixels: npt.NDArray[np.uint8],
    placement: Placement,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    pad: tuple[float, float, float] | None = None,
) -> npt.NDArray[np.float32]:
    """The graph's input, float32 (1, 3, H, W): resized, normalised, the padding in the colour `pad`, RGB in 0..1.

    None: in the mean colour, which is 0 when normalised.
    """
    height, width = placement.size
    shrinks = height <= pixels.shape[0] and width <= pixels.shape[1]
    resized = cv2.resize(
        pixels, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    scale = 1 / (255 * np.asarray(std, dtype=np.float32))
    shift = np.asarray(mean, dtype=np.float32) / np.asarray(std, dtype=np.float32)
    top, left = placement.origin
    batch = np.zeros((1, 3, *placement.input_size), dtype=np.float32)
    for channel in range(3):
        if pad is not None:
            batch[0, channel] = pad[channel] / std[channel] - shift[channel]
        target = batch[0, channel, top : top + height, left : left + width]
        np.multiply(resized[:, :, channel], scale[channel], out=target)
        target -= shift[channel]
    return batch


def _multiple(value: int, divisor: int) -> int:
    return math.ceil(value / divisor) * divisor
