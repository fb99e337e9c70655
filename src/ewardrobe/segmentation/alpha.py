"""Soft edges: from class scores and a mask to an alpha that follows the photo's own edges.

The scores say where an edge may be (about one cell of the model wide), the mask which side is which, the photo where
exactly. Deep inside the mask the alpha is 1 whatever the scores doubt: a garment taken half for a top and half for a
jacket is no translucent one. Scores and mask are brought together at two pixels per cell, where the scores have all
they know; only the refinement works at the photo's size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.imaging import refine_alpha
from ewardrobe.segmentation.components import Box, Mask, grown, padded
from ewardrobe.segmentation.scores import ScoreMap

__all__ = ["Alpha", "mask_alpha"]

Alpha = npt.NDArray[np.uint8]
_SMALLEST_CELL = 2.0  # no network is sure to the pixel, whatever its output's size
_LOST = 0.5
_STEEPER = 4.0


def mask_alpha(
    pixels: npt.NDArray[np.uint8],
    scores: ScoreMap,
    classes: Sequence[int],
    mask: Mask,
    box: Box,
    cloth: Mask | None = None,
) -> tuple[Box, Alpha]:
    """The soft alpha of a mask: its box in the photo, somewhat larger than the mask's, and uint8 (h, w) 0..255.

    `pixels` uint8 (H, W, 3) is the photo, `classes` the channels of `scores` that make up the mask, `mask` bool in
    `box`. `cloth`, bool (H, W), is where garments are: towards another garment the edge is made crisp, since two dark
    garments show none of their own, and half of each would hang on to the other.
    """
    cell = max(_SMALLEST_CELL, 1 / min(scores.vertical.scale, scores.horizontal.scale))
    window = grown(box, math.ceil(2 * cell), (pixels.shape[0], pixels.shape[1]))
    x, y, width, height = window
    step = cell / 2
    size = max(1, round(height / step)), max(1, round(width / step))
    cover = padded(mask.view(np.uint8) * np.uint8(255), box, window)
    inside = cv2.resize(cover, (size[1], size[0]), interpolation=cv2.INTER_AREA) > 127
    soft = _soft(scores.over(window, size), classes, inside, cell / step)
    refined = refine_alpha(pixels[y : y + height, x : x + width], soft, cell=cell)
    if not _LOST * mask.sum() < refined.sum():
        return window, cover  # too thin for the scores to hold on to: better hard edges than none
    if cloth is not None:
        others = padded(mask, box, window) < cloth[y : y + height, x : x + width]
        _crispen(refined, _towards(others, cover, size, cell / step))
    np.rint(np.multiply(refined, 255, out=refined), out=refined)
    return window, refined.astype(np.uint8)


def _soft(scores: ScoreMap, classes: Sequence[int], inside: Mask, cell: float) -> npt.NDArray[np.float32]:
    """The scores' alpha, made to agree with the mask: above 0.5 in it, 0 or 1 farther than two cells from its edge."""
    soft = scores.share(classes)
    # Where the map was cleaned, mask and scores disagree; there the mask's own smoothed edge stands in.
    disagree = (soft > 0.5) != inside
    if disagree.any():
        smooth = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), cell / 2)
        soft[disagree] = smooth[disagree]
    filled = inside.view(np.uint8)
    np.maximum(soft, _certainty(filled, cell), out=soft)
    np.minimum(soft, 1 - _certainty(1 - filled, cell), out=soft)
    return soft


def _towards(others: Mask, cover: Alpha, size: tuple[int, int], cell: float) -> npt.NDArray[np.float32]:
    """The share of other garments in what surrounds each place and is not the mask, float32 of `size`, 0..1."""
    reach = 2 * round(2 * cell) + 1
    around = np.dstack([others.view(np.uint8) * np.uint8(255), 255 - cover])
    small = cv2.resize(around, (size[1], size[0]), interpolation=cv2.INTER_AREA).astype(np.float32)
    near = cv2.blur(small, (reach, reach), borderType=cv2.BORDER_REPLICATE)
    share: npt.NDArray[np.float32] = near[..., 0] / (near[..., 1] + np.float32(1e-3))
    return share


def _crispen(alpha: npt.NDArray[np.float32], where: npt.NDArray[np.float32]) -> None:
    """Make the alpha's slope steeper, in place, the more the higher `where` (0..1, of any size) is."""
    steeper = 1 + np.float32(_STEEPER - 1) * where
    alpha -= np.float32(0.5)
    alpha *= cv2.resize(steeper, (alpha.shape[1], alpha.shape[0]), interpolation=cv2.INTER_LINEAR)
    alpha += np.float32(0.5)
    np.clip(alpha, 0, 1, out=alpha)


def _certainty(side: npt.NDArray[np.uint8], cell: float) -> npt.NDArray[np.float32]:
    """0 up to a cell from the side's edge, 1 from two cells on."""
    if side.all():
        return np.ones(side.shape, dtype=np.float32)
    depth = cv2.distanceTransform(side, cv2.DIST_L2, 3)
    certainty: npt.NDArray[np.float32] = np.clip(depth / np.float32(cell) - 1, 0, 1, dtype=np.float32)
    return certainty
