"""What writing a dataset takes, whatever the format: photo by photo in any process, then one step at the end."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, ClassVar, Literal, NamedTuple, Protocol

from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.drawn import find_instances
from ewardrobe.datasets.instance import Annotation
from ewardrobe.datasets.photo_size import stored_upright
from ewardrobe.datasets.sample import Kind, Sample
from ewardrobe.errors import DatasetError, PhotoError
from ewardrobe.taxonomy import Taxonomy

__all__ = [
    "PhotoMode",
    "Record",
    "Records",
    "Target",
    "Writer",
    "annotation_of",
    "name_of",
    "place_photo",
    "split_of",
]

PhotoMode = Literal["copy", "link", "none"]
"""What becomes of the photos: copied, hard linked where the disk allows it, or left where they are."""


class Record(NamedTuple):
    """A line that the last step needs: what it is (one word), the split it is of, and its text."""

    kind: str
    split: str
    text: str


class Records(Protocol):
    """The lines of all photos, in order."""

    def splits(self) -> list[str]:
        """The splits that there are lines of, in the order of their first lines."""

    def texts(self, kind: str, split: str) -> Iterator[bytes]:
        """The texts of the lines of a kind and a split, in UTF-8."""


@dataclass(frozen=True)
class Target:
    """Where to write and what the whole dataset has in common; it pickles.

    Attributes:
        out: the folder.
        taxonomy: what the labels are written in.
        kind: `worn` or `flat`.
        photos: what becomes of the photos.
        source: folder of the photos, to name them by when they are left where they are.
        tolerance: pixels by which outlines made from masks may stray, where polygons are written.
        polygons: write every mask as one polygon, also where the format could have it exact.
        attribute_names: names of the attribute ids, where there are any.
        keypoint_names: names of the keypoint slots, where there are any.
    """

    out: Path
    taxonomy: Taxonomy
    kind: Kind = "worn"
    photos: PhotoMode = "copy"
    source: Path | None = None
    tolerance: float = 0.5
    polygons: bool = False
    attribute_names: Mapping[int, str] = field(default_factory=dict)
    keypoint_names: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        out: Path,
        *,
        photos: PhotoMode = "copy",
        tolerance: float = 0.5,
        polygons: bool = False,
    ) -> Target:
        """The target of a whole dataset; `DatasetError` when it has no pixel labels."""
        if dataset.taxonomy is None:
            raise DatasetError(
                f"{dataset.path} has no pixel labels to write: choose another dataset or split"
            )
        source = dataset.path if dataset.path.is_dir() else dataset.path.parent
        return cls(
            out,
            dataset.taxonomy,
            dataset.kind,
            photos,
            source,
            tolerance,
            polygons,
            dataset.attribute_names,
            dataset.keypoint_names,
        )


class Writer(ABC):
    """Writes one format. `write` may run in any process, many at once; `finish` runs once, when all is written."""

    format: ClassVar[str]

    def __init__(self, target: Target) -> None:
        self.target = target

    @abstractmethod
    def write(self, sample: Sample, number: int) -> tuple[list[Record], tuple[str, ...]]:
        """Write what is one photo's own; give the lines that `finish` needs, and the faults of the annotation.

        `number` is the photo's own, from 1 and unique in the dataset. An exception means that the sample
        cannot be used at all.
        """

    @abstractmethod
    def finish(self, records: Records) -> None:
        """Write what is the whole dataset's."""


def annotation_of(sample: Sample, taxonomy: Taxonomy) -> Annotation:
    """The sample's objects; those of its label map where it has no list of objects.

    Raises:
        DatasetError: it has no pixel labels, or they are not of the photo's size.
    """
    annotation = sample.annotation
    if annotation is None:
        label_map = sample.label_map
        if label_map is None:
            raise DatasetError(f"{sample.id} has no pixel labels")
        height, width = label_map.shape
        annotation = Annotation(find_instances(label_map, taxonomy), (width, height), sample.group)
    if annotation.measured:
        return annotation
    width, height = sample.size
    if annotation.size != (width, height):
        stated = "{}x{}".format(*annotation.size)
        raise DatasetError(f"its labels are for {stated} pixels, its photo is {width}x{height}")
    return annotation


def split_of(sample: Sample, without: str) -> str:
    """The split as written files call it, `val` for `validation`; `without` where the dataset has none."""
    return "val" if sample.split == "validation" else sample.split or without


def name_of(sample: Sample) -> str:
    """The stem for a sample's files, perhaps with folders: its id, without the split that they lie in anyway."""
    return sample.id.removeprefix(f"{sample.split}/") if sample.split else sample.id


def place_photo(sample: Sample, target: Target, folder: str, name: str) -> str:
    """Put the photo into `folder` of the target under the stem `name`; give its file name relative to the former.

    A photo that EXIF turns is written upright, as JPEG of quality 95, since half of all tools ignore EXIF
    and its labels are upright. When photos are left where they are, the name is relative to `target.source`.
    """
    source = target.source
    if target.photos == "none":
        if sample.path is None or source is None:
            raise DatasetError(f"the photo of {sample.id} is no file of its own: copy the photos")
        below = str(source) + os.sep
        path_text = str(sample.path)
        if path_text.startswith(below):
            return path_text[len(below) :].replace(os.sep, "/")
        return Path(os.path.relpath(sample.path, source)).as_posix()
    path = sample.path
    as_it_is = path is not None and stored_upright(path)
    suffix = path.suffix.lower() if path is not None and as_it_is else ".jpg"
    place = target.out / folder / f"{name}{suffix}"
    place.parent.mkdir(parents=True, exist_ok=True)
    if path is None or not as_it_is:
        from ewardrobe.imaging import to_jpeg_bytes, write_atomically

        write_atomically(place, to_jpeg_bytes(sample.photo.pixels, quality=95), durable=False)
    elif target.photos == "copy" or not _linked(path, place):
        _copy(path, place)
    return f"{name}{suffix}"


def _linked(path: Path, target: Path) -> bool:
    try:
        if target.exists():
            if target.samefile(path):
                return True
            target.unlink()
        target.hardlink_to(path)
    except OSError:  # another disk, or one that knows no links
        return False
    return True


def _copy(path: Path, target: Path) -> None:
    from ewardrobe.imaging import write_atomically

    with _opened(path) as original:
        write_atomically(target, partial(shutil.copyfileobj, original), durable=False)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise PhotoError(f"{path}: it cannot be read: {error.strerror or error}") from error
