"""The result of scoring label maps: scores with intervals, as text, as a dictionary, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ewardrobe.errors import UsageError
from ewardrobe.evaluation.reporting import AnyReport, plain
from ewardrobe.evaluation.scores import MIN_PHOTOS, ClassScore, Counts, Score, score_differences
from ewardrobe.evaluation.tables import Table, number, short

__all__ = ["TITLES", "Report", "SliceScores"]

TITLES = {
    "miou": "mIoU",
    "miou_all": "mIoU, all classes",
    "garment_miou": "garment mIoU",
    "garment_miou_all": "garment mIoU, all classes",
    "foreground_iou": "foreground IoU",
    "pixel_accuracy": "pixel accuracy",
    "fw_iou": "frequency-weighted IoU",
    "f1": "macro F1 (Dice)",
    "f1_all": "macro F1 (Dice), all classes",
    "class_recall": "mean class recall (mean accuracy)",
    "class_recall_all": "mean class recall (mean accuracy), all classes",
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
class Report(AnyReport):
    """Scores of label maps; see `AnyReport` for what all reports have.

    Attributes:
        classes: per class, in index order.
        slices: for worn photos, by axis and value.
        unscored: flat photos whose class is none of the taxonomy's garments, so without a right class.
        counts: the pixel counts of each photo.
    """

    classes: tuple[ClassScore, ...]
    slices: Mapping[str, Mapping[str, SliceScores]]
    unscored: int
    counts: Counts = field(repr=False)

    task: ClassVar[str] = "semantic"
    titles: ClassVar[Mapping[str, str]] = TITLES

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

    def _details(self) -> dict[str, Any]:
        return {
            "unscored": self.unscored,
            "classes": [
                {
                    "name": item.name,
                    "photos": item.photos,
                    "counted": item.counted,
                    "share": item.share,
                    "iou": plain(item.iou),
                    "precision": number(item.precision),
                    "recall": number(item.recall),
                    "f1": plain(item.f1),
                    "boundary_iou": number(item.boundary_iou),
                }
                for item in self.classes
            ],
            "slices": {
                axis: {
                    value: {
                        "photos": part.photos,
                        "classes": list(part.classes),
                        "scores": {name: plain(score) for name, score in part.scores.items()},
                    }
                    for value, part in values.items()
                }
                for axis, values in self.slices.items()
            },
            "confusion": {"labels": list(self.taxonomy.labels), "pixels": self.confusion.tolist()},
        }

    def tables(self) -> list[Table]:
        """Mean scores, classes, slices."""
        return [self._score_table(), self._class_table(), *([self._slice_table()] if self.slices else [])]

    def notes(self) -> list[str]:
        """How many flat photos have no right class."""
        unscored = f"{self.unscored} photos have no right class in {self.taxonomy.name}."
        return [unscored] if self.unscored else []

    def _class_table(self) -> Table:
        header = (
            "class",
            "photos",
            "pixels",
            "IoU [95 %]",
            "precision",
            "recall",
            "F1 [95 %]",
            "boundary IoU",
        )
        rows = tuple(
            (
                item.name + ("" if item.counted else " *"),
                str(item.photos),
                f"{item.share:.2%}",
                str(item.iou),
                short(item.precision),
                short(item.recall),
                str(item.f1),
                short(item.boundary_iou),
            )
            for item in self.classes
        )
        few = f"* fewer than {MIN_PHOTOS} labelled photos: in the means of all classes only."
        return Table("Classes", header, rows, "" if all(item.counted for item in self.classes) else few)

    def _slice_table(self) -> Table:
        rows = []
        names: list[str] = []
        for axis, values in self.slices.items():
            for value, part in values.items():
                names = list(part.scores)
                cells = [str(score) for score in part.scores.values()]
                rows.append((f"{axis}: {value}", str(part.photos), str(len(part.classes)), *cells))
        header = ("slice", "photos", "classes", *(TITLES[name] for name in names))
        return Table("Slices", header, tuple(rows))
