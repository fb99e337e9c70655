"""The part of a photo that a change may touch: a garment's soft mask, in which no other class has a share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.segmentation import Garment, Segmentation

__all__ = ["Region", "find_region"]

_FEATHER = (
    1 / 400
)  # of the garment's size (the root of its area): half a pixel in a small photo, three in a large
_FEATHER_LIMITS = (0.4, 3.0)
_LEAST = 1 / 255


@dataclass(frozen=True, eq=False)
class Region:
    """A window of a photo and the garment in it.

    `window` indexes the photo. Within it, `alpha` is float32 (h, w) in 0..1, exactly 0 where nothing may change;
    `inside` bool (h, w), the garment's own pixels. `noun` is what the garment is called, `worn` whether somebody has it
    on.
    """

    window: tuple[slice, slice]
    alpha: npt.NDArray[np.float32]
    inside: npt.NDArray[np.bool_]
    noun: str = "garment"
    worn: bool = True

    @property
    def extent(self) -> float:
        """The root of the garment's area, in pixels."""
        return math.sqrt(max(1, int(np.count_nonzero(self.inside))))


def find_region(
    segmentation: Segmentation,
    garment: Garment,
    *,
    grow: float = 0.0,
    context: float = 0.0,
    feather: float | None = None,
    noun: str | None = None,
) -> Region:
    """The region of a garment: its soft alpha, feathered by its size, without the pixels of all other classes.

    Hands, hair and bags before the garment are classes of their own and so keep out; the background does not, as a
    soft edge lies half in it. `grow` widens the mask, `context` the window, and `feather` (None: by the photo's
    resolution) is the spread of the soft edge, as shares of the garment's size. `noun`: see `Region`; None: its class.
    """
    extent = math.sqrt(max(1, garment.area))
    height, width = segmentation.label_map.shape
    (x, y, across, down), _ = garment.cropped_alpha
    least, most = _FEATHER_LIMITS
    spread = extent * (_FEATHER if feather is None else feather)
    spread = float(np.clip(spread, least, most if feather is None else None))
    reach = math.ceil(extent * (grow + context) + 3 * spread) + 1
    rows = slice(max(0, y - reach), min(height, y + down + reach))
    columns = slice(max(0, x - reach), min(width, x + across + reach))
    inside = garment.mask[rows, columns]
    alpha = garment.alpha[rows, columns]
    others = (segmentation.label_map[rows, columns] != 0) & ~inside
    if grow:
        radius = math.ceil(extent * grow)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        alpha = np.asarray(cv2.dilate(alpha, disc), np.float32)
    # Blurred among the garment and the background alone, so that nothing fades towards skin or another garment.
    free = (~others).astype(np.float32)
    soft = cv2.GaussianBlur(alpha * free, (0, 0), spread) / np.maximum(
        cv2.GaussianBlur(free, (0, 0), spread), np.float32(1e-3)
    )
    soft = np.clip(soft, 0, 1)
    soft[others | (soft < _LEAST)] = 0
    alpha = np.ascontiguousarray(soft, dtype=np.float32)
    return Region((rows, columns), alpha, inside, noun or garment.label, garment.person is not None)
