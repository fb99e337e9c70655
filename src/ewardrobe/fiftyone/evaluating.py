"""Labels or a model's findings scored against a field of true labels, as `ewardrobe evaluate` scores them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

import fiftyone as fo
from ewardrobe.datasets import BrokenSample, Kind
from ewardrobe.errors import DatasetError, UsageError
from ewardrobe.evaluation import Gallery, Report, evaluate
from ewardrobe.evaluation.gallery import Panels
from ewardrobe.fiftyone.dataset import FieldDataset
from ewardrobe.fiftyone.work import LeftOut, Summary, Work, follow
from ewardrobe.imaging import Photo
from ewardrobe.jobs.segmenting import load_segmenter
from ewardrobe.taxonomy import Taxonomy

__all__ = ["SCORE", "evaluate_clothing_segmentation"]

SCORE = "garment_miou"
"""What follows the key in the name of the field with each photo's score."""


@dataclass(frozen=True)
class _Found:
    label_map: npt.NDArray[np.uint8]
    taxonomy: Taxonomy


class _StoredPredictions:
    """A field of labels as if a model found them just now."""

    def __init__(self, labels: FieldDataset) -> None:
        assert labels.taxonomy is not None
        self.taxonomy = labels.taxonomy
        self.name = labels.field
        self._labels = labels

    def segment(self, photo: Photo, /) -> _Found:
        label_map = self._labels.sample_of(photo.path).label_map
        assert label_map is not None  # a FieldDataset has labels for each of its samples
        if label_map.shape != (photo.height, photo.width):
            resized = cv2.resize(label_map, photo.size, interpolation=cv2.INTER_NEAREST)
            label_map = np.asarray(resized, np.uint8)
        return _Found(label_map, self.taxonomy)


@dataclass
class _PhotoScores(Gallery):
    """Keeps each photo's score, and no picture."""

    scores: dict[str, float] = field(default_factory=dict)

    def add(self, sample_id: str, score: float, draw: Callable[[], Panels]) -> None:
        """Note it; a photo without a scored class has none."""
        if not np.isnan(score):
            self.scores[sample_id] = score


def evaluate_clothing_segmentation(
    view: Any,
    truth: str,
    *,
    predictions: str | None = None,
    model: str | None = None,
    key: str = "clothing",
    kind: Kind = "worn",
    taxonomy: str | None = None,
    labels_in: str | None = None,
    overwrite: bool = False,
) -> Work:
    """Score a field of predictions, or a model's findings, against the labels in the field `truth`.

    Both sides are brought into `taxonomy`, or into one that both reach. Each photo's garment mIoU is written to the
    field `<key>_garment_miou`; the report is kept as the run `key` of the dataset. `labels_in` names the taxonomy of
    `truth` where the dataset does not say it. A prediction of another size than its photo is enlarged or reduced by
    nearest neighbour.

    Raises:
        UsageError: neither predictions nor a model is named, or both; the key is taken and `overwrite` is off.
        TaxonomyError: the two cannot be compared.
        DatasetError: no photo could be scored.
    """
    if bool(predictions) == bool(model):
        raise UsageError("name a field of predictions, or a model, and not both")
    dataset = view._root_dataset
    if not key.isidentifier():
        raise UsageError(f"{key!r} cannot be a run's key: use letters, digits and _")
    if dataset.has_run(key) and not overwrite:
        raise UsageError(f"there is a run {key!r} already: choose another key, or overwrite it")
    labels = FieldDataset(view, truth, taxonomy=labels_in, kind=kind)
    broken = list(labels.broken)
    if predictions:
        found = FieldDataset(view, predictions, kind=kind)
        lacking = [name for name in labels.ids if name not in set(found.ids)]
        broken += [BrokenSample(name, f"no labels in {predictions}") for name in lacking]
        scored = [name for name in labels.ids if name not in set(lacking)]
        if not scored:
            raise DatasetError(f"no sample has labels both in {truth} and in {predictions}")
        labels, predictor = labels.select(scored), _StoredPredictions(found)
    else:
        predictor = load_segmenter(str(model), None, None)  # type: ignore[assignment]
    scores = _PhotoScores()
    report = yield from follow(
        lambda advance: evaluate(
            predictor, labels, taxonomy=taxonomy, on_photo=lambda _: advance(), gallery=scores
        ),
        len(labels),
    )
    values = {labels.sample_ids[name]: float(score) for name, score in scores.scores.items()}
    _keep(dataset, key, report, values)
    missed = {str(item.id): item.reason for item in [*broken, *report.broken]}
    return Summary(
        f"garment mIoU {report.scores['garment_miou_all']} on {report.photos} photos ({report.model} against {truth})",
        report.photos,
        tuple(LeftOut(name, reason) for name, reason in missed.items()),
        tuple(values),
        report.table(),
    )


def _keep(dataset: fo.Dataset, key: str, report: Report, scores: dict[str, float]) -> None:
    """The photos' scores first, then the run, so that a run is never without them."""
    name = f"{key}_{SCORE}"
    if dataset.get_field(name) is None:
        dataset.add_sample_field(name, fo.FloatField)
    dataset.set_values(name, scores, key_field="id")
    if dataset.has_run(key):
        dataset.delete_run(key)
    config = dataset.init_run(method="ewardrobe", model=report.model, taxonomy=report.taxonomy.name)
    dataset.register_run(key, config)
    results = dataset.init_run_results(key, report=report.to_dict())
    dataset.save_run_results(key, results)
