"""The result of an evaluation: scores with intervals, as text, as a dictionary, as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ewardrobe.datasets import BrokenSample, Kind
from ewardrobe.errors import UsageError
from ewardrobe.evaluation.scores import MIN_PHOTOS, ClassScore, Counts, Score, score_differences
from ewardrobe.taxonomy import Taxonomy

__all__ = ["Report", "SliceScores"]

TITLES = {
    "miou": "mIoU",
    "miou_all": "mIoU, all classes",
    "garment_miou": "garment mIoU",
    "garment_miou_all": "garment mIoU, all classes",
    "foreground_iou": "foreground IoU",
    "pixel_accuracy": "pixel accuracy",
    "class_recall": "mean class recall",
    "class_recall_all": "mean class recall, all classes",
    "boundary_miou": "boundary mIoU",
    "boundary_miou_all": "boundary mIoU, all classes",
    "foreground_boundary_iou": "foreground boundary IoU",
    "right_class": "right class",
    "alpha_mae": "alpha MAE",
    "alpha_sad": "alpha SAD (thousands of pixels)",
}


@dataclass(frozen=True, slots=True)
class SliceScores:
    """Scores of the photos of one slice; `classes` enter its means, the same along its axis."""

    photos: int
    classes: tuple[str, ...]
    scores: Mapping[str, Score]


@dataclass(frozen=True)
class Report:
    """Scores of one model on one set of photos, all worn or all flat.

    Attributes:
        model: what was scored.
        dataset: what it was scored on, with the split.
        kind: `worn` or `flat`.
        taxonomy: what labels and predictions were compared in.
        photos: how many were scored.
        scores: by name; see `ewardrobe.evaluation.scores` for the definitions.
        classes: per class, in index order.
        slices: for worn photos, by axis and value.
        unscored: flat photos whose class is none of the taxonomy's garments, so without a right class.
        broken: samples that could not be read; they enter no score.
        counts: the pixel counts of each photo.
        settings: what the numbers depend on besides photos and model.
    """

    model: str
    dataset: str
    kind: Kind
    taxonomy: Taxonomy
    photos: int
    scores: Mapping[str, Score]
    classes: tuple[ClassScore, ...]
    slices: Mapping[str, Mapping[str, SliceScores]]
    unscored: int
    broken: tuple[BrokenSample, ...]
    counts: Counts = field(repr=False)
    settings: Mapping[str, float] = field(default_factory=dict)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Pixels over all photos, int64 (K, K), rows are labels."""
        return np.asarray(self.counts.confusion.sum(axis=0), dtype=np.int64)

    def minus(self, other: Report) -> dict[str, Score]:
        """How much higher each mean score is than `other`'s on the same photos, with paired intervals.

        Raises:
            UsageError: the two reports are not of the same photos and taxonomy.
        """
        ours, theirs = self.counts.confusion.sum(axis=2), other.counts.confusion.sum(axis=2)
        if self.taxonomy.labels != other.taxonomy.labels or not np.array_equal(ours, theirs):
            raise UsageError(
                "two reports are compared on the same photos and in the same taxonomy: score both anew"
            )
        return score_differences(
            self.counts,
            other.counts,
            self.taxonomy,
            resamples=int(self.settings["resamples"]),
            seed=int(self.settings["seed"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold; what could not be measured is `None`."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "kind": self.kind,
            "taxonomy": self.taxonomy.name,
            "photos": self.photos,
            "unscored": self.unscored,
            "broken": [{"id": sample.id, "reason": sample.reason} for sample in self.broken],
            "scores": {name: _plain(score) for name, score in self.scores.items()},
            "classes": [
                {
                    "name": item.name,
                    "photos": item.photos,
                    "counted": item.counted,
                    "share": item.share,
                    "iou": _plain(item.iou),
                    "precision": _number(item.precision),
                    "recall": _number(item.recall),
                    "f1": _number(item.f1),
                    "boundary_iou": _number(item.boundary_iou),
                }
                for item in self.classes
            ],
            "slices": {
                axis: {
                    value: {
                        "photos": part.photos,
                        "classes": list(part.classes),
                        "scores": {name: _plain(score) for name, score in part.scores.items()},
                    }
                    for value, part in values.items()
                }
                for axis, values in self.slices.items()
            },
            "confusion": {"labels": list(self.taxonomy.labels), "pixels": self.confusion.tolist()},
            "settings": dict(self.settings),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def table(self) -> str:
        """The report as Markdown that reads well as plain text."""
        parts = [
            f"{self.model} on {self.dataset}: {self.photos} {self.kind} photos, in {self.taxonomy.name}",
            _grid(["score", "value [95 % interval]"], [[TITLES[n], str(s)] for n, s in self.scores.items()]),
            self._class_table(),
        ]
        if any(not item.counted for item in self.classes):
            parts.append(f"\\* fewer than {MIN_PHOTOS} labelled photos: in the means of all classes only.")
        if self.slices:
            parts.append(self._slice_table())
        if self.unscored:
            parts.append(f"{self.unscored} photos have no right class in {self.taxonomy.name}.")
        if self.broken:
            listed = "\n".join(f"- {sample}" for sample in self.broken)
            parts.append(f"{len(self.broken)} samples could not be read and were not scored:\n{listed}")
        return "\n\n".join(parts) + "\n"

    def _class_table(self) -> str:
        header = ["class", "photos", "pixels", "IoU [95 %]", "precision", "recall", "F1", "boundary IoU"]
        rows = [
            [
                item.name + ("" if item.counted else " \\*"),
                str(item.photos),
                f"{item.share:.2%}",
                str(item.iou),
                *(_short(v) for v in (item.precision, item.recall, item.f1, item.boundary_iou)),
            ]
            for item in self.classes
        ]
        return _grid(header, rows)

    def _slice_table(self) -> str:
        rows = []
        names: list[str] = []
        for axis, values in self.slices.items():
            for value, part in values.items():
                names = list(part.scores)
                cells = [str(score) for score in part.scores.values()]
                rows.append([f"{axis}: {value}", str(part.photos), str(len(part.classes)), *cells])
        return _grid(["slice", "photos", "classes", *(TITLES[name] for name in names)], rows)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _plain(score: Score) -> dict[str, float | None]:
    return {"value": _number(score.value), "low": _number(score.low), "high": _number(score.high)}


def _short(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _grid(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table whose columns line up; all but the first are right-aligned."""
    table = [header, *rows]
    widths = [max(3, *(len(row[column]) for row in table)) for column in range(len(header))]

    def line(cells: list[str]) -> str:
        padded = [
            cells[0].ljust(widths[0]),
            *(c.rjust(w) for c, w in zip(cells[1:], widths[1:], strict=True)),
        ]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(header), line(rule), *map(line, rows)])
