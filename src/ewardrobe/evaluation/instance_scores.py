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

    `weights`, float64 (R, photos), says how often each photo is in each set: whole numbers.
    """
    result = np.full((len(weights), len(AREAS), len(IOUS)), np.nan)
    step = max(1, _CELLS // max(1, len(found.photo)))
    for start in range(0, len(weights), step):
        part = weights[start : start + step].T
        objects = found.objects.T @ part
        # Sets along the last axis, so that sums run over whole rows; float32 counts exactly up to 16 million.
        drawn = part.astype(np.float32)[found.photo]
        for area in np.flatnonzero(found.objects.any(axis=0)):
            precision = _precisions(found.states[area], drawn, objects[area])
            result[start : start + step, area] = precision.T
    return result


def _precisions(states: NDArray[np.uint8], drawn: NDArray[np.float32], objects: Array) -> Array:
    """(IoUs, R), from states (IoUs, D), the weights of the detections (D, R) and how many objects there are (R,)."""
    result = np.where(objects > 0, 0.0, np.nan) * np.ones((len(states), 1))
    counted = np.empty(0, dtype=np.intp)
    for iou, state in enumerate(states):
        right = np.flatnonzero(state == RIGHT)
        if not right.size:
            continue
        live = np.flatnonzero(state != IGNORED)
        if not np.array_equal(live, counted):
            counted, sums = live, drawn[live].cumsum(axis=0)
        # Precision is looked up where recall rises, which is only at right detections.
        seen = sums[np.searchsorted(live, right)].astype(np.float64)
        hits = drawn[right].cumsum(axis=0).astype(np.float64)
        precision = hits / np.maximum(seen, 1)  # none seen, none right
        best_after = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
        reached = np.searchsorted(_RECALLS, hits / np.maximum(objects, 1), side="right")
        share = np.diff(reached, axis=0, prepend=0)
        result[iou] += (best_after * share).sum(axis=0) / len(_RECALLS)
    return result


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
