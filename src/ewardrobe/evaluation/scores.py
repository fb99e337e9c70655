"""Scores from pixel counts, each with a bootstrap interval over photos.

The words mean what the design says: *mIoU* is the mean over all classes present in the labels, *garment mIoU*
the same without background, hair and skin, *foreground IoU* all but background as one class. A class with
fewer than `MIN_PHOTOS` labelled photos is left out of the means; every mean is also given with such classes,
named `..._all`. docs/reference/scores.md defines each score and names its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ewardrobe.taxonomy import Taxonomy

__all__ = [
    "MIN_PHOTOS",
    "RESAMPLES",
    "ClassScore",
    "Counts",
    "Score",
    "Tally",
    "class_scores",
    "interval",
    "mean_scores",
    "means_over_photos",
    "resample_weights",
    "score_differences",
]

MIN_PHOTOS = 10
"""Labelled photos below which a class is listed and marked, and left out of the means."""

RESAMPLES = 1000
"""Bootstrap resamples over photos; the interval is their 2.5th to 97.5th percentile."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """A value with its bootstrap 95 % interval over photos; NaN where nothing could be measured."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return "-" if np.isnan(self.value) else f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How well one class is found. `counted`: it has enough labelled photos to enter the means.

    `share` is its part of all labelled pixels. IoU, precision, recall and F1 (which is Dice) are over pixels;
    `boundary_iou` is over the pixels near outlines.
    """

    name: str
    photos: int
    counted: bool
    share: float
    iou: Score
    precision: float
    recall: float
    f1: Score
    boundary_iou: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Pixel counts of photos, photos along the first axis.

    `confusion`: int64 (N, K, K), rows are labels. `boundary`: int64 (N, K + 1, 2), intersection and union of
    the boundaries of each class and, last, of the foreground.
    """

    confusion: NDArray[np.int64]
    boundary: NDArray[np.int64]

    def select(self, photos: NDArray[np.intp]) -> Counts:
        """The counts of some of the photos."""
        return Counts(self.confusion[photos], self.boundary[photos])

    @property
    def labelled_photos(self) -> NDArray[np.int64]:
        """How many photos have labelled pixels of each class, int64 (K,)."""
        return np.asarray((self.confusion.sum(axis=2) > 0).sum(axis=0), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts summed over photos, for the photos as they are or for R resamples of them at once.

    `true`, `labelled`, `predicted`: float64 (R, K) pixels of each class that are right, labelled, predicted.
    `foreground`: float64 (R, 2), intersection and union of all but background. `boundary`: float64 (R, K + 1,
    2).
    """

    true: Array
    labelled: Array
    predicted: Array
    foreground: Array
    boundary: Array

    @classmethod
    def of(cls, counts: Counts, weights: Array | None = None) -> Tally:
        """Sum over photos, `weights` (R, N) saying how often each counts; once each when `None`."""
        confusion = counts.confusion
        if weights is None:
            weights = np.ones((1, len(confusion)))
        whole = confusion.sum(axis=(1, 2))
        foreground = np.stack([confusion[:, 1:, 1:].sum(axis=(1, 2)), whole - confusion[:, 0, 0]], axis=1)
        boundary = counts.boundary.reshape(len(confusion), -1)
        return cls(
            true=weights @ np.diagonal(confusion, axis1=1, axis2=2),
            labelled=weights @ confusion.sum(axis=2),
            predicted=weights @ confusion.sum(axis=1),
            foreground=weights @ foreground,
            boundary=(weights @ boundary).reshape(len(weights), *counts.boundary.shape[1:]),
        )

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which classes have labelled pixels, (R, K)."""
        return self.labelled > 0

    @property
    def iou(self) -> Array:
        """Intersection over union of each class, (R, K); NaN where the class is not in the labels."""
        union = self.labelled + self.predicted - self.true
        return _ratio(self.true, np.where(self.present, union, 0))

    @property
    def recall(self) -> Array:
        """Share of a class's labelled pixels that are found, (R, K)."""
        return _ratio(self.true, self.labelled)

    @property
    def precision(self) -> Array:
        """Share of a class's predicted pixels that are right, (R, K); NaN where it is never predicted."""
        return _ratio(self.true, self.predicted)

    @property
    def f1(self) -> Array:
        """Harmonic mean of precision and recall, which is the Dice coefficient, (R, K)."""
        return _ratio(2 * self.true, np.where(self.present, self.labelled + self.predicted, 0))

    @property
    def weighted_iou(self) -> Array:
        """IoU averaged over the classes by their labelled pixels, (R,)."""
        iou = np.where(self.present, np.nan_to_num(self.iou), 0.0)
        return _ratio((iou * self.labelled).sum(axis=1), self.labelled.sum(axis=1))

    @property
    def boundary_iou(self) -> Array:
        """Boundary IoU of each class, (R, K); NaN where the class is not in the labels."""
        return _ratio(self.boundary[:, :-1, 0], np.where(self.present, self.boundary[:, :-1, 1], 0))


def _ratio(part: Array, whole: Array) -> Array:
    ratio = np.full(part.shape, np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


def _mean(values: Array, chosen: NDArray[np.bool_]) -> Array:
    """Mean of the chosen columns that are not NaN, (R,)."""
    usable = chosen & ~np.isnan(values)
    return _ratio(np.where(usable, values, 0.0).sum(axis=1), usable.sum(axis=1).astype(np.float64))


def resample_weights(photos: int, resamples: int, seed: int) -> Array:
    """How often each photo is drawn in each resample with replacement: float64 (resamples, photos)."""
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(photos, np.full(photos, 1 / photos), size=resamples)
    return np.asarray(drawn, dtype=np.float64)


def interval(value: float, resampled: Array) -> Score:
    """A value with the 2.5th and 97.5th percentile of its resamples, less those that are NaN."""
    resampled = resampled[~np.isnan(resampled)]
    if np.isnan(value) or not resampled.size:
        return Score(value, float("nan"), float("nan"))
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Score(value, float(low), float(high))


def _definitions(taxonomy: Taxonomy, counted: NDArray[np.bool_]) -> dict[str, Callable[[Tally], Array]]:
    everything = np.ones(len(taxonomy), dtype=np.bool_)
    garments = np.isin(np.arange(len(taxonomy)), taxonomy.garments)
    return {
        "miou": lambda t: _mean(t.iou, counted),
        "miou_all": lambda t: _mean(t.iou, everything),
        "garment_miou": lambda t: _mean(t.iou, counted & garments),
        "garment_miou_all": lambda t: _mean(t.iou, garments),
        "foreground_iou": lambda t: _ratio(t.foreground[:, 0], t.foreground[:, 1]),
        "pixel_accuracy": lambda t: _ratio(t.true.sum(axis=1), t.labelled.sum(axis=1)),
        "fw_iou": lambda t: t.weighted_iou,
        "f1": lambda t: _mean(t.f1, counted),
        "f1_all": lambda t: _mean(t.f1, everything),
        "class_recall": lambda t: _mean(t.recall, counted),
        "class_recall_all": lambda t: _mean(t.recall, everything),
        "boundary_miou": lambda t: _mean(t.boundary_iou, counted),
        "boundary_miou_all": lambda t: _mean(t.boundary_iou, everything),
        "foreground_boundary_iou": lambda t: _ratio(t.boundary[:, -1, 0], t.boundary[:, -1, 1]),
    }


def mean_scores(
    counts: Counts,
    taxonomy: Taxonomy,
    *,
    counted: NDArray[np.bool_] | None = None,
    names: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Score]:
    """The scores of a set of photos by name, with intervals.

    Args:
        counts: of the photos.
        taxonomy: of the counts; class 0 is the background.
        counted: bool (K,), the classes that enter the means; those with `MIN_PHOTOS` labelled photos when
            `None`.
        names: which scores; all when `None`.
        resamples: how many times the photos are drawn anew for the intervals.
        seed: of the draw.
    """
    if counted is None:
        counted = counts.labelled_photos >= MIN_PHOTOS
    whole = Tally.of(counts)
    drawn = Tally.of(counts, resample_weights(len(counts.confusion), resamples, seed))
    definitions = _definitions(taxonomy, counted)
    return {
        name: interval(float(definitions[name](whole)[0]), definitions[name](drawn))
        for name in (names or definitions)
    }


def means_over_photos(
    columns: Mapping[str, Sequence[float]], *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Score]:
    """The mean of each column of numbers, one for each photo, with its interval.

    NaN stands for a photo without that number; a column of nothing else is left out.
    """
    photos = len(next(iter(columns.values()), ()))
    weights = resample_weights(photos, resamples, seed) if photos else np.ones((1, 0))
    scores = {}
    for name, column in columns.items():
        values = np.asarray(column, dtype=np.float64)
        known = ~np.isnan(values)
        if known.any():
            drawn = weights[:, known]
            means = _ratio(drawn @ values[known], drawn.sum(axis=1))
            scores[name] = interval(float(values[known].mean()), means)
    return scores


def score_differences(
    first: Counts, second: Counts, taxonomy: Taxonomy, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Score]:
    """How much higher each score of `first` is than that of `second`, with intervals of the difference.

    Both are counts of the same photos, which are drawn together: what makes a photo hard for both cancels out.
    """
    weights = resample_weights(len(first.confusion), resamples, seed)
    tallies = [(Tally.of(counts), Tally.of(counts, weights)) for counts in (first, second)]
    (first_whole, first_drawn), (second_whole, second_drawn) = tallies
    return {
        name: interval(
            float((score(first_whole) - score(second_whole))[0]), score(first_drawn) - score(second_drawn)
        )
        for name, score in _definitions(taxonomy, first.labelled_photos >= MIN_PHOTOS).items()
    }


def class_scores(
    counts: Counts, taxonomy: Taxonomy, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[ClassScore, ...]:
    """Scores of each class that has labelled pixels or was predicted, in index order."""
    whole = Tally.of(counts)
    drawn = Tally.of(counts, resample_weights(len(counts.confusion), resamples, seed))
    iou, f1 = drawn.iou, drawn.f1
    photos = counts.labelled_photos
    return tuple(
        ClassScore(
            name=item.name,
            photos=int(photos[k]),
            counted=bool(photos[k] >= MIN_PHOTOS),
            share=float(whole.labelled[0, k] / max(1.0, whole.labelled[0].sum())),
            iou=interval(float(whole.iou[0, k]), iou[:, k]),
            precision=float(whole.precision[0, k]),
            recall=float(whole.recall[0, k]),
            f1=interval(float(whole.f1[0, k]), f1[:, k]),
            boundary_iou=float(whole.boundary_iou[0, k]),
        )
        for k, item in enumerate(taxonomy)
        if whole.labelled[0, k] or whole.predicted[0, k]
    )
