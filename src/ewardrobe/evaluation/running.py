"""What every kind of evaluation does: read a photo, run the model, bring both sides into one taxonomy, go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets import BrokenSample, Dataset, Kind, Sample
from ewardrobe.errors import DatasetError, MaskError, PhotoError, TaxonomyError
from ewardrobe.imaging import Photo
from ewardrobe.taxonomy import IGNORE, Taxonomy, TaxonomyMap

__all__ = [
    "LabelMap",
    "PhotoRun",
    "Prediction",
    "Predictor",
    "Samples",
    "WithAlpha",
    "between",
    "common_ground",
    "labels_of",
    "name_of",
]

LabelMap = NDArray[np.uint8]
Samples = Dataset | Iterable[Sample]


class Prediction(Protocol):
    """What a model found in a photo: `label_map` uint8 (H, W) at the photo's size, in `taxonomy`."""

    @property
    def label_map(self) -> LabelMap:
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


def between(source: Taxonomy, target: Taxonomy) -> TaxonomyMap:
    """The map from one taxonomy to another; two with the same classes in the same order are the same.

    Raises:
        TaxonomyError: there is no map, or the two have one name but different classes.
    """
    if source.labels == target.labels:
        lut = np.full(256, IGNORE, dtype=np.uint8)
        lut[: len(source)] = np.arange(len(source))
        return TaxonomyMap(source, target, lut, {})
    if source.name == target.name:
        raise TaxonomyError(f"two taxonomies are called {source.name} but differ: rename one of them")
    return taxonomies.load_map(source.name, target.name)


def common_ground(
    labels: Taxonomy, predictions: Taxonomy, name: str | None
) -> tuple[TaxonomyMap, TaxonomyMap]:
    """Maps of labels and predictions onto the taxonomy that they are compared in.

    The one named; else the model's, if the labels can be written in it; else the labels', if the predictions
    can.
    """
    if name is not None:
        known = {taxonomy.name: taxonomy for taxonomy in (labels, predictions)}
        target = known.get(name) or taxonomies.load(name)
        return between(labels, target), between(predictions, target)
    for target in (predictions, labels):
        try:
            return between(labels, target), between(predictions, target)
        except TaxonomyError:
            continue
    raise TaxonomyError(
        f"labels in {labels.name} and predictions in {predictions.name} have no map onto each other:"
        " name a taxonomy that both reach, such as parts"
    )


@dataclass
class PhotoRun:
    """One pass over labelled photos of one kind; a sample that cannot be read is noted in `broken`.

    Iteration gives sample, photo, label map in the labels' own taxonomy, and prediction.

    Raises:
        DatasetError: while iterating: no sample could be read, there are no labels, or worn and flat photos come
            mixed.
    """

    predictor: Predictor
    samples: Samples
    on_photo: Callable[[Sample], None] | None = None
    broken: list[BrokenSample] = field(default_factory=list)
    kind: Kind | None = None

    def __post_init__(self) -> None:
        if isinstance(self.samples, Dataset):
            if self.samples.taxonomy is None:
                raise DatasetError(
                    f"{self.samples.path} has no pixel labels to score against: choose another dataset"
                )
            self.broken.extend(self.samples.broken)

    def __iter__(self) -> Iterator[tuple[Sample, Photo, LabelMap, Prediction]]:
        for sample in self.samples:
            try:
                photo, labels = sample.read()
            except (DatasetError, PhotoError, MaskError) as error:
                self.broken.append(BrokenSample(sample.id, str(error)))
            else:
                if self.kind not in (None, sample.kind):
                    raise DatasetError(
                        "worn and flat photos come mixed: score them apart, one after the other"
                    )
                self.kind = sample.kind
                yield sample, photo, labels, self.predictor.segment(photo)
            if self.on_photo is not None:
                self.on_photo(sample)
        if self.kind is None:
            detail = f": {self.broken[0]}" if self.broken else ""
            raise DatasetError(f"there is no photo with labels to score{detail}")

    @property
    def set_name(self) -> str:
        """What the set of photos is called in reports."""
        if not isinstance(self.samples, Dataset):
            return "photos"
        return self.samples.format + (f", split {self.samples.split}" if self.samples.split else "")


def labels_of(samples: Samples, sample: Sample) -> Taxonomy:
    """The taxonomy of a sample's labels; DatasetError when nothing says which it is."""
    if isinstance(samples, Dataset) and samples.taxonomy is not None:
        return samples.taxonomy
    if sample.taxonomy is None:
        raise DatasetError(f"{sample.id} has labels but no taxonomy: name the one that they are written in")
    return taxonomies.load(sample.taxonomy)


def name_of(predictor: Predictor) -> str:
    """What a predictor is called: its description's name, its own, or that of its class."""
    described = getattr(predictor, "description", predictor)
    return str(getattr(described, "name", type(predictor).__name__))
