"""What is in one sample and what is wrong with it; the sum of all is what `dataset info` and `check` say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.sample import BrokenSample, Sample
from ewardrobe.errors import DatasetError
from ewardrobe.taxonomy import IGNORE, Taxonomy

__all__ = ["Finding", "Survey", "examine"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sample, looked at.

    `labels` are objects by class where the dataset lists objects, else pixels by class. `error` says why the
    whole sample cannot be used, `faults` which of its records cannot.
    """

    id: str
    split: str | None = None
    group: str | None = None
    size: tuple[int, int] | None = None
    labels: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    error: str | None = None


def examine(sample: Sample, taxonomy: Taxonomy | None, *, decode: bool = False) -> Finding:
    """Look at a sample's labels and its photo's size; with `decode` the photo is opened and decoded as well.

    Raises:
        EwardrobeError: the sample cannot be used, in one line.
    """
    size = sample.photo.size if decode else sample.size
    annotation = sample.annotation
    if annotation is not None:
        labels: Mapping[str, int] = Counter(item.label for item in annotation.instances)
        stated = annotation.size
    else:
        label_map = sample.label_map
        if label_map is None or taxonomy is None:
            one = {} if sample.label is None else {sample.label: 1}
            return Finding(sample.id, sample.split, sample.group, size, one)
        pixels = np.bincount(label_map.ravel(), minlength=IGNORE + 1)
        labels = {item.name: int(pixels[item.index]) for item in taxonomy if pixels[item.index]}
        stated = label_map.shape[1], label_map.shape[0]
    if stated != size:
        raise DatasetError("its labels are for {}x{} pixels, its photo is {}x{}".format(*stated, *size))
    group = sample.group or (annotation.group if annotation is not None else None)
    faults = annotation.faults if annotation is not None else ()
    return Finding(sample.id, sample.split, group, size, labels, faults)


class Survey:
    """The sum of many findings, of a dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.broken: list[BrokenSample] = list(dataset.broken)
        self.faults: list[BrokenSample] = []
        self._splits: Counter[str] = Counter()
        self._groups: Counter[str] = Counter()
        self._photos: Counter[str] = Counter()
        self._amounts: Counter[str] = Counter()
        self._sizes: list[tuple[int, int]] = []

    def add(self, findings: Iterable[Finding]) -> None:
        """Count some more."""
        for finding in findings:
            if finding.error is not None:
                self.broken.append(BrokenSample(finding.id, finding.error))
                continue
            self.faults += [BrokenSample(finding.id, fault) for fault in finding.faults]
            self._splits[finding.split or ""] += 1
            if finding.group is not None:
                self._groups[finding.group] += 1
            if finding.size is not None:
                self._sizes.append(finding.size)
            self._photos.update(finding.labels.keys())
            self._amounts.update(finding.labels)

    @property
    def photos(self) -> int:
        """How many photos can be used."""
        return sum(self._splits.values())

    def classes(self) -> list[dict[str, Any]]:
        """A row for each class of the taxonomy: photos that have it, objects (or pixels) of it."""
        unit = "objects" if self._has_objects() else "pixels"
        names = self.dataset.taxonomy.labels if self.dataset.taxonomy else sorted(self._photos)
        return [{"class": name, "photos": self._photos[name], unit: self._amounts[name]} for name in names]

    def _has_objects(self) -> bool:
        if self.dataset.taxonomy is None or not len(self.dataset):
            return True
        return self.dataset[0].load_annotation is not None

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        widths, heights = zip(*self._sizes, strict=True) if self._sizes else ((0,), (0,))
        sizes = {
            "smallest": [min(widths), min(heights)],
            "median": [int(median(widths)), int(median(heights))],
            "largest": [max(widths), max(heights)],
        }
        dataset = self.dataset
        return {
            "path": str(dataset.path),
            "format": dataset.format,
            "kind": dataset.kind,
            "taxonomy": dataset.taxonomy.name if dataset.taxonomy else None,
            "photos": self.photos,
            "splits": {name or "(none)": count for name, count in self._splits.items()},
            "groups": len(self._groups),
            "largest_group": max(self._groups.values(), default=0),
            "sizes": sizes,
            "classes": self.classes(),
            "attributes": len(dataset.attribute_names),
            "keypoint_slots": len(dataset.keypoint_names),
            "warnings": list(dataset.warnings),
            "left_out": [{"id": item.id, "reason": item.reason} for item in self.broken],
            "faults": [{"id": item.id, "reason": item.reason} for item in self.faults],
        }
