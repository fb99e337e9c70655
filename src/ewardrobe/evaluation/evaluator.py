"""Run a model over labelled photos and score its label maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets import Kind, Sample
from ewardrobe.errors import TaxonomyError
from ewardrobe.evaluation.counts import BOUNDARY_RATIO, boundary_counts, confusion_matrix
from ewardrobe.evaluation.flat import FlatFinding, flat_scores, main_garment
from ewardrobe.evaluation.gallery import Gallery, label_pictures
from ewardrobe.evaluation.matting import absolute_error
from ewardrobe.evaluation.report import Report, SliceScores
from ewardrobe.evaluation.running import (
    LabelMap,
    PhotoRun,
    Prediction,
    Predictor,
    Samples,
    WithAlpha,
    between,
    common_ground,
    labels_of,
    name_of,
)
from ewardrobe.evaluation.scores import MIN_PHOTOS, RESAMPLES, Counts, Tally, class_scores, mean_scores
from ewardrobe.evaluation.slices import describe_worn
from ewardrobe.imaging import Photo
from ewardrobe.taxonomy import IGNORE, Taxonomy, TaxonomyMap

__all__ = ["Scorer", "evaluate"]

SLICE_SCORES = ("miou", "garment_miou", "foreground_iou")
SLICE_TAXONOMY = "wardrobe"


@dataclass
class Scorer:
    """Collects the counts of label maps that are already in one taxonomy, however they were come by.

    A predicted pixel of value 255 counts as background: it says that none of the classes is there.
    """

    taxonomy: Taxonomy
    boundary_ratio: float = BOUNDARY_RATIO
    _confusion: list[NDArray[np.int64]] = field(default_factory=list, repr=False)
    _boundary: list[NDArray[np.int64]] = field(default_factory=list, repr=False)

    def add(self, label_map: LabelMap, predicted: LabelMap) -> None:
        """Count one photo: labels and prediction, uint8 (H, W) each; `MaskError` when they do not fit."""
        decided = np.where(predicted == IGNORE, np.uint8(0), predicted)
        classes = len(self.taxonomy)
        confusion = confusion_matrix(label_map, decided, classes)
        self._boundary.append(boundary_counts(label_map, decided, classes, ratio=self.boundary_ratio))
        self._confusion.append(confusion)

    def __len__(self) -> int:
        return len(self._confusion)

    @property
    def counts(self) -> Counts:
        """What was counted so far, photo by photo."""
        return Counts(np.stack(self._confusion), np.stack(self._boundary))

    @property
    def last_photo(self) -> float:
        """Garment mIoU of the photo added last, over the classes that it has; mIoU where it has no garment."""
        iou = Tally.of(Counts(self._confusion[-1][None], self._boundary[-1][None])).iou[0]
        garments = iou[list(self.taxonomy.garments)]
        chosen = iou if np.isnan(garments).all() else garments
        return float("nan") if np.isnan(chosen).all() else float(np.nanmean(chosen))


@dataclass
class _Findings:
    """What is gathered while the photos of one evaluation pass."""

    labels: Taxonomy
    predictions: Taxonomy
    kind: Kind
    wanted: str | None
    slices: bool
    flat: list[FlatFinding] = field(default_factory=list)
    described: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.label_map, self.prediction_map = common_ground(self.labels, self.predictions, self.wanted)
        self.target = self.label_map.target
        self.scorer = Scorer(self.target)
        try:
            self.slice_map: TaxonomyMap | None = between(self.labels, taxonomies.load(SLICE_TAXONOMY))
        except TaxonomyError:
            self.slice_map = None  # the axes that need classes of `wardrobe` are left out

    def add(
        self, sample: Sample, photo: Photo, labels: LabelMap, prediction: Prediction
    ) -> tuple[LabelMap, LabelMap]:
        """Count a photo; returns its labels and prediction as they were compared."""
        truth = self.label_map.apply(labels)
        predicted = self.prediction_map.apply(prediction.label_map)
        self.scorer.add(truth, predicted)
        if self.kind == "flat":
            self.flat.append(self._flat(sample, labels, predicted, prediction))
        elif self.slices:
            seen = labels if self.slice_map is None else self.slice_map.apply(labels)
            taxonomy = self.labels if self.slice_map is None else self.slice_map.target
            self.described.append(describe_worn(photo.pixels, seen, taxonomy))
        return truth, predicted

    def _flat(
        self, sample: Sample, labels: LabelMap, predicted: LabelMap, prediction: Prediction
    ) -> FlatFinding:
        name = sample.label or main_garment(labels, self.labels)
        target = None if name is None else self.label_map.target_of(name)
        garment = target is not None and self.target[target].kind == "garment"
        mae = sad = float("nan")
        if isinstance(prediction, WithAlpha) and (truth := sample.alpha) is not None:
            mae, sad = absolute_error(prediction.person_alpha(), truth)
        return FlatFinding(target if garment else None, main_garment(predicted, self.target), mae, sad)


def _slice_scores(
    described: list[dict[str, str]], counts: Counts, target: Taxonomy, resamples: int, seed: int
) -> dict[str, dict[str, SliceScores]]:
    """Scores by slice; along an axis the classes with enough labelled photos in all its slices."""
    result: dict[str, dict[str, SliceScores]] = {}
    for axis in dict.fromkeys(axis for found in described for axis in found):
        values = sorted({found[axis] for found in described if axis in found})
        parts = {
            value: counts.select(
                np.array([i for i, found in enumerate(described) if found.get(axis) == value])
            )
            for value in values
        }
        counted = np.all([part.labelled_photos >= MIN_PHOTOS for part in parts.values()], axis=0)
        names = tuple(item.name for item in target if counted[item.index])
        result[axis] = {
            value: SliceScores(
                photos=len(part.confusion),
                classes=names,
                scores=mean_scores(
                    part, target, counted=counted, names=SLICE_SCORES, resamples=resamples, seed=seed
                ),
            )
            for value, part in parts.items()
        }
    return result


def evaluate(
    segmenter: Predictor,
    samples: Samples,
    *,
    taxonomy: str | None = None,
    name: str | None = None,
    slices: bool = True,
    resamples: int = RESAMPLES,
    seed: int = 0,
    on_photo: Callable[[Sample], None] | None = None,
    gallery: Gallery | None = None,
) -> Report:
    """Score a model on labelled photos, at each photo's own size.

    Worn and flat photos are scored apart: give a set of one kind. Pixels whose label is ignored, in the file
    or by the map onto the taxonomy, count nowhere. A predicted class that the map ignores counts as
    background: it says that none of the scored classes is there.

    Args:
        segmenter: anything with a `taxonomy` and a `segment(photo)` that gives a label map.
        samples: an opened dataset, or samples of one.
        taxonomy: name of the taxonomy to compare in; the model's when the labels can be written in it, else
            the labels' own, when `None`.
        name: what the report calls the model; its own name when `None`.
        slices: whether worn photos are also scored by slices.
        resamples: bootstrap resamples over photos for the 95 % intervals.
        seed: of the resamples.
        on_photo: called after each sample, for progress.
        gallery: is given each photo with its garment mIoU, and keeps the best and the worst.

    Raises:
        DatasetError: no sample could be scored, or worn and flat photos come mixed.
        TaxonomyError: labels and predictions cannot be compared in that taxonomy.

    Examples:
        ```python
        report = evaluate(Segmenter(), open_dataset("ccp", split="val"))
        print(report.table())
        ```
    """
    photos = PhotoRun(segmenter, samples, on_photo)
    findings: _Findings | None = None
    for sample, photo, labels, prediction in photos:
        if findings is None:
            findings = _Findings(
                labels_of(samples, sample), segmenter.taxonomy, sample.kind, taxonomy, slices
            )
        truth, predicted = findings.add(sample, photo, labels, prediction)
        if gallery is not None:
            score = findings.scorer.last_photo
            gallery.add(sample.id, score, label_pictures(photo, truth, predicted, findings.target))
    assert findings is not None  # PhotoRun raises where there is no photo
    counts, target = findings.scorer.counts, findings.target
    scores = mean_scores(counts, target, resamples=resamples, seed=seed)
    if findings.flat:
        scores |= flat_scores(findings.flat, resamples=resamples, seed=seed)
    return Report(
        model=name or name_of(segmenter),
        dataset=photos.set_name,
        kind=findings.kind,
        taxonomy=target,
        photos=len(findings.scorer),
        scores=scores,
        broken=tuple(photos.broken),
        settings={
            "resamples": resamples,
            "seed": seed,
            "min_photos": MIN_PHOTOS,
            "boundary_ratio": findings.scorer.boundary_ratio,
        },
        classes=class_scores(counts, target, resamples=resamples, seed=seed),
        slices=_slice_scores(findings.described, counts, target, resamples, seed),
        unscored=sum(finding.expected is None for finding in findings.flat),
        counts=counts,
    )
