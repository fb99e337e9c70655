"""A garment of the wardrobe over the person in a model's stream."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.taxonomy import Taxonomy, load_map
from ewardrobe.tryon import GarmentPiece, LiveFitter
from ewardrobe.web.live.frames import Layer

__all__ = ["LAYER_SIDE", "Wearing"]

LAYER_SIDE = 480
"""The longer side of the layer in pixels: the browser enlarges it."""

_WARDROBE = "wardrobe"
_LONGEST_GAP = 1.0  # seconds; who was away longer is found afresh anyway


class Wearing:
    """One garment, fitted frame by frame; for one stream, since its landmarks are smoothed over time."""

    def __init__(self, piece: GarmentPiece, taxonomy: Taxonomy) -> None:
        """`TaxonomyError` when the model's classes say nothing of the wardrobe's; UsageError for no such garment."""
        self._fitter = LiveFitter(piece)
        self._map = None if taxonomy.name == _WARDROBE else load_map(taxonomy.name, _WARDROBE)
        self._last: float | None = None

    def layer(self, label_map: npt.NDArray[np.uint8], at: float) -> Layer:
        """The garment over a frame with this label map, uint8 (H, W), seen `at` (seconds of any clock)."""
        gap = 0.0 if self._last is None else min(at - self._last, _LONGEST_GAP)
        self._last = at
        labels = label_map if self._map is None else self._map.apply(label_map)
        size = (label_map.shape[0], label_map.shape[1])
        rgba = self._fitter.overlay(labels, gap)
        if rgba is None:
            return Layer(size, (0, 0), np.zeros((0, 0, 4), np.uint8))
        x, y, width, height = cv2.boundingRect(rgba[..., 3])
        return Layer(size, (x, y), rgba[y : y + height, x : x + width])
