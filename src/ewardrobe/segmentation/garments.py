"""One garment of a photo, and a piece of a photo on its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ewardrobe.imaging import to_png_bytes, write_atomically
from ewardrobe.segmentation.alpha import Alpha
from ewardrobe.segmentation.components import Box, Mask

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Cutout", "Garment", "expanded", "window_of"]

_PNG_LEVEL = 3  # a third of the time of the usual 6, for a tenth more bytes


@dataclass(frozen=True, eq=False)
class Garment:
    """One garment in a photo: worn by `person` 1.. (left to right) or nobody's (None).

    `number` counts from 1 within the photo, `label` and `index` name its class, `score` is the model's mean probability
    over its pixels (0..1), `box` (x, y, width, height) and `area` are in photo pixels.
    """

    number: int
    label: str
    index: int
    score: float
    box: Box
    area: int
    person: int | None
    photo_size: tuple[int, int] = field(repr=False)
    """(height, width)."""
    cropped_mask: Mask = field(repr=False)
    """The mask within `box`, bool (height, width)."""
    make_alpha: Callable[[Garment], tuple[Box, Alpha]] = field(repr=False)

    @property
    def mask(self) -> Mask:
        """Where the garment is, bool (H, W); garments of one photo do not overlap."""
        whole = np.zeros(self.photo_size, dtype=np.bool_)
        whole[window_of(self.box)] = self.cropped_mask
        return whole

    @property
    def alpha(self) -> npt.NDArray[np.float32]:
        """How much of each pixel is the garment, float32 (H, W) in 0..1, following the photo's edges."""
        return expanded(*self.cropped_alpha, self.photo_size)

    @cached_property
    def cropped_alpha(self) -> tuple[Box, Alpha]:
        """`alpha` as uint8 0..255 within a box, which is somewhat larger than `box`."""
        return self.make_alpha(self)


@dataclass(frozen=True, eq=False)
class Cutout:
    """A piece of a photo on its own: `image` is RGBA, or RGB where a background was given.

    `name` is the class, or "person"; then `garment` is None.
    """

    name: str
    image: Image.Image
    garment: Garment | None = None

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a PNG without metadata, whole or not at all."""
        target = Path(path)
        write_atomically(target, to_png_bytes(self.image, level=_PNG_LEVEL))
        return target


def window_of(box: Box) -> tuple[slice, slice]:
    """A box as an index into an image."""
    x, y, width, height = box
    return slice(y, y + height), slice(x, x + width)


def expanded(box: Box, alpha: Alpha, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """A cropped alpha as float32 (H, W) in 0..1 over the photo of `size` (height, width)."""
    whole = np.zeros(size, dtype=np.float32)
    np.multiply(alpha, np.float32(1 / 255), out=whole[window_of(box)])
    return whole
