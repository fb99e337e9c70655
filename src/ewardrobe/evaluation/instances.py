"""`InstanceScorer`: COCO average precision of masks and boxes, photo by photo, with intervals over photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ewardrobe.errors import DatasetError, MaskError
from ewardrobe.evaluation.instance_matching import AREAS, IOUS, MOST, Matches, match
from ewardrobe.evaluation.instance_scores import ClassMatches, average_precision, average_recall
from ewardrobe.evaluation.scores import RESAMPLES, Score, interval, resample_weights
from ewardrobe.imaging import RLE, encode_rle
from ewardrobe.taxonomy import IGNORE, Taxonomy

__all__ = ["InstanceScorer", "InstanceScores"]

Shape = Literal["mask", "box"]
SHAPES: tuple[Shape, ...] = ("mask", "box")
Array = NDArray[np.float64]

_AREA = {"": 0, "_small": 1, "_medium": 2, "_large": 3}
_IOU = {
    "50": int(np.flatnonzero(np.isclose(IOUS, 0.5))[0]),
    "75": int(np.flatnonzero(np.isclose(IOUS, 0.75))[0]),
}


@dataclass(frozen=True)
class InstanceScores:
    """Average precision and recall of each class for R sets of photos, NaN where a class has no object.

    Attributes:
        precision: float64 (classes, R, areas, IoUs).
        recall: float64 (classes, R, areas, most found: 1, 10, 100).
        garments: which classes are garments.
    """

    precision: Array
    recall: Array
    garments: NDArray[np.bool_]

    def named(self) -> dict[str, Array]:
        """The means over classes by name, float64 (R,) each."""
        found = {"ap": self.precision[:, :, 0]}
        found |= {f"ap{suffix}": self.precision[:, :, 0, iou] for suffix, iou in _IOU.items()}
        found |= {f"ap{suffix}": self.precision[:, :, area] for suffix, area in _AREA.items()}
        found |= {"ar1": self.recall[:, :, 0, 0], "ar10": self.recall[:, :, 0, 1]}
        found |= {f"ar{suffix}": self.recall[:, :, area, 2] for suffix, area in _AREA.items()}
        if not self.garments[1:].all():
            found |= {f"garment_{name}": found[name][self.garments] for name in ("ap", "ap50")}
        return {name: _mean(values) for name, values in found.items()}


def _mean(values: Array) -> Array:
    """Mean over the first axis and what follows the second, without NaN, (R,); NaN where there is nothing else."""
    rows = np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
    known = ~np.isnan(rows)
    total = np.where(known, rows, 0.0).sum(axis=1)
    means: Array = np.full(len(rows), np.nan)
    np.divide(total, known.sum(axis=1), out=means, where=known.any(axis=1))
    return means


@dataclass
class InstanceScorer:
    """Collects detections, matched with the true objects of each photo as they come; no mask is kept.

    Matching and averaging are those of the COCO evaluation (see `instance_matching`), for masks and for boxes. Equal
    scores count in the order in which photos were added.
    """

    taxonomy: Taxonomy
    image_ids: list[Any] = field(default_factory=list)
    _found: dict[Shape, dict[int, list[tuple[int, Array, Matches]]]] = field(
        default_factory=lambda: {shape: {} for shape in SHAPES}, repr=False
    )

    def add(self, image_id: Any, targets: Mapping[str, Any], detections: Mapping[str, Any]) -> None:
        """Match one photo.

        Both sides have `boxes`, float (n, 4), x0, y0, x1, y1 in pixels; `labels`, int (n,), taxonomy indices from
        1; and `masks`, bool (n, H, W) or a list of n COCO RLEs. Detections have `scores`, float (n,). Targets may
        have `crowd`, bool (n,), and `areas`, float (n,), that of the mask where it is left out. A target of label
        255 is a place of which nothing is known: a detection there that finds no object counts nowhere.

        Raises:
            MaskError: lists of unlike lengths, a label that is no class, a score that is no number.
        """
        truth, found = _Side.of(targets, "targets"), _Side.of(detections, "detections")
        scores = np.asarray(detections["scores"], dtype=np.float64).reshape(-1)
        if len(scores) != len(found) or not np.isfinite(scores).all():
            raise MaskError(f"{len(found)} detections need as many scores, and each a number")
        crowd = np.asarray(targets.get("crowd", np.zeros(len(truth))), dtype=bool).reshape(-1)
        areas = targets.get("areas")
        object_areas = truth.areas if areas is None else np.asarray(areas, dtype=np.float64).reshape(-1)
        if not len(crowd) == len(object_areas) == len(truth):
            raise MaskError(f"crowd and areas of {len(truth)} targets need as many values")
        known = [*range(1, len(self.taxonomy)), IGNORE]
        if not (np.isin(truth.labels, known).all() and np.isin(found.labels, known[:-1]).all()):
            raise MaskError(f"a label is no class of {self.taxonomy.name}: they are 1 to {known[-2]}")
        number = len(self.image_ids)
        for label in np.union1d(truth.labels[truth.labels != IGNORE], found.labels).tolist():
            mine = np.flatnonzero((truth.labels == label) | (truth.labels == IGNORE))
            order = np.flatnonzero(found.labels == label)
            order = order[np.argsort(-scores[order], kind="stable")][:MOST]
            nobody = crowd[mine] | (truth.labels[mine] == IGNORE)
            for shape in SHAPES:
                matches = match(
                    _overlaps(shape, found, order, truth, mine, nobody),
                    object_areas[mine],
                    nobody,
                    found.areas[order] if shape == "mask" else found.box_areas[order],
                )
                self._found[shape].setdefault(label, []).append((number, scores[order], matches))
        self.image_ids.append(image_id)

    def __len__(self) -> int:
        return len(self.image_ids)

    def measure(self, shape: Shape, weights: Array) -> InstanceScores:
        """All averages for R sets of photos; `weights`, (R, photos), says how often each photo is in each."""
        sets, classes = len(weights), len(self.taxonomy)
        precision = np.full((classes, sets, len(AREAS), len(IOUS)), np.nan)
        recall = np.full((classes, sets, len(AREAS), 3), np.nan)
        for label, found in self._found[shape].items():
            matches = ClassMatches.of(len(self), found)
            precision[label] = average_precision(matches, weights)
            recall[label] = average_recall(matches, weights)
        garments = np.isin(np.arange(classes), self.taxonomy.garments)
        return InstanceScores(precision, recall, garments)

    def scores(self) -> dict[str, float]:
        """The means over classes by name: `ap`, `ap50`, `ap75`, ... of masks, `box_ap`, ... of boxes."""
        return {name: score.value for name, score in self.intervals(resamples=0).items()}

    def intervals(self, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Score]:
        """The same with bootstrap 95 % intervals over photos."""
        return self.summary(resamples=resamples, seed=seed)[0]

    def summary(
        self, *, resamples: int = RESAMPLES, seed: int = 0
    ) -> tuple[dict[str, Score], dict[Shape, InstanceScores]]:
        """Means with intervals, and all averages of each class; their first set are the photos as they are.

        Raises:
            DatasetError: no photo was added.
        """
        if not self.image_ids:
            raise DatasetError("no photo was added: there is nothing to score")
        weights = np.vstack([np.ones((1, len(self))), resample_weights(len(self), resamples, seed)])
        scores: dict[str, Score] = {}
        measured: dict[Shape, InstanceScores] = {}
        for shape in SHAPES:
            measured[shape] = self.measure(shape, weights)
            prefix = "" if shape == "mask" else "box_"
            for name, values in measured[shape].named().items():
                scores[prefix + name] = interval(float(values[0]), values[1:])
        return scores, measured

    @property
    def last_photo(self) -> float:
        """Mask AP of the photo added last, taken for itself; NaN where it has no object."""
        number = len(self) - 1
        found = [
            ClassMatches.of(1, [(0, *part[1:]) for part in parts if part[0] == number])
            for parts in (matches[-1:] for matches in self._found["mask"].values())
        ]
        precision = np.stack([average_precision(item, np.ones((1, 1))) for item in found]) if found else None
        return float("nan") if precision is None else float(_mean(precision[:, :, 0])[0])

    def objects(self, label: int) -> NDArray[np.int64]:
        """How many objects of a class each photo has that has any, or any detection, int64."""
        found = self._found["mask"].get(label, [])
        return np.array([matches.objects[0] for _, _, matches in found], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Side:
    """Objects or detections of one photo."""

    boxes: Array
    labels: NDArray[np.int64]
    masks: list[RLE]
    areas: Array

    @classmethod
    def of(cls, given: Mapping[str, Any], what: str) -> _Side:
        from pycocotools import mask as coco

        labels = np.asarray(given["labels"], dtype=np.int64).reshape(-1)
        boxes = np.asarray(given["boxes"], dtype=np.float64).reshape(-1, 4)
        masks = _runs(given["masks"])
        if not len(labels) == len(boxes) == len(masks):
            raise MaskError(f"{what} have {len(labels)} labels, {len(boxes)} boxes and {len(masks)} masks")
        areas = coco.area(masks) if masks else []
        boxes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
        return cls(boxes, labels, masks, np.asarray(areas, dtype=np.float64))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def box_areas(self) -> Array:
        return np.asarray(self.boxes[:, 2] * self.boxes[:, 3], dtype=np.float64)


def _runs(masks: NDArray[np.bool_] | Sequence[RLE]) -> list[RLE]:
    if isinstance(masks, np.ndarray):
        return [encode_rle(mask.astype(bool)) for mask in masks]
    return list(masks)


def _overlaps(
    shape: Shape,
    found: _Side,
    chosen: NDArray[np.intp],
    truth: _Side,
    mine: NDArray[np.intp],
    crowd: NDArray[np.bool_],
) -> Array:
    """Intersection over union, (detections, objects), as pycocotools computes it."""
    from pycocotools import mask as coco

    if not len(chosen) or not len(mine):
        return np.zeros((len(chosen), len(mine)))
    ones: Any
    others: Any
    if shape == "mask":
        ones, others = [found.masks[i] for i in chosen], [truth.masks[i] for i in mine]
    else:
        ones, others = found.boxes[chosen], truth.boxes[mine]
    return np.asarray(coco.iou(ones, others, crowd.astype(np.uint8).tolist()), dtype=np.float64)
