"""What every dataset format has in common: a list of ids, and a `Sample` made when its id comes up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import ClassVar, Self

from ewardrobe.datasets.sample import BrokenSample, Kind, Sample
from ewardrobe.errors import DatasetError
from ewardrobe.taxonomy import Taxonomy

__all__ = ["Dataset"]


class Dataset(ABC):
    """Samples of one format, in a fixed order, built on demand.

    A format is a subclass: it names itself, recognises its layout (`detect`), lists the ids of a split when
    it is opened, and builds one sample at a time (`_sample`). Files are looked at only when a sample's photo
    or labels are read. A listed sample whose files are missing is kept out of the loop and recorded in
    `broken`.

    Attributes:
        format: name of the format, as `open_dataset(..., format=...)` takes it.
        layout: one line about the files that make up the format, shown when a layout is not recognised.
        kind: `worn` or `flat`; one dataset never mixes the two.
        taxonomy: what the label maps are written in; `None` for a dataset without pixel labels.
        broken: listed samples that cannot be used, each with its reason.
        warnings: what whoever uses the set should know, one line each.
        attribute_names: names of `Instance.attributes["attribute_ids"]`, where the dataset has such.
        keypoint_names: names of the keypoint slots, where the dataset has any.
        groups_in_annotations: whether a sample may say its group only in its annotation.
    """

    format: ClassVar[str]
    layout: ClassVar[str]
    kind: Kind = "worn"

    def __init__(self, path: Path, split: str | None = None) -> None:
        self.path = path
        self.split = split
        self.taxonomy: Taxonomy | None = None
        self.ids: Sequence[str] = ()
        self.broken: list[BrokenSample] = []
        self.warnings: tuple[str, ...] = ()
        self.attribute_names: Mapping[int, str] = {}
        self.keypoint_names: tuple[str, ...] = ()
        self.groups_in_annotations = False

    @classmethod
    @abstractmethod
    def detect(cls, path: Path) -> bool:
        """Whether the folder `path` has this format's layout; looks at names only."""

    @abstractmethod
    def _sample(self, sample_id: str) -> Sample:
        """The sample of one id."""

    @property
    def identity(self) -> str:
        """What else than path and ids decides what is in the samples: a stopped conversion goes on only if equal."""
        return f"{self.format} {self.kind} {self.split}"

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Sample]:
        return map(self._sample, self.ids)

    def __getitem__(self, index: int) -> Sample:
        return self._sample(self.ids[index])

    def take(self, count: int) -> Self:
        """The same dataset with only its first `count` samples."""
        return self._with(self.ids[:count])

    def select(self, ids: Iterable[str]) -> Self:
        """The same dataset with only the samples of these ids, in their order; `DatasetError` for an unknown one."""
        chosen = tuple(ids)
        unknown = sorted(set(chosen).difference(self.ids))
        if unknown:
            raise DatasetError(f"{self.path} has no usable sample {unknown[0]!r}: check the list of ids")
        return self._with(chosen)

    def portion(self, ids: Sequence[str]) -> Iterable[Sample]:
        """The samples of some ids as something that pickles, to be sent to a worker process.

        They are made here, since most formats need much of the whole dataset for that; one that does not may
        give itself, to make them there.
        """
        return tuple(map(self._sample, ids))

    def _with(self, ids: Sequence[str]) -> Self:
        part = copy(self)
        part.ids = ids
        return part

    def __repr__(self) -> str:
        split = f", split {self.split}" if self.split else ""
        broken = f", {len(self.broken)} broken" if self.broken else ""
        return f"<{type(self).__name__} {self.format}: {len(self)} samples{split}{broken}>"

    def _keep(self, listed: Sequence[str], missing: dict[str, str]) -> None:
        """Set `ids` to the listed samples that are whole; move the others to `broken`."""
        self.ids = tuple(sample_id for sample_id in listed if sample_id not in missing)
        self.broken.extend(BrokenSample(i, missing[i]) for i in listed if i in missing)
        if not self.ids:
            detail = f" ({self.broken[0]})" if self.broken else ""
            raise DatasetError(
                f"{self.path} holds no usable sample{detail}: check the folder, or another split"
            )
