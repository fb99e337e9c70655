"""Scores of models that find objects one by one: the COCO average precision and recall."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ewardrobe.datasets import BrokenSample, Instance, Sample
from ewardrobe.datasets.drawn import find_instances
from ewardrobe.errors import UsageError
from ewardrobe.evaluation.gallery import Gallery, label_pictures
from ewardrobe.evaluation.instance_matching import AREAS, MOST
from ewardrobe.evaluation.instances import SHAPES, InstanceScorer, InstanceScores, Shape
from ewardrobe.evaluation.reporting import AnyReport, plain
from ewardrobe.evaluation.running import (
    LabelMap,
    PhotoRun,
    Prediction,
    Predictor,
    Samples,
    common_ground,
    labels_of,
    name_of,
)
from ewardrobe.evaluation.scores import RESAMPLES, Score, interval
from ewardrobe.evaluation.tables import Table, number, short
from ewardrobe.imaging import RLE, encode_rle, rle_area, rle_box
from ewardrobe.taxonomy import IGNORE, Taxonomy, TaxonomyMap

if TYPE_CHECKING:
    from ewardrobe.segmentation import Garment

__all__ = [
    "InstanceClass",
    "InstanceReport",
    "Listed",
    "WithDetections",
    "detections_of",
    "evaluate_instances",
    "targets_of",
]

_WHAT = {
    "ap": "AP",
    "ap50": "AP50",
    "ap75": "AP75",
    "ap_small": "AP, small",
    "ap_medium": "AP, medium",
    "ap_large": "AP, large",
    "ar1": "AR, 1 a class and photo",
    "ar10": "AR, 10 a class and photo",
    "ar": f"AR, {MOST} a class and photo",
    "ar_small": "AR, small",
    "ar_medium": "AR, medium",
    "ar_large": "AR, large",
    "garment_ap": "garment AP",
    "garment_ap50": "garment AP50",
}
TITLES = {
    **{name: f"mask {title}" for name, title in _WHAT.items()},
    **{f"box_{name}": f"box {title}" for name, title in _WHAT.items()},
}


class Listed(Protocol):
    """Objects, such as `ewardrobe.segmentation.detections.Detections`.

    `boxes` float (n, 4) x0, y0, x1, y1 in photo pixels, `labels` int (n,) taxonomy indices, `scores` float (n,).
    """

    @property
    def boxes(self) -> NDArray[np.float32]:
        """Of the objects."""
        ...

    @property
    def labels(self) -> NDArray[np.int64]:
        """Of the objects."""
        ...

    @property
    def scores(self) -> NDArray[np.float32]:
        """Of the objects."""
        ...

    def rle(self, index: int) -> RLE:
        """The mask of one of them, as COCO's compressed run lengths."""
        ...


@runtime_checkable
class WithDetections(Protocol):
    """A prediction that also lists objects one by one.

    `detections` is None where the model finds no objects.
    """

    @property
    def detections(self) -> Listed | None:
        """The objects, however low their scores."""
        ...


@dataclass(frozen=True, slots=True)
class InstanceClass:
    """How well the objects of one class are found. `photos` have any of the `objects`, crowds left out.

    `ap` and `ap50` are of masks, `box_ap` of boxes; `sizes` is the mask AP of small, medium and large objects, `recall`
    the mask AR of 100 detections.
    """

    name: str
    photos: int
    objects: int
    ap: Score
    ap50: Score
    ap75: float
    sizes: tuple[float, ...]
    recall: float
    box_ap: Score


