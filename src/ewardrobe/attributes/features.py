"""What the heads and the embedding read of a garment, from a pass of its crop through the segmentation model.

A garment may be a tenth of a photo: the features of the pass that found it hold a few cells of it. Its crop, with some
of its surroundings, goes through the same graph once more at `CROP_SIZE` pixels, so that small things are seen as
large as big ones; the encoder's map is then averaged over the mask.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import MaskError, ModelError
from ewardrobe.segmentation.geometry import Placement
from ewardrobe.segmentation.runtime import Runtime

__all__ = ["CROP_SIZE", "MARGIN", "CropEncoder", "GarmentFeatures"]

CROP_SIZE = 256
"""Pixels of a crop's long side in the model's input."""

MARGIN = 0.12
"""Surroundings kept on each side of a garment's box, as part of the box's long side."""

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class GarmentFeatures:
    """One garment as numbers, all float32.

    Attributes:
        pooled: (C,) the encoder's features averaged over the mask.
        classes: (K,) the model's class probabilities averaged over the mask.
        neighbours: (K,) the same over the crop outside the mask: skin, hair, other garments.
        shape: (4,) log height/width of the box, part of the box that the mask fills, and how much wider the mask is
            in the box's upper and lower third than on average.
    """

    pooled: Vector
    classes: Vector
    neighbours: Vector
    shape: Vector

    def vector(self) -> Vector:
        """Everything as one, float32 (C + 2 K + 4,): what the heads read."""
        return np.concatenate([self.pooled, self.classes, self.neighbours, self.shape])


class CropEncoder:
    """A segmentation model that gives features, run on garments' crops."""

    def __init__(self, runtime: Runtime) -> None:
        """Use the session of `runtime`, at this module's size.

        Raises:
            ModelError: the model gives no features, or takes one input size only.
        """
        about = runtime.description
        if about.output("features") is None or about.input.resize not in ("fit", "round"):
            raise ModelError(
                f"model {about.name} gives no features of crops; attributes need the default model"
            )
        self._runtime = copy.copy(runtime)
        self._runtime.size, self._runtime.scales = CROP_SIZE, ()
        # Padded and not rounded: of a narrow crop, rounding could change the shape by a third.
        fitted = replace(about.input, resize="fit")
        self._runtime.description = replace(about, input=fitted, scales={})

    def features(self, pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> GarmentFeatures:
        """The features of the garment `mask`, bool (H, W), in the photo `pixels`, uint8 (H, W, 3) sRGB.

        Raises:
            MaskError: the mask is empty.
        """
        x, y, width, height = _bounds(mask)
        own = mask[y : y + height, x : x + width]
        margin = round(MARGIN * max(width, height))
        rows = slice(max(0, y - margin), y + height + margin)
        columns = slice(max(0, x - margin), x + width + margin)
        prediction = self._runtime.run(np.ascontiguousarray(pixels[rows, columns]))
        assert prediction.features is not None  # the constructor made sure
        encoded, placement = prediction.features.values, prediction.features.placement
        cover = _cover(mask[rows, columns], placement, prediction.features.cells)
        scores = prediction.scores.probabilities
        fine = _resized(mask[rows, columns], scores.shape[1:])
        return GarmentFeatures(
            _mean(encoded, cover),
            _mean(scores, fine),
            _mean(scores, 1 - fine),
            _shape(own),
        )


def _bounds(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise MaskError("the garment's mask is empty: leave such a garment out")
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def _resized(mask: npt.NDArray[np.bool_], size: tuple[int, ...]) -> Vector:
    height, width = size
    small = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32)


def _cover(mask: npt.NDArray[np.bool_], placement: Placement, cells: tuple[int, int]) -> Vector:
    """How much of each cell the mask covers, 0..1, over the cells that the crop covers."""
    canvas = np.zeros(placement.input_size, dtype=np.float32)
    top, left = placement.origin
    height, width = placement.size
    canvas[top : top + height, left : left + width] = _resized(mask, placement.size)
    small = cv2.resize(canvas, (cells[1], cells[0]), interpolation=cv2.INTER_AREA)
    rows, columns = placement.window(cells)
    return np.asarray(small[rows, columns], dtype=np.float32)


def _mean(values: Vector, weights: Vector) -> Vector:
    """The weighted mean over positions of (C, h, w), float32 (C,); zeros where nothing weighs."""
    total = float(weights.sum())
    if total < 1e-6:
        return np.zeros(len(values), dtype=np.float32)
    mean = values.reshape(len(values), -1) @ (weights.reshape(-1) / total)
    return np.asarray(mean, dtype=np.float32)


def _shape(mask: npt.NDArray[np.bool_]) -> Vector:
    height, width = mask.shape
    fill = float(mask.mean())
    third = max(1, height // 3)
    upper, lower = float(mask[:third].mean()), float(mask[-third:].mean())
    return np.array([np.log(height / width), fill, upper - fill, lower - fill], dtype=np.float32)
