"""The part of a photo that a change may touch: a garment's soft mask, in which no other class has a share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.imaging import refine_alpha
from ewardrobe.segmentation import Garment, Segmentation

__all__ = ["Region", "find_region", "region_of_class"]

_FEATHER = (
    1 / 400
)  # of the garment's size (the root of its area): half a pixel in a small photo, three in a large
_FEATHER_LIMITS = (0.4, 3.0)
_LEAST = 1 / 255
_OUTLINE = 2.0  # pixels by which people's outlines are off


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
    (x, y, across, down), _ = garment.cropped_alpha
    least, most = _FEATHER_LIMITS
    spread = extent * (_FEATHER if feather is None else feather)
    spread = float(np.clip(spread, least, most if feather is None else None))
    reach = math.ceil(extent * (grow + context) + 3 * spread) + 1
    window = _window((x, y, across, down), reach, segmentation.label_map.shape)
    inside, alpha = garment.mask[window], garment.alpha[window]
    if grow:
        radius = math.ceil(extent * grow)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        alpha = np.asarray(cv2.dilate(alpha, disc), np.float32)
    soft = _softened(alpha, inside, segmentation.label_map[window], spread)
    return Region(window, soft, inside, noun or garment.label, garment.person is not None)


def region_of_class(
    pixels: npt.NDArray[np.uint8],
    label_map: npt.NDArray[np.uint8],
    index: int,
    *,
    context: float = 0.0,
    noun: str = "garment",
    worn: bool = True,
) -> Region:
    """The region of all pixels of a class in a label map, uint8 (H, W), of the photo uint8 (H, W, 3).

    People's outlines are a pixel or two beside the photo's, so the soft edge follows the photo near them.
    """
    whole = label_map == index
    area = int(np.count_nonzero(whole))
    extent = math.sqrt(max(1, area))
    reach = math.ceil(extent * context + 3 * _OUTLINE) + 1
    window = _window(cv2.boundingRect(whole.view(np.uint8)), reach, label_map.shape)
    inside = whole[window]
    alpha = refine_alpha(np.ascontiguousarray(pixels[window]), inside.astype(np.float32), cell=_OUTLINE)
    least, most = _FEATHER_LIMITS
    spread = float(np.clip(extent * _FEATHER, least, most))
    return Region(window, _softened(alpha, inside, label_map[window], spread), inside, noun, worn)


def _window(box: Sequence[int], reach: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    x, y, across, down = box
    return (
        slice(max(0, y - reach), min(shape[0], y + down + reach)),
        slice(max(0, x - reach), min(shape[1], x + across + reach)),
    )


def _softened(
    alpha: npt.NDArray[np.float32],
    inside: npt.NDArray[np.bool_],
    labels: npt.NDArray[np.uint8],
    spread: float,
) -> npt.NDArray[np.float32]:
    """The alpha blurred among the garment and the background alone, so that nothing fades towards skin or clothes."""
    others = (labels != 0) & ~inside
    free = (~others).astype(np.float32)
    soft = cv2.GaussianBlur(alpha * free, (0, 0), spread) / np.maximum(
        cv2.GaussianBlur(free, (0, 0), spread), np.float32(1e-3)
    )
    soft = np.clip(soft, 0, 1)
    soft[others | (soft < _LEAST)] = 0
    return np.ascontiguousarray(soft, dtype=np.float32)