@dataclass(frozen=True)
class InstanceReport(AnyReport):
    """Scores of detections; see `AnyReport` for what all reports have.

    Attributes:
        classes: those that have objects or were found, in index order.
        faults: records of the labels that were left out because they cannot be right.
    """

    classes: tuple[InstanceClass, ...]
    faults: tuple[BrokenSample, ...] = field(default=())

    task: ClassVar[str] = "instance"
    titles: ClassVar[Mapping[str, str]] = TITLES

    def tables(self) -> list[Table]:
        """Mean scores, classes."""
        header = (
            *("class", "photos", "objects", "mask AP [95 %]", "AP50 [95 %]", "AP75"),
            *("small", "medium", "large", "AR", "box AP [95 %]"),
        )
        rows = tuple(
            (
                *(item.name, str(item.photos), str(item.objects), str(item.ap), str(item.ap50)),
                *(short(value) for value in (item.ap75, *item.sizes, item.recall)),
                str(item.box_ap),
            )
            for item in self.classes
        )
        return [self._score_table(), Table("Classes", header, rows)]

    def notes(self) -> list[str]:
        """The records that were left out."""
        if not self.faults:
            return []
        listed = "\n".join(f"- {fault}" for fault in self.faults)
        return [f"{len(self.faults)} records of the labels were left out:\n{listed}"]

    def _details(self) -> dict[str, Any]:
        return {
            "faults": [{"id": fault.id, "reason": fault.reason} for fault in self.faults],
            "classes": [
                {
                    "name": item.name,
                    "photos": item.photos,
                    "objects": item.objects,
                    "ap": plain(item.ap),
                    "ap50": plain(item.ap50),
                    "ap75": number(item.ap75),
                    **{f"ap_{size}": number(value) for size, value in zip(_SIZES, item.sizes, strict=True)},
                    "ar": number(item.recall),
                    "box_ap": plain(item.box_ap),
                }
                for item in self.classes
            ],
        }


_SIZES = tuple(AREAS)[1:]


def evaluate_instances(
    segmenter: Predictor,
    samples: Samples,
    *,
    taxonomy: str | None = None,
    name: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    on_photo: Callable[[Sample], None] | None = None,
    gallery: Gallery | None = None,
) -> InstanceReport:
    """Score the objects that a model finds, at each photo's own size, as the COCO evaluation does.

    The true objects are those that the dataset lists; where it has label maps, those that
    `datasets.drawn.find_instances` sees in them, in the taxonomy that is scored. Objects and pixels whose label is
    ignored, in the file or by the map onto the taxonomy, are like crowds of every class: a detection that finds
    nothing else there counts nowhere. Detections of a class that the map ignores, or makes background, are left out.

    Args:
        segmenter: a model whose predictions have `detections`; the garments of one that has none are taken as such.
        samples: an opened dataset, or samples of one.
        taxonomy: as in `evaluate`.
        name: what the report calls the model; its own name when `None`.
        resamples: bootstrap resamples over photos for the 95 % intervals; detections are matched once.
        seed: of the resamples.
        on_photo: called after each sample, for progress.
        gallery: is given each photo with its own mask AP, and keeps the best and the worst.

    Raises:
        DatasetError: no sample could be scored, or worn and flat photos come mixed.
        TaxonomyError: labels and predictions cannot be compared in that taxonomy.
        UsageError: the model finds no objects.
    """
    photos = PhotoRun(segmenter, samples, on_photo)
    maps: tuple[TaxonomyMap, TaxonomyMap] | None = None
    scorer: InstanceScorer | None = None
    faults: list[BrokenSample] = []
    for sample, photo, labels, prediction in photos:
        if maps is None or scorer is None:
            maps = common_ground(labels_of(samples, sample), segmenter.taxonomy, taxonomy)
            scorer = InstanceScorer(maps[0].target)
        truth = maps[0].apply(labels)
        objects, lines = targets_of(sample, truth, maps[0])
        faults += [BrokenSample(sample.id, line) for line in lines]
        scorer.add(sample.id, objects, detections_of(prediction, maps[1]))
        if gallery is not None:
            predicted = maps[1].apply(prediction.label_map)
            gallery.add(
                sample.id, scorer.last_photo, label_pictures(photo, truth, predicted, scorer.taxonomy)
            )
    assert scorer is not None and photos.kind is not None  # PhotoRun raises where there is no photo
    scores, measured = scorer.summary(resamples=resamples, seed=seed)
    return InstanceReport(
        model=name or name_of(segmenter),
        dataset=photos.set_name,
        kind=photos.kind,
        taxonomy=scorer.taxonomy,
        photos=len(scorer),
        scores=scores,
        broken=tuple(photos.broken),
        settings={"resamples": resamples, "seed": seed, "most_detections": MOST},
        classes=_classes(scorer, measured),
        faults=tuple(faults),
    )


