"""Scores of soft masks: background removal and matting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ewardrobe.datasets import Sample
from ewardrobe.errors import UsageError
from ewardrobe.evaluation.gallery import Gallery, alpha_pictures
from ewardrobe.evaluation.matting import (
    absolute_error,
    gradient_error,
    mean_squared_error,
    s_measure,
    weighted_f,
)
from ewardrobe.evaluation.reporting import AnyReport
from ewardrobe.evaluation.running import (
    LabelMap,
    PhotoRun,
    Prediction,
    Predictor,
    Samples,
    WithAlpha,
    between,
    labels_of,
    name_of,
)
from ewardrobe.evaluation.scores import RESAMPLES, Score, means_over_photos
from ewardrobe.evaluation.tables import Table, number
from ewardrobe.taxonomy import IGNORE, Taxonomy, load

__all__ = ["MattingReport", "MattingScorer", "evaluate_matting"]

Alpha = NDArray[np.floating]

TITLES = {
    "mae": "MAE",
    "weighted_f": "weighted F",
    "s_measure": "S-measure",
    "sad": "SAD (thousands of pixels)",
    "mse": "MSE",
    "gradient": "gradient (thousands)",
}


@dataclass
class MattingScorer:
    """Collects the six measures of soft masks, photo by photo; `ewardrobe.evaluation.matting` defines them."""

    values: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TITLES})

    def add(self, alpha: Alpha, predicted: Alpha) -> None:
        """Measure one photo: the true and the predicted alpha, float (H, W) in 0..1; MaskError when sizes differ."""
        mae, sad = absolute_error(predicted, alpha)
        found = {
            "mae": mae,
            "weighted_f": weighted_f(predicted, alpha),
            "s_measure": s_measure(predicted, alpha),
            "sad": sad,
            "mse": mean_squared_error(predicted, alpha),
            "gradient": gradient_error(predicted, alpha),
        }
        for name, value in found.items():
            self.values[name].append(value)

    def __len__(self) -> int:
        return len(self.values["mae"])

    def scores(self) -> dict[str, float]:
        """The mean of each measure over the photos that have it (a photo without foreground has no weighted F)."""
        return {name: score.value for name, score in self.intervals(resamples=1).items()}

    def intervals(self, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Score]:
        """The same with bootstrap 95 % intervals over photos."""
        return means_over_photos(self.values, resamples=resamples, seed=seed)


@dataclass(frozen=True)
class MattingReport(AnyReport):
    """Scores of soft masks; see `AnyReport` for what all reports have.

    Attributes:
        per_photo: each measure of each photo, in order; NaN where a photo does not have it.
        ids: of the photos.
    """

    per_photo: Mapping[str, list[float]] = field(repr=False)
    ids: tuple[str, ...] = field(repr=False)

    task: ClassVar[str] = "matting"
    titles: ClassVar[Mapping[str, str]] = TITLES

    def tables(self) -> list[Table]:
        """The mean measures."""
        return [self._score_table()]

    def _details(self) -> dict[str, Any]:
        return {
            "per_photo": [
                {"id": sample_id, **{name: number(values[place]) for name, values in self.per_photo.items()}}
                for place, sample_id in enumerate(self.ids)
            ]
        }


def evaluate_matting(
    segmenter: Predictor,
    samples: Samples,
    *,
    taxonomy: str | None = None,
    name: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    on_photo: Callable[[Sample], None] | None = None,
    gallery: Gallery | None = None,
) -> MattingReport:
    """Score the soft mask of all that is not background, at each photo's own size.

    The truth is the sample's alpha where it has one, else all labelled pixels but the background. Pixels whose
    label is ignored, in the file or by the map onto `taxonomy`, are taken as right.

    Args:
        segmenter: a model whose predictions have `person_alpha()`, such as a `Segmenter`.
        samples: an opened dataset, or samples of one, worn or flat.
        taxonomy: labels are mapped to it first: what is background there is no foreground. The labels' own when
            `None`.
        name: what the report calls the model; its own name when `None`.
        resamples: bootstrap resamples over photos for the 95 % intervals.
        seed: of the resamples.
        on_photo: called after each sample, for progress.
        gallery: is given each photo with its S-measure, and keeps the best and the worst.

    Raises:
        DatasetError: no sample could be scored, or worn and flat photos come mixed.
        TaxonomyError: the labels have no map to `taxonomy`.
        UsageError: the model gives no alpha.
    """
    photos = PhotoRun(segmenter, samples, on_photo)
    scorer = MattingScorer()
    ids: list[str] = []
    target: Taxonomy | None = None
    for sample, photo, labels, prediction in photos:
        labelled = labels_of(samples, sample)
        to_target = between(labelled, labelled if taxonomy is None else load(taxonomy))
        target = to_target.target
        predicted = _predicted_alpha(prediction)
        truth = _true_alpha(sample, to_target.apply(labels), predicted)
        scorer.add(truth, predicted)
        ids.append(sample.id)
        if gallery is not None:
            gallery.add(sample.id, scorer.values["s_measure"][-1], alpha_pictures(photo, truth, predicted))
    assert target is not None and photos.kind is not None  # PhotoRun raises where there is no photo
    return MattingReport(
        model=name or name_of(segmenter),
        dataset=photos.set_name,
        kind=photos.kind,
        taxonomy=target,
        photos=len(scorer),
        scores=scorer.intervals(resamples=resamples, seed=seed),
        broken=tuple(photos.broken),
        settings={"resamples": resamples, "seed": seed},
        per_photo=scorer.values,
        ids=tuple(ids),
    )


def _predicted_alpha(prediction: Prediction) -> NDArray[np.float32]:
    if not isinstance(prediction, WithAlpha):
        raise UsageError("this model gives no soft mask to score: score its label maps instead")
    return prediction.person_alpha()


def _true_alpha(sample: Sample, labels: LabelMap, predicted: Alpha) -> Alpha:
    soft = sample.alpha
    truth = (labels != 0).astype(np.float32) if soft is None else soft
    ignored = labels == IGNORE
    return np.where(ignored, predicted, truth) if ignored.any() else truth
