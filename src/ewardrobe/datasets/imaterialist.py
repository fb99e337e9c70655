"""iMaterialist (Fashion) 2019 and 2020: `train.csv`, `label_descriptions.json` and the photos in `train/`.

Each row of the table is one object: `ImageId`, `EncodedPixels` (start length start length ..., 1-based,
column by column), `Height`, `Width`, `ClassId` and, in 2020, `AttributesIds`; in 2019 a ClassId such as
`6_15_123` carries the attributes. Source: https://www.kaggle.com/c/imaterialist-fashion-2020-fgvc7.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.drawn import sample_of_objects
from ewardrobe.datasets.images import find_photos
from ewardrobe.datasets.instance import Annotation, Instance
from ewardrobe.datasets.sample import BrokenSample, Sample
from ewardrobe.datasets.segments import checked_rle
from ewardrobe.errors import DatasetError

__all__ = ["IMaterialist"]

_COLUMNS = ("ImageId", "EncodedPixels", "Height", "Width", "ClassId")
_SPLIT = "train"  # the test photos have no labels

Span = tuple[int, int]
"""First byte and length of rows that follow one another."""


class IMaterialist(Dataset):
    """Worn and shop photos in the taxonomy `imaterialist`; the one split is `train`."""

    format = "imaterialist"
    layout = "train.csv, label_descriptions.json and train/"

    def __init__(self, path: Path, split: str | None = None) -> None:
        super().__init__(path, split)
        if split not in (None, _SPLIT):
            raise DatasetError(f"{path} has no split {split!r}: only train has labels")
        self.taxonomy = taxonomies.load("imaterialist")
        self.attribute_names = self._check_descriptions()
        self._table = path / "train.csv"
        self._header, self._spans = _index(self._table)
        self._photos = find_photos(path / "train")
        missing = {name: "there is no photo" for name in self._spans if name not in self._photos}
        unlisted = sorted(self._photos.keys() - self._spans.keys())
        self._keep(list(self._spans), missing)
        self.broken.extend(BrokenSample(name, "the table has no row for it") for name in unlisted)

    @classmethod
    def detect(cls, path: Path) -> bool:
        """The table and the descriptions."""
        return all((path / name).is_file() for name in ("train.csv", "label_descriptions.json"))

    def _check_descriptions(self) -> dict[int, str]:
        """The attributes by id; `DatasetError` when the categories are not those of the taxonomy."""
        assert self.taxonomy is not None
        file = self.path / "label_descriptions.json"
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            names = {int(row["id"]): str(row["name"]) for row in document["categories"]}
            attributes = {int(row["id"]): str(row["name"]) for row in document["attributes"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"cannot read {file}: it needs categories and attributes") from error
        self._labels = {item.category_id: item.name for item in self.taxonomy if item.category_id is not None}
        for number, name in names.items():
            if self._labels.get(number) != name:
                raise DatasetError(f"{file} has a category {number} {name!r} that iMaterialist does not have")
        return attributes

    def _sample(self, sample_id: str) -> Sample:
        assert self.taxonomy is not None
        load = partial(_read_annotation, self._table, self._header, self._spans[sample_id], self._labels)
        return sample_of_objects(
            sample_id, self.kind, self._photos[sample_id], self.taxonomy, load, split=_SPLIT
        )


def _index(table: Path) -> tuple[tuple[str, ...], dict[str, tuple[Span, ...]]]:
    """The header, and where each photo's rows are; rows that are not together are found as well."""
    spans: dict[str, list[Span]] = {}
    with table.open("rb") as file:
        head = file.readline()
        try:
            header = tuple(next(csv.reader([head.decode("utf-8-sig")]), ()))
        except UnicodeDecodeError as error:
            raise DatasetError(f"cannot read {table}: it is no CSV in UTF-8") from error
        absent = [column for column in _COLUMNS if column not in header]
        if absent or header[0] != "ImageId":
            raise DatasetError(f"{table} is no iMaterialist table: its columns are {', '.join(_COLUMNS)}")
        at = len(head)
        for line in file:
            name = line.partition(b",")[0].decode("utf-8", "replace").strip().removesuffix(".jpg")
            if name:
                own = spans.setdefault(name, [])
                if own and own[-1][0] + own[-1][1] == at:
                    own[-1] = own[-1][0], own[-1][1] + len(line)
                else:
                    own.append((at, len(line)))
            at += len(line)
    return header, {name: tuple(own) for name, own in spans.items()}


def _read_annotation(
    table: Path, header: tuple[str, ...], spans: tuple[Span, ...], labels: Mapping[int, str]
) -> Annotation:
    lines: list[str] = []
    with table.open("rb") as file:
        for start, length in spans:
            file.seek(start)
            lines.extend(file.read(length).decode("utf-8", "replace").splitlines())
    faults: list[str] = []
    instances: list[Instance] = []
    sizes: list[tuple[int, int]] = []
    for number, cells in enumerate(csv.reader(lines), start=1):
        row = dict(zip(header, cells, strict=False))
        instance = _read_row(row, f"row {number}", sizes, labels, faults)
        if instance is not None:
            instances.append(instance)
    if not sizes:
        raise DatasetError(f"none of its {len(lines)} rows in {table} says the photo's size ({faults[0]})")
    return Annotation(tuple(instances), sizes[0], faults=tuple(faults))


def _read_row(
    row: Mapping[str, str],
    who: str,
    sizes: list[tuple[int, int]],
    labels: Mapping[int, str],
    faults: list[str],
) -> Instance | None:
    """The object of one row; its size is added to `sizes`, where the first row's counts for all."""
    try:
        size = int(float(row["Width"])), int(float(row["Height"]))
        category, *in_class = (int(part) for part in row["ClassId"].split("_"))
        listed = [int(part) for part in row.get("AttributesIds", "").split(",") if part.strip().isdigit()]
        pairs = [int(part) for part in row["EncodedPixels"].split()]
    except (KeyError, ValueError, OverflowError):
        faults.append(f"{who}: a cell is missing or is no number")
        return None
    if min(size) < 1:
        faults.append(f"{who}: a photo of {size[0]}x{size[1]} is not possible")
        return None
    sizes.append(size)
    if size != sizes[0]:
        faults.append(f"{who}: it says {size[0]}x{size[1]}, the row before it {sizes[0][0]}x{sizes[0][1]}")
        return None
    if category not in labels:
        faults.append(f"{who}: there is no category {category}")
        return None
    counts = _to_coco_runs(pairs, size[0] * size[1], who, faults)
    if counts is None:
        return None
    rle = checked_rle({"size": [size[1], size[0]], "counts": counts}, size, who, faults)
    attributes: dict[str, Any] = {"attribute_ids": listed or in_class} if listed or in_class else {}
    return None if rle is None else Instance(labels[category], rle=rle, attributes=attributes)


def _to_coco_runs(pairs: list[int], pixels: int, who: str, faults: list[str]) -> list[int] | None:
    """COCO's runs, background first, from start and length pairs that count from 1."""
    if not pairs or len(pairs) % 2:
        faults.append(f"{who}: its run lengths are {len(pairs)} numbers, not pairs of start and length")
        return None
    counts: list[int] = []
    at = 0
    for start, length in zip(pairs[0::2], pairs[1::2], strict=True):
        if start - 1 < at or length < 1:
            faults.append(f"{who}: its run lengths overlap or are not in order at {start} {length}")
            return None
        counts += [start - 1 - at, length]
        at = start - 1 + length
    if at > pixels:
        faults.append(f"{who}: its run lengths end at pixel {at} of {pixels}")
        return None
    return [*counts, pixels - at]
