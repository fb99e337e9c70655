"""Datasets made of others, without a file being written: remapped, merged, split anew."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.drawn import DrawnLabelMap
from ewardrobe.datasets.instance import Annotation
from ewardrobe.datasets.sample import BrokenSample, Sample
from ewardrobe.errors import DatasetError
from ewardrobe.taxonomy import IGNORE, Taxonomy, TaxonomyMap

__all__ = ["Merged", "Remapped", "Resplit", "read_map"]


class _View(Dataset):
    """What a dataset over other datasets has of the first of them."""

    format = "view"
    layout = "made in memory"

    def __init__(self, inner: Dataset) -> None:
        super().__init__(inner.path, inner.split)
        self.inner = inner
        self.kind = inner.kind
        self.taxonomy = inner.taxonomy
        self.ids = inner.ids
        self.broken = list(inner.broken)
        self.warnings = inner.warnings
        self.attribute_names = inner.attribute_names
        self.keypoint_names = inner.keypoint_names
        self.groups_in_annotations = inner.groups_in_annotations

    @classmethod
    def detect(cls, path: Path) -> bool:
        """No folder has this layout."""
        return False

    @property
    def identity(self) -> str:
        """That of the inner dataset and of the view."""
        return f"{self.inner.identity}; {type(self).__name__} {self._own_identity()}"

    def _own_identity(self) -> str:
        return ""

    def _sample(self, sample_id: str) -> Sample:
        return self.inner._sample(sample_id)


class Remapped(_View):
    """A dataset in another taxonomy.

    Objects of a class that the map ignores are left out of the lists of objects, which cannot say "ignore",
    and are 255 in the label maps.
    """

    def __init__(self, inner: Dataset, to: TaxonomyMap) -> None:
        super().__init__(inner)
        if inner.taxonomy != to.source:
            name = inner.taxonomy.name if inner.taxonomy else "no taxonomy"
            raise DatasetError(f"{inner.path} is in {name}, the map is from {to.source.name}")
        self.map = to
        self.taxonomy = to.target

    def _own_identity(self) -> str:
        return f"{self.map.lut.tobytes().hex()} {sorted(self.map.gives_way)}"

    def _sample(self, sample_id: str) -> Sample:
        sample = self.inner._sample(sample_id)
        load_map, load = sample.load_label_map, sample.load_annotation
        mapped: Callable[[], NDArray[np.uint8]] | None = None
        if isinstance(load_map, DrawnLabelMap):
            mapped = load_map.remapped(self.map)
        elif load_map is not None:
            mapped = partial(_map_pixels, load_map, self.map)
        return replace(
            sample,
            taxonomy=self.map.target.name,
            load_label_map=mapped,
            load_annotation=None if load is None else partial(_map_objects, load, self.map),
        )


def _map_pixels(load: Callable[[], NDArray[np.uint8]], to: TaxonomyMap) -> NDArray[np.uint8]:
    return to.apply(load())


def _map_objects(load: Callable[[], Annotation], to: TaxonomyMap) -> Annotation:
    annotation = load()
    kept = [
        replace(item, label=label)
        for item in annotation.instances
        if (label := to.target_of(item.label)) is not None and to.target.index(label) != 0
    ]
    return replace(annotation, instances=tuple(kept))


def read_map(path: Path, source: Taxonomy, target: str) -> TaxonomyMap:
    """A map of one's own from a JSON file: `{"their class": "our class", "another": null}`, null = ignore.

    Raises:
        DatasetError: the file cannot be read, misses a class of `source`, or has one that it does not have.
        TaxonomyError: there is no taxonomy `target`, or no such class in it.
    """
    into = taxonomies.load(target)
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"cannot read {path}: it is a JSON object, class to class or null") from error
    if not isinstance(stated, dict):
        raise DatasetError(f"{path} is no JSON object: it gives each class another, or null to ignore it")
    background = source[0].name
    names = {background: into[0].name, **stated}
    unlike = sorted(set(names).symmetric_difference(source.labels))
    if unlike and unlike[0] in stated:
        raise DatasetError(f"{path} maps {unlike[0]!r}, which {source.name} does not have")
    if unlike:
        raise DatasetError(f"{path} says nothing of {unlike[0]!r}: give it a class, or null to ignore it")
    lut = np.full(256, IGNORE, dtype=np.uint8)
    for name, other in names.items():
        if other is not None:
            lut[source.index(name)] = into.index(str(other))
    ignored = {name: "ignored by the map" for name, other in names.items() if other is None}
    return TaxonomyMap(source, into, lut, ignored)


class Merged(_View):
    """Several datasets of one taxonomy and kind, one after the other; ids begin with each folder's name."""

    def __init__(self, parts: Sequence[Dataset]) -> None:
        first = parts[0]
        super().__init__(first)
        for part in parts[1:]:
            _check_alike(first, part)
        counts = Counter(part.path.name for part in parts)
        self._parts: dict[str, Dataset] = {}
        for number, part in enumerate(parts, start=1):
            name = part.path.name
            self._parts[name if counts[name] == 1 else f"{name}-{number}"] = part
        self.ids = tuple(f"{name}/{item}" for name, part in self._parts.items() for item in part.ids)
        self.broken = [
            BrokenSample(f"{name}/{broken.id}", broken.reason)
            for name, part in self._parts.items()
            for broken in part.broken
        ]
        self.warnings = tuple(line for part in parts for line in part.warnings)
        for part in parts:
            self.attribute_names = self.attribute_names or part.attribute_names
            self.keypoint_names = self.keypoint_names or part.keypoint_names
            self.groups_in_annotations |= part.groups_in_annotations

    def _own_identity(self) -> str:
        return " ".join(f"{part.path.resolve()} {part.identity}" for part in self._parts.values())

    def _sample(self, sample_id: str) -> Sample:
        name, _, own = sample_id.partition("/")
        sample = self._parts[name]._sample(own)
        load = sample.load_annotation
        return replace(
            sample,
            id=sample_id,
            group=None if sample.group is None else f"{name}/{sample.group}",
            load_annotation=None if load is None else partial(_regroup, load, name),
        )


