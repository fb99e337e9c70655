"""Exactly that: the one thing that a person pointed at, by what the model saw there, else by its colours alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ewardrobe.errors import MaskError, UsageError
from ewardrobe.imaging.grabcut import grab_cut
from ewardrobe.segmentation.components import Box, Mask
from ewardrobe.segmentation.garments import Garment, window_of
from ewardrobe.segmentation.results import Segmentation

__all__ = ["Picked", "match_garment", "pick"]

_LEAST_FILLED = 0.08
"""Of a box: what a class must fill for it to be what was meant."""
_MOSTLY = 0.9
"""Of a garment: what must lie in the box for all of it to be taken, since boxes are drawn by hand."""
_LIKELY = 0.35
"""The class's share against its strongest rival that is enough, where a person says that there is something."""
_REACH = 0.3
"""Half the side of the square looked at around a point on which the model saw nothing, of the photo's shorter side."""
_SAME = 0.15
"""Intersection over union below which two masks show different garments."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What was pointed at.

    Attributes:
        mask: bool (H, W) of the photo.
        label: its class in the segmentation's taxonomy, as far as the scores can say.
        score: the mean score of that class over the mask, 0..1.
        by: "model", or "colours" where the model saw no garment and GrabCut was asked.
    """

    mask: Mask
    label: str
    score: float
    by: str


def pick(
    segmentation: Segmentation, *, box: Box | None = None, point: tuple[int, int] | None = None
) -> Picked:
    """The thing in a box (x, y, width, height), or at a point (x, y), in pixels of the photo.

    Raises `UsageError` unless one of the two is given, `MaskError` where they lie outside or nothing stands out there.
    """
    if (box is None) == (point is None):
        raise UsageError("point at the garment with either a box or a point")
    if point is not None:
        return _at(segmentation, point)
    assert box is not None
    return _in(segmentation, box)


def match_garment(segmentation: Segmentation, mask: Mask, label: str) -> Garment | None:
    """The garment that `mask` (bool (H, W)) shows, found anew: the one it shares most with, of its class if any."""

    def shared(garment: Garment) -> float:
        both = int(np.count_nonzero(mask[window_of(garment.box)] & garment.cropped_mask))
        union = int(np.count_nonzero(mask)) + garment.area - both
        return both / union if union else 0.0

    found = [(garment.label == label, shared(garment), garment) for garment in segmentation.garments]
    fitting = [entry for entry in found if entry[1] >= _SAME]
    return max(fitting, key=lambda entry: entry[:2], default=(False, 0.0, None))[2]


def _at(segmentation: Segmentation, point: tuple[int, int]) -> Picked:
    x, y = point
    height, width = segmentation.label_map.shape
    if not (0 <= x < width and 0 <= y < height):
        raise MaskError(f"the point {x}, {y} is outside the photo")
    for garment in segmentation.garments:
        if garment.mask[y, x]:
            return Picked(garment.mask, garment.label, garment.score, "model")
    reach = max(2, round(_REACH * min(height, width)))
    box = (x - reach, y - reach, 2 * reach, 2 * reach)
    mask = grab_cut(segmentation.photo.pixels, box, inside=[point])
    return Picked(mask, *_named(segmentation, mask), "colours")


def _in(segmentation: Segmentation, box: Box) -> Picked:
    height, width = segmentation.label_map.shape
    left, top = max(0, box[0]), max(0, box[1])
    inner = left, top, min(width, box[0] + box[2]) - left, min(height, box[1] + box[3]) - top
    if inner[2] < 2 or inner[3] < 2:
        raise MaskError("the box is too small or outside the photo")
    label = _main_class(segmentation, inner)
    if label is None:
        mask = grab_cut(segmentation.photo.pixels, inner)
        return Picked(mask, *_named(segmentation, mask), "colours")
    mask = _of_class(segmentation, inner, label)
    name = segmentation.taxonomy[label].name
    return Picked(mask, name, _mean(segmentation, mask, label), "model")


def _main_class(segmentation: Segmentation, box: Box) -> int | None:
    """The garment class that fills most of the box; None where none fills enough of it."""
    counts = np.bincount(segmentation.label_map[window_of(box)].ravel(), minlength=256)
    garments = list(segmentation.taxonomy.garments)
    best = max(garments, key=lambda index: int(counts[index]))
    return best if counts[best] >= _LEAST_FILLED * box[2] * box[3] else None


def _of_class(segmentation: Segmentation, box: Box, label: int) -> Mask:
    """Where the class is, or may well be, in the box; and all of each garment of it that lies mostly in the box."""
    mask = np.zeros(segmentation.label_map.shape, np.bool_)
    window = window_of(box)
    share = segmentation.scores.over(box, (box[3], box[2])).share(segmentation.channels.get(label, (label,)))
    free = (segmentation.label_map[window] == label) | (segmentation.label_map[window] == 0)
    mask[window] = (segmentation.label_map[window] == label) | ((share >= _LIKELY) & free)
    for garment in segmentation.garments:
        if garment.index == label and np.count_nonzero(garment.mask[window]) >= _MOSTLY * garment.area:
            mask |= garment.mask
    return mask


def _named(segmentation: Segmentation, mask: Mask) -> tuple[str, float]:
    """The garment class that the scores hold most likely over a mask, and its mean score."""
    best = max(segmentation.taxonomy.garments, key=lambda index: _mean(segmentation, mask, index))
    return segmentation.taxonomy[best].name, _mean(segmentation, mask, best)


def _mean(segmentation: Segmentation, mask: Mask, label: int) -> float:
    height, width = mask.shape
    means = segmentation.scores.mean_over(mask, (0, 0, width, height))
    return float(sum(means[channel] for channel in segmentation.channels.get(label, (label,))))
