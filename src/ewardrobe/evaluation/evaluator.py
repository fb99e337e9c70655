"""Run a model over labelled photos and score what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets import BrokenSample, Dataset, Kind, Sample
from ewardrobe.errors import DatasetError, MaskError, PhotoError, TaxonomyError
from ewardrobe.evaluation.counts import BOUNDARY_RATIO, boundary_counts, confusion_matrix
from ewardrobe.evaluation.flat import FlatFinding, alpha_error, flat_scores, main_garment
from ewardrobe.evaluation.report import Report, SliceScores
from ewardrobe.evaluation.scores import MIN_PHOTOS, RESAMPLES, Counts, class_scores, mean_scores
from ewardrobe.evaluation.slices import describe_worn
from ewardrobe.imaging import Photo
from ewardrobe.taxonomy import IGNORE, Taxonomy, TaxonomyMap

__all__ = ["Prediction", "Predictor", "Scorer", "evaluate"]

SLICE_SCORES = ("miou", "garment_miou", "foreground_iou")
SLICE_TAXONOMY = "wardrobe"


class Prediction(Protocol):
    """What a model found in a photo: `label_map` uint8 (H, W) at the photo's size, in `taxonomy`."""

    @property
    def label_map(self) -> NDArray[np.uint8]:
        """Class indices, uint8 (H, W)."""
        ...

    @property
    def taxonomy(self) -> Taxonomy:
        """Of the label map."""
        ...


@runtime_checkable
class WithAlpha(Protocol):
    """A prediction that also has a soft mask of all that is not background."""

    def person_alpha(self) -> NDArray[np.float32]:
        """float32 (H, W) in 0..1."""
        ...


class Predictor(Protocol):
    """Any model that segments a photo, such as `ewardrobe.segmentation.Segmenter`."""

    @property
    def taxonomy(self) -> Taxonomy:
        """Of all its label maps."""
        ...

    def segment(self, photo: Photo, /) -> Prediction:
        """Find the classes of each pixel of a photo."""
        ...


