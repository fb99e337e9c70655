"""Pixel counts of one photo: all that a score needs, small enough to keep for every photo.

Scores are made of counts summed over photos, so an interval over photos costs a matrix product and no second
look at a pixel.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ewardrobe.errors import MaskError
from ewardrobe.taxonomy import IGNORE

__all__ = ["BOUNDARY_RATIO", "boundary_counts", "confusion_matrix"]

BOUNDARY_RATIO = 0.02
"""Width of a boundary as a share of the photo's diagonal, as in Cheng et al., CVPR 2021."""

_VALUES = 256


def _check(label_map: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> None:
    if label_map.ndim != 2 or label_map.shape != predicted.shape:
        raise MaskError(
            f"labels are {label_map.shape}, the prediction {predicted.shape}: score both at the photo's size"
        )


def confusion_matrix(
    label_map: NDArray[np.uint8], predicted: NDArray[np.uint8], classes: int
) -> NDArray[np.int64]:
    """How many pixels of each class were predicted as which: int64 (classes, classes), rows are labels.

    Args:
        label_map: uint8 (H, W) class indices; pixels of value 255 count nowhere.
        predicted: uint8 (H, W) class indices; 255 only where `label_map` has it too.
        classes: number of classes.

    Raises:
        MaskError: the shapes differ, or a counted pixel has an index that is no class.
    """
    _check(label_map, predicted)
    pairs = label_map.astype(np.uint16) * np.uint16(_VALUES) + predicted
    counts = np.bincount(pairs.ravel(), minlength=_VALUES * _VALUES).reshape(_VALUES, _VALUES)
    confusion = counts[:classes, :classes].astype(np.int64)
    if int(confusion.sum()) != int(counts[:IGNORE].sum()):
        raise MaskError(f"labels or prediction use an index beyond {classes - 1}: check their taxonomy")
    return confusion


def _inner(mask: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """`mask` less its pixels within `width` (chessboard) of its outline; the photo's edge is outline."""
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    return np.asarray(cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0), dtype=np.uint8)


def _window(mask: NDArray[np.bool_], margin: int) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + 1 + margin),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + 1 + margin),
    )


def boundary_counts(
    label_map: NDArray[np.uint8],
    predicted: NDArray[np.uint8],
    classes: int,
    *,
    ratio: float = BOUNDARY_RATIO,
) -> NDArray[np.int64]:
    """Intersection and union of the boundaries of each class, int64 (classes + 1, 2); last: foreground.

    The boundary of a mask is what lies in it within `ratio` of the photo's diagonal from its outline (Cheng,
    Girshick, Dollár, Berg, Kirillov, *Boundary IoU*, CVPR 2021). Foreground is all but class 0. Beside
    ignored pixels there is no outline, since nothing is known of what lies there; they count nowhere
    themselves.

    Args:
        label_map: uint8 (H, W), 255 = ignore.
        predicted: uint8 (H, W).
        classes: number of classes.
        ratio: boundary width / diagonal; at least one pixel.
    """
    _check(label_map, predicted)
    height, width = label_map.shape
    distance = max(1, round(ratio * math.hypot(height, width)))
    ignored = label_map == IGNORE
    counts = np.zeros((classes + 1, 2), dtype=np.int64)
    present = set(np.unique(label_map).tolist()) | set(np.unique(predicted[~ignored]).tolist())
    masks = [(c, label_map == c, predicted == c) for c in sorted(present) if c < classes]
    masks.append((classes, label_map > 0, predicted > 0))
    for row, labelled, found in masks:
        counts[row] = _boundary_overlap(labelled, found, ignored, distance)
    return counts


def _boundary_overlap(
    labelled: NDArray[np.bool_], found: NDArray[np.bool_], ignored: NDArray[np.bool_], distance: int
) -> tuple[int, int]:
    window = _window(labelled | found, distance + 1)
    if window is None:
        return 0, 0
    known = ~ignored[window]
    # Ignored pixels belong to both masks while the outline is looked for, and to neither when it is counted.
    rings = []
    for mask in (labelled, found):
        whole = (mask[window] | ignored[window]).astype(np.uint8)
        rings.append((whole > _inner(whole, distance)) & known)
    return int(np.count_nonzero(rings[0] & rings[1])), int(np.count_nonzero(rings[0] | rings[1]))
