"""Which detections of one photo are right: the greedy matching of the COCO evaluation.

Lin et al., *Microsoft COCO: Common Objects in Context*, ECCV 2014; https://cocodataset.org/#detection-eval. The
rules are those of `pycocotools.cocoeval`: detections are taken by falling score, each takes the free object that it
overlaps most, an object that is to be ignored only if no other is left, and a crowd may be taken many times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["AREAS", "IGNORED", "IOUS", "MOST", "RIGHT", "WRONG", "Matches", "match"]

IOUS = np.linspace(0.5, 0.95, 10)
"""Overlaps from which a detection is right, each a score of its own."""

AREAS = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""Ranges of an object's area in pixels."""

MOST = 100
"""Detections of one class that count in one photo."""

WRONG, RIGHT, IGNORED = 0, 1, 2

_LOWER = np.array([low for low, _ in AREAS.values()])
_UPPER = np.array([high for _, high in AREAS.values()])


@dataclass(frozen=True, slots=True)
class Matches:
    """One class in one photo: what became of its detections, best first.

    `states` is uint8 (areas, IoUs, detections) of WRONG, RIGHT, IGNORED; `objects` int64 (areas,), how many
    objects there are to be found.
    """

    states: NDArray[np.uint8]
    objects: NDArray[np.int64]


def match(
    overlaps: NDArray[np.float64],
    object_areas: NDArray[np.float64],
    crowd: NDArray[np.bool_],
    found_areas: NDArray[np.float64],
) -> Matches:
    """Match the detections of one class, best first, with its objects.

    Args:
        overlaps: (detections, objects), intersection over union; with a crowd, over the detection alone.
        object_areas: of the objects, in pixels.
        crowd: which objects are crowds, that need not be found and may be taken many times.
        found_areas: of the detections, in pixels.
    """
    detections, objects = len(found_areas), len(object_areas)
    ignored = _outside(object_areas) | crowd  # (areas, objects)
    states = np.zeros((len(AREAS), len(IOUS), detections), dtype=np.uint8)
    states[_outside(found_areas)[:, None].repeat(len(IOUS), axis=1)] = IGNORED
    free = np.ones((len(AREAS), len(IOUS), objects), dtype=np.bool_)
    least = np.minimum(IOUS, 1 - 1e-10)
    for place in range(detections):
        overlap = overlaps[place] if objects else np.empty(0)
        if not objects or overlap.max() < least[0]:
            continue
        usable = (overlap >= least[:, None]) & (free | crowd)
        wanted = usable & ~ignored[:, None]
        chosen = np.where(wanted.any(axis=2, keepdims=True), wanted, usable)
        # Of equal overlaps the last counts, as in pycocotools.
        best = objects - 1 - np.where(chosen, overlap, -1.0)[..., ::-1].argmax(axis=2)
        area, iou = np.nonzero(chosen.any(axis=2))
        taken = best[area, iou]
        free[area, iou, taken] = False
        states[area, iou, place] = np.where(ignored[area, taken], IGNORED, RIGHT)
    return Matches(states, (~ignored).sum(axis=1).astype(np.int64))


def _outside(areas: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which areas are outside each range, (ranges, areas); either end belongs to a range."""
    return (areas < _LOWER[:, None]) | (areas > _UPPER[:, None])