def _regroup(load: Callable[[], Annotation], name: str) -> Annotation:
    annotation = load()
    return annotation if annotation.group is None else replace(annotation, group=f"{name}/{annotation.group}")


def _check_alike(first: Dataset, other: Dataset) -> None:
    if first.taxonomy != other.taxonomy:
        names = [part.taxonomy.name if part.taxonomy else "no taxonomy" for part in (first, other)]
        raise DatasetError(
            f"{first.path} is in {names[0]}, {other.path} in {names[1]}: bring them to one first"
        )
    if first.kind != other.kind:
        raise DatasetError(f"{first.path} is {first.kind}, {other.path} {other.kind}: keep them apart")
    for what in ("attribute_names", "keypoint_names"):
        one, two = getattr(first, what), getattr(other, what)
        if one and two and one != two:
            raise DatasetError(f"{first.path} and {other.path} differ in their {what.replace('_', ' ')}")


class Resplit(_View):
    """A dataset whose splits are those of lists of ids; a sample on no list is left out and reported."""

    def __init__(self, inner: Dataset, lists: Mapping[str, Sequence[str]]) -> None:
        super().__init__(inner)
        self._split_of: dict[str, str] = {}
        for split, ids in lists.items():
            for name in ids:
                if self._split_of.setdefault(name, split) != split:
                    raise DatasetError(
                        f"{name} is on the list of {self._split_of[name]} and on that of {split}"
                    )
        known = set(inner.ids)
        self.broken += [
            BrokenSample(i, "listed, but not in the dataset") for i in self._split_of if i not in known
        ]
        self.broken += [
            BrokenSample(i, "on the list of no split") for i in inner.ids if i not in self._split_of
        ]
        self.ids = tuple(name for name in inner.ids if name in self._split_of)
        if not self.ids:
            raise DatasetError(f"no id of the lists is in {inner.path}: make them for this dataset")

    def _own_identity(self) -> str:
        return json.dumps([self._split_of[name] for name in self.ids])

    def _sample(self, sample_id: str) -> Sample:
        sample = self.inner._sample(sample_id)
        return replace(sample, split=self._split_of[sample_id])
