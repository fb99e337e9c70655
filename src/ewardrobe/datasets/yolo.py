"""YOLO segmentation, as Ultralytics defines it: `data.yaml`, `images/SPLIT/*.jpg`, `labels/SPLIT/*.txt`.

`data.yaml` names the classes (`names`: a list, or index to name) and, for `train`, `val` and `test`, a
folder of photos, a list of folders, or a text file of photos, relative to `path`. A label file has the
photo's path with the last `images` replaced by `labels`; each line is a class index and one polygon,
`x y` in fractions of width and height. A photo without a label file has no objects.
Source: https://docs.ultralytics.com/datasets/segment/.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ewardrobe.datasets.class_lists import label_of, taxonomy_of
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.drawn import sample_of_objects
from ewardrobe.datasets.images import PHOTO_SUFFIXES
from ewardrobe.datasets.instance import Annotation, Instance
from ewardrobe.datasets.photo_size import photo_size
from ewardrobe.datasets.sample import Kind, Sample
from ewardrobe.datasets.segments import ring_fault
from ewardrobe.datasets.tables import read_lines
from ewardrobe.errors import DatasetError

__all__ = ["Yolo"]

_SPLITS = ("train", "val", "test")
_FILES = ("data.yaml", "data.yml", "dataset.yaml")


class Yolo(Dataset):
    """Photos with one polygon for each object.

    Args:
        path: the folder of `data.yaml`.
        split: `train`, `val` or `test`; `None` for all that the file names.
        taxonomy: name of the taxonomy that the classes are of, where they are not recognised as one.
        kind: `worn` or `flat`.
    """

    format = "yolo"
    layout = "data.yaml, images/ and labels/"

    def __init__(
        self, path: Path, split: str | None = None, *, taxonomy: str | None = None, kind: Kind = "worn"
    ) -> None:
        super().__init__(path, split)
        self.kind = kind
        self._file = next((path / name for name in _FILES if (path / name).is_file()), path / _FILES[0])
        document = _read_yaml(self._file)
        names = _names(document, self._file)
        self.taxonomy = taxonomy_of(list(names.values()), stated=taxonomy, own_name=path.name)
        self._labels = {index: label_of(name, self.taxonomy) for index, name in names.items()}
        known = [name for name in _SPLITS if document.get(name)]
        if split is not None and split not in known:
            raise DatasetError(f"{path} has no split {split!r}: choose one of {', '.join(known)}")
        photos = [
            (name, photo)
            for name in known
            if split in (None, name)
            for photo in _photos(self._base(document), document[name])
        ]
        stems = Counter(photo.stem for _, photo in photos)
        self._photos: dict[str, tuple[str, Path]] = {}
        missing: dict[str, str] = {}
        for name, photo in photos:
            sample_id = photo.stem if stems[photo.stem] == 1 else f"{name}/{photo.stem}"
            if sample_id in self._photos:
                sample_id = f"{name}/{photo.parent.name}/{photo.name}"
            self._photos[sample_id] = name, photo
            if not photo.is_file():
                missing[sample_id] = f"there is no photo {photo}"
        self._keep(list(self._photos), missing)

    @classmethod
    def detect(cls, path: Path) -> bool:
        """A `data.yaml`."""
        return any((path / name).is_file() for name in _FILES)

    def _base(self, document: Mapping[str, Any]) -> Path:
        """Ultralytics' `path` is often that of another machine: the file's own folder counts then."""
        stated = document.get("path")
        base = self.path / str(stated) if stated else self.path
        return base if base.is_dir() else self.path

    def _sample(self, sample_id: str) -> Sample:
        assert self.taxonomy is not None
        split, photo = self._photos[sample_id]
        load = partial(_read_annotation, label_file(photo), photo, self._labels)
        return sample_of_objects(sample_id, self.kind, photo, self.taxonomy, load, split=split)


def label_file(photo: Path) -> Path:
    """Where the labels of a photo are: the last folder `images` of its path replaced by `labels`."""
    parts = list(photo.parts)
    for at in range(len(parts) - 2, -1, -1):
        if parts[at] == "images":
            parts[at] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def _read_yaml(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing: it names the classes and the folders of photos") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatasetError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise DatasetError(f"{path} is no list of keys and values: it needs names, train and val")
    return document


def _names(document: Mapping[str, Any], path: Path) -> dict[int, str]:
    names = document.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names or not all(isinstance(key, int) for key in names):
        raise DatasetError(f"{path} has no names: a list of the classes, or index: name for each")
    return {index: str(name) for index, name in sorted(names.items())}


def _photos(base: Path, stated: Any) -> Iterator[Path]:
    for entry in stated if isinstance(stated, list) else [stated]:
        place = base / str(entry)
        if place.suffix == ".txt":
            yield from (place.parent / PurePosixPath(line) for line in read_lines(place))
        elif place.is_dir():
            yield from sorted(file for file in place.rglob("*") if file.suffix.lower() in PHOTO_SUFFIXES)
        else:
            raise DatasetError(f"{place} is missing: data.yaml names it")


def _read_annotation(path: Path, photo: Path, labels: Mapping[int, str | None]) -> Annotation:
    size = photo_size(photo)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read {path}: check that it is UTF-8 text") from error
    faults: list[str] = []
    found = [
        _read_line(line.split(), f"line {number}", size, labels, faults)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    return Annotation(
        tuple(item for item in found if item is not None), size, faults=tuple(faults), measured=True
    )


def _read_line(
    cells: list[str], who: str, size: tuple[int, int], labels: Mapping[int, str | None], faults: list[str]
) -> Instance | None:
    try:
        index, *values = (float(cell) for cell in cells)
    except ValueError:
        faults.append(f"{who}: it has a word that is no number")
        return None
    label = labels.get(int(index)) if math.isfinite(index) and index.is_integer() else None
    if label is None:
        faults.append(f"{who}: there is no class {cells[0]}")
        return None
    if len(values) == 4:
        faults.append(f"{who}: it is a box, not a polygon")
        return None
    width, height = size
    ring = [value * (height if at % 2 else width) for at, value in enumerate(values)]
    fault = ring_fault(ring, size)
    if fault is not None:
        faults.append(f"{who}: its polygon {fault}")
        return None
    return Instance(label, polygons=(ring,))