@dataclass
class Scorer:
    """Collects the counts of label maps that are already in one taxonomy, however they were come by.

    A predicted pixel of value 255 counts as background: it says that none of the classes is there.
    """

    taxonomy: Taxonomy
    boundary_ratio: float = BOUNDARY_RATIO
    _confusion: list[NDArray[np.int64]] = field(default_factory=list, repr=False)
    _boundary: list[NDArray[np.int64]] = field(default_factory=list, repr=False)

    def add(self, label_map: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> None:
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


def _between(source: Taxonomy, target: Taxonomy) -> TaxonomyMap:
    if source.name == target.name:
        if source.labels != target.labels:
            raise TaxonomyError(f"two taxonomies are called {source.name} but differ: rename one of them")
        lut = np.full(256, IGNORE, dtype=np.uint8)
        lut[: len(source)] = np.arange(len(source))
        return TaxonomyMap(source, target, lut, {})
    return taxonomies.load_map(source.name, target.name)


def _common_ground(
    labels: Taxonomy, predictions: Taxonomy, name: str | None
) -> tuple[TaxonomyMap, TaxonomyMap]:
    """Maps of labels and predictions onto the taxonomy that they are compared in.

    The one named; else the model's, if the labels can be written in it; else the labels', if the predictions
    can.
    """
    if name is not None:
        target = taxonomies.load(name)
        return _between(labels, target), _between(predictions, target)
    for target in (predictions, labels):
        try:
            return _between(labels, target), _between(predictions, target)
        except TaxonomyError:
            continue
    raise TaxonomyError(
        f"labels in {labels.name} and predictions in {predictions.name} have no map onto each other:"
        " name a taxonomy that both reach, such as parts"
    )


@dataclass
class _Run:
    """What is gathered while the photos of one evaluation pass."""

    labels: Taxonomy
    predictions: Taxonomy
    kind: Kind
    wanted: str | None
    slices: bool
    findings: list[FlatFinding] = field(default_factory=list)
    described: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.label_map, self.prediction_map = _common_ground(self.labels, self.predictions, self.wanted)
        self.target = self.label_map.target
        self.scorer = Scorer(self.target)
        try:
            self.slice_map: TaxonomyMap | None = _between(self.labels, taxonomies.load(SLICE_TAXONOMY))
        except TaxonomyError:
            self.slice_map = None  # the axes that need classes of `wardrobe` are left out

    def add(self, sample: Sample, photo: Photo, labels: NDArray[np.uint8], prediction: Prediction) -> None:
        predicted = self.prediction_map.apply(prediction.label_map)
        self.scorer.add(self.label_map.apply(labels), predicted)
        if self.kind == "flat":
            self.findings.append(self._flat(sample, labels, predicted, prediction))
        elif self.slices:
            seen = labels if self.slice_map is None else self.slice_map.apply(labels)
            taxonomy = self.labels if self.slice_map is None else self.slice_map.target
            self.described.append(describe_worn(photo.pixels, seen, taxonomy))

    def _flat(
        self, sample: Sample, labels: NDArray[np.uint8], predicted: NDArray[np.uint8], prediction: Prediction
    ) -> FlatFinding:
        name = sample.label or main_garment(labels, self.labels)
        target = None if name is None else self.label_map.target_of(name)
        garment = target is not None and self.target[target].kind == "garment"
        mae = sad = float("nan")
        if isinstance(prediction, WithAlpha) and (truth := sample.alpha) is not None:
            mae, sad = alpha_error(prediction.person_alpha(), truth)
        return FlatFinding(target if garment else None, main_garment(predicted, self.target), mae, sad)


def _slice_scores(run: _Run, counts: Counts, resamples: int, seed: int) -> dict[str, dict[str, SliceScores]]:
    """Scores by slice; along an axis the classes with enough labelled photos in all its slices."""
    result: dict[str, dict[str, SliceScores]] = {}
    for axis in dict.fromkeys(axis for found in run.described for axis in found):
        values = sorted({found[axis] for found in run.described if axis in found})
        parts = {
            value: counts.select(
                np.array([i for i, found in enumerate(run.described) if found.get(axis) == value])
            )
            for value in values
        }
        counted = np.all([part.labelled_photos >= MIN_PHOTOS for part in parts.values()], axis=0)
        names = tuple(item.name for item in run.target if counted[item.index])
        result[axis] = {
            value: SliceScores(
                photos=len(part.confusion),
                classes=names,
                scores=mean_scores(
                    part, run.target, counted=counted, names=SLICE_SCORES, resamples=resamples, seed=seed
                ),
            )
            for value, part in parts.items()
        }
    return result


def evaluate(
    segmenter: Predictor,
    samples: Dataset | Iterable[Sample],
    *,
    taxonomy: str | None = None,
    name: str | None = None,
    slices: bool = True,
    resamples: int = RESAMPLES,
    seed: int = 0,
    on_photo: Callable[[Sample], None] | None = None,
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

    Raises:
        DatasetError: no sample could be scored, or worn and flat photos come mixed.
        TaxonomyError: labels and predictions cannot be compared in that taxonomy.

    Examples:
        ```python
        report = evaluate(Segmenter(), open_dataset("ccp", split="val"))
        print(report.table())
        ```
    """
    if isinstance(samples, Dataset) and samples.taxonomy is None:
        raise DatasetError(f"{samples.path} has no pixel labels to score against: choose another dataset")
    run: _Run | None = None
    broken = list(samples.broken) if isinstance(samples, Dataset) else []
    for sample in samples:
        try:
            photo, labels = sample.read()
        except (DatasetError, PhotoError, MaskError) as error:
            broken.append(BrokenSample(sample.id, str(error)))
        else:
            if run is None:
                run = _Run(_labels_of(samples, sample), segmenter.taxonomy, sample.kind, taxonomy, slices)
            elif sample.kind != run.kind:
                raise DatasetError("worn and flat photos come mixed: score them apart, one after the other")
            run.add(sample, photo, labels, segmenter.segment(photo))
        if on_photo is not None:
            on_photo(sample)
    if run is None:
        detail = f": {broken[0]}" if broken else ""
        raise DatasetError(f"there is no photo with labels to score{detail}")
    return _report(run, name or _name_of(segmenter), _name_of_set(samples), broken, resamples, seed)


def _report(
    run: _Run, model: str, dataset: str, broken: list[BrokenSample], resamples: int, seed: int
) -> Report:
    counts = run.scorer.counts
    scores = mean_scores(counts, run.target, resamples=resamples, seed=seed)
    if run.findings:
        scores |= flat_scores(run.findings, resamples=resamples, seed=seed)
    return Report(
        model=model,
        dataset=dataset,
        kind=run.kind,
        taxonomy=run.target,
        photos=len(run.scorer),
        scores=scores,
        classes=class_scores(counts, run.target, resamples=resamples, seed=seed),
        slices=_slice_scores(run, counts, resamples, seed),
        unscored=sum(finding.expected is None for finding in run.findings),
        broken=tuple(broken),
        counts=counts,
        settings={
            "resamples": resamples,
            "seed": seed,
            "min_photos": MIN_PHOTOS,
            "boundary_ratio": run.scorer.boundary_ratio,
        },
    )


def _labels_of(samples: Dataset | Iterable[Sample], sample: Sample) -> Taxonomy:
    if isinstance(samples, Dataset) and samples.taxonomy is not None:
        return samples.taxonomy
    if sample.taxonomy is None:
        raise DatasetError(f"{sample.id} has labels but no taxonomy: name the one that they are written in")
    return taxonomies.load(sample.taxonomy)


def _name_of(segmenter: Predictor) -> str:
    described = getattr(segmenter, "description", segmenter)
    return str(getattr(described, "name", type(segmenter).__name__))


def _name_of_set(samples: Dataset | Iterable[Sample]) -> str:
    if not isinstance(samples, Dataset):
        return "photos"
    return samples.format + (f", split {samples.split}" if samples.split else "")