def _classes(scorer: InstanceScorer, measured: Mapping[Shape, InstanceScores]) -> tuple[InstanceClass, ...]:
    mask, box = (measured[shape] for shape in SHAPES)
    rows = []
    for item in scorer.taxonomy:
        objects = scorer.objects(item.index)
        if not objects.size:
            continue
        precision = mask.precision[item.index]
        over_ious = [
            _first_and_rest(each[:, 0].mean(axis=1)) for each in (precision, box.precision[item.index])
        ]
        rows.append(
            InstanceClass(
                name=item.name,
                photos=int(np.count_nonzero(objects)),
                objects=int(objects.sum()),
                ap=over_ious[0],
                ap50=_first_and_rest(precision[:, 0, 0]),
                ap75=float(precision[0, 0, 5]),
                sizes=tuple(float(precision[0, area].mean()) for area in range(1, len(AREAS))),
                recall=float(mask.recall[item.index, 0, 0, 2]),
                box_ap=over_ious[1],
            )
        )
    return tuple(rows)


def _first_and_rest(values: NDArray[np.float64]) -> Score:
    return interval(float(values[0]), values[1:])


def _as_targets(instances: list[tuple[int, Instance]], size: tuple[int, int]) -> dict[str, Any]:
    """Objects as `InstanceScorer.add` takes them, each with its label; `size` is the photo's (width, height)."""
    masks = [item.to_rle(size) for _, item in instances]
    boxes = [
        rle_box(rle) if item.box is None else item.box
        for (_, item), rle in zip(instances, masks, strict=True)
    ]
    areas = [
        rle_area(rle) if item.area is None else item.area
        for (_, item), rle in zip(instances, masks, strict=True)
    ]
    return {
        "labels": [label for label, _ in instances],
        "masks": masks,
        "boxes": [(x, y, x + width, y + height) for x, y, width, height in boxes],
        "areas": areas,
        "crowd": [item.crowd for _, item in instances],
    }


def targets_of(sample: Sample, truth: LabelMap, to: TaxonomyMap) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The true objects of a photo as `InstanceScorer.add` takes them, and the records that cannot be right.

    `truth` are its labels in the target of `to`.
    """
    annotation = sample.annotation
    if annotation is None:
        return _objects_of_map(truth, to.target), ()
    size = truth.shape[1], truth.shape[0]
    return _listed(annotation.instances, size, to), annotation.faults


def _listed(instances: tuple[Instance, ...], size: tuple[int, int], to: TaxonomyMap) -> dict[str, Any]:
    kept = []
    for item in instances:
        label = int(to.lut[to.source.index(item.label)])
        if label != 0 and item.label not in to.gives_way:
            kept.append((label, item))
    return _as_targets(kept, size)


def _objects_of_map(label_map: LabelMap, taxonomy: Taxonomy) -> dict[str, Any]:
    from ewardrobe.segmentation.components import find_regions

    height, width = label_map.shape
    objects = [(taxonomy.index(item.label), item) for item in find_instances(label_map, taxonomy)]
    for region in find_regions(label_map, (IGNORE,)):
        whole = np.zeros(label_map.shape, dtype=np.bool_)
        whole[region.window] = region.mask
        objects.append((IGNORE, Instance("ignored", rle=encode_rle(whole))))
    return _as_targets(objects, (width, height))


def detections_of(prediction: Prediction, to: TaxonomyMap) -> dict[str, Any]:
    """What a prediction lists as objects, as `InstanceScorer.add` takes them; without those that `to` ignores."""
    found = prediction.detections if isinstance(prediction, WithDetections) else None
    if found is not None:
        labels, scores = to.lut[found.labels], found.scores
        boxes = np.asarray(found.boxes, dtype=np.float64).reshape(-1, 4)
        rle_of: Callable[[int], RLE] = found.rle
    else:
        garments: Sequence[Garment] | None = getattr(prediction, "garments", None)
        if garments is None:
            raise UsageError("this model finds no objects to score: score its label maps instead")
        labels = to.lut[np.array([item.index for item in garments], dtype=np.intp)]
        scores = np.array([item.score for item in garments], dtype=np.float32)
        corners = [(x, y, x + width, y + height) for x, y, width, height in (item.box for item in garments)]
        boxes = np.array(corners, dtype=np.float64).reshape(-1, 4)
        rle_of = lambda index: encode_rle(garments[index].mask)  # noqa: E731
    kept = np.flatnonzero((labels != 0) & (labels != IGNORE))
    return {
        "labels": labels[kept],
        "boxes": boxes[kept],
        "scores": scores[kept],
        "masks": [rle_of(int(index)) for index in kept],
    }
