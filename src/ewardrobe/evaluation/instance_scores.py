"""Average precision and recall from matched detections, for the photos as they are and for resamples of them.

A photo that a resample draws twice counts twice, in every sum over detections and over objects. So the detections
are matched once, sorted once, and each resample is a weighted sum: the result is that of evaluating the resampled
set of photos anew, but for the order among equal scores of different photos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ewardrobe.evaluation.instance_matching import AREAS, IGNORED, IOUS, MOST, RIGHT, Matches

__all__ = ["MOST_FOUND", "ClassMatches", "average_precision", "average_recall"]

MOST_FOUND = (1, 10, MOST)
"""How many detections of a class count in a photo, for the recalls."""

_RECALLS = np.linspace(0, 1, 101)
_CELLS = 4_000_000  # numbers held at once while resampling: 32 MB

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassMatches:
    """The detections of one class over all photos, by falling score.

    Attributes:
        photo: number of the photo of each detection, (D,).
        rank: its place among the detections of its class in its photo, (D,).
        states: uint8 (areas, IoUs, D), as in `Matches`.
        objects: int64 (photos, areas), objects to be found.
    """

    photo: NDArray[np.intp]
    rank: NDArray[np.intp]
    states: NDArray[np.uint8]
    objects: NDArray[np.int64]

    @classmethod
    def of(cls, photos: int, found: Sequence[tuple[int, Array, Matches]]) -> ClassMatches:
        """From (number of the photo, scores by falling score, matches) of those of `photos` that have the class."""
        objects = np.zeros((photos, len(AREAS)), dtype=np.int64)
        for number, _, matches in found:
            objects[number] = matches.objects
        scores = np.concatenate([np.empty(0), *(values for _, values, _ in found)])
        order = np.argsort(-scores, kind="stable")
        empty = np.empty((len(AREAS), len(IOUS), 0), dtype=np.uint8)
        states = np.concatenate([empty, *(matches.states for _, _, matches in found)], axis=2)
        photo = np.repeat([number for number, _, _ in found], [len(values) for _, values, _ in found])
        rank = np.concatenate([np.empty(0, np.intp), *(np.arange(len(values)) for _, values, _ in found)])
        return cls(photo.astype(np.intp)[order], rank[order], states[..., order], objects)


def average_precision(found: ClassMatches, weights: Array) -> Array:
    """Average precision over 101 recalls, float64 (R, areas, IoUs), of R sets of photos; NaN without objects.

    `weights`, float64 (R, photos), says how often each photo is in each set.
    """
    result = np.full((len(weights), len(AREAS), len(IOUS)), np.nan)
    step = max(1, _CELLS // max(1, len(found.photo)))
    for start in range(0, len(weights), step):
        part = weights[start : start + step]
        objects = part @ found.objects
        drawn = part[:, found.photo]
        for area in range(len(AREAS)):
            some = objects[:, area] > 0
            for iou in range(len(IOUS)):
                state = found.states[area, iou]
                precision = _one_precision(state, drawn[some], objects[some, area])
                result[start : start + step][some, area, iou] = precision
    return result


def _one_precision(state: NDArray[np.uint8], drawn: Array, objects: Array) -> Array:
    right = np.flatnonzero(state == RIGHT)
    if not right.size:
        return np.zeros(len(drawn))
    # Precision is looked up where recall rises, which is only at right detections.
    counted = drawn[:, : right[-1] + 1] * (state[: right[-1] + 1] != IGNORED)
    seen = counted.cumsum(axis=1)[:, right]
    hits = drawn[:, right].cumsum(axis=1)
    precision = hits / np.maximum(seen, 1)  # none seen, none right
    best_after = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    reached = np.searchsorted(_RECALLS, hits / objects[:, None], side="right")
    share = np.diff(reached, axis=1, prepend=0)
    return np.asarray((best_after * share).sum(axis=1) / len(_RECALLS))


def average_recall(found: ClassMatches, weights: Array) -> Array:
    """Share of objects found, mean over IoUs, float64 (R, areas, `MOST_FOUND`); NaN without objects."""
    photos = len(found.objects)
    objects = weights @ found.objects
    result = np.full((len(weights), len(AREAS), len(MOST_FOUND)), np.nan)
    for area in range(len(AREAS)):
        some = objects[:, area] > 0
        right = (found.states[area] == RIGHT).mean(axis=0)
        for place, most in enumerate(MOST_FOUND):
            within = found.rank < most
            hits = np.bincount(found.photo[within], right[within], minlength=photos)
            result[some, area, place] = (weights[some] @ hits) / objects[some, area]
    return result
