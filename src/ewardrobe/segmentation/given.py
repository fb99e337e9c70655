"""A mask that somebody gave, as the segmentation of its photo: the same soft edges, cut-outs and descriptions.

The edge follows the photo as it does for a mask that a model found (see `alpha`). What stands for the model's scores
is the mask itself, reduced: a brush is about as exact as a cell of a network's output.
"""

from __future__ import annotations

import cv2
import numpy as np

from ewardrobe.errors import MaskError
from ewardrobe.imaging import Photo
from ewardrobe.segmentation.components import Mask, tight_box
from ewardrobe.segmentation.garments import window_of
from ewardrobe.segmentation.geometry import Axis
from ewardrobe.segmentation.instances import Instance
from ewardrobe.segmentation.results import Segmentation
from ewardrobe.segmentation.scores import ScoreMap
from ewardrobe.taxonomy import IGNORE, load

__all__ = ["BY_HAND", "check_mask", "given_mask"]

BY_HAND = "by hand"
"""The model's name where there was none."""

_CELLS = 640
"""Cells along the longer side: six pixels each in a photo of twelve megapixels."""
_LEAST_CELL = 2.0


def given_mask(
    photo: Photo,
    mask: Mask,
    label: str,
    *,
    score: float = 1.0,
    person: int | None = None,
    others: Mask | None = None,
    model: str = BY_HAND,
) -> Segmentation:
    """A segmentation in the taxonomy `wardrobe` with one garment: `mask`, bool (H, W), of the class `label`.

    `others`, bool (H, W), is where further garments are; the label map holds 255 there, and the given mask lies on top.
    Raises `MaskError` for a mask that is empty or not of the photo's size, `TaxonomyError` for an unknown class.
    """
    check_mask(photo, mask)
    taxonomy = load("wardrobe")
    index = taxonomy.index(label)
    label_map = np.zeros(mask.shape, np.uint8)
    if others is not None:
        label_map[others] = IGNORE
    label_map[mask] = index
    box = tight_box(mask)
    return Segmentation.build(
        photo,
        taxonomy,
        label_map,
        [Instance(index, person, box, np.ascontiguousarray(mask[window_of(box)]), score)],
        model=model,
        scores=_scores(mask),
        channels={index: (1,)},
    )


def check_mask(photo: Photo, mask: Mask) -> None:
    """`MaskError` unless the mask is bool, of the photo's size, and marks something."""
    if mask.shape != photo.pixels.shape[:2] or mask.dtype != np.bool_:
        size = f"{photo.width}x{photo.height}"
        raise MaskError(f"a mask of this photo is {size} pixels, not {'x'.join(map(str, mask.shape[::-1]))}")
    if not mask.any():
        raise MaskError("the mask is empty: mark the garment, or remove it")


def _scores(mask: Mask) -> ScoreMap:
    """How much of each cell the mask covers, as probabilities (2, h, w): of all else, and of the garment."""
    height, width = mask.shape
    cell = max(_LEAST_CELL, max(height, width) / _CELLS)
    cells = max(1, round(height / cell)), max(1, round(width / cell))
    cover = mask.view(np.uint8) * np.uint8(255)
    covered = cv2.resize(cover, (cells[1], cells[0]), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return ScoreMap(np.stack([1 - covered, covered]), _axis(height, cells[0]), _axis(width, cells[1]))


def _axis(pixels: int, cells: int) -> Axis:
    scale = cells / pixels
    return Axis(pixels, cells, scale, scale / 2 - 0.5)
