"""COCO: `annotations/instances_SPLIT.json` and `images/SPLIT/`.

Category ids are the classes' indices in the taxonomy, from 1; image ids are the photos' numbers, annotation
ids count from 1 in each file. Polygons stay polygons, all other masks are compressed RLE, so every mask is
exact. Some tools read RLE for crowds only: for them `Target.polygons` makes one polygon of each mask.

`keypoints` and `attribute_ids` are written where the dataset has them, all other attributes as keys of their
own, so that a file that is read and written again says the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO

from ewardrobe.datasets.class_lists import known_name
from ewardrobe.datasets.instance import Box, Instance, Keypoints
from ewardrobe.datasets.sample import Sample
from ewardrobe.datasets.writers.areas import polygons_area
from ewardrobe.datasets.writers.joining import joined_ring
from ewardrobe.datasets.writers.writer import (
    Record,
    Records,
    Writer,
    annotation_of,
    name_of,
    place_photo,
    split_of,
)

__all__ = ["CocoWriter"]

_IMAGE, _ANNOTATION = "image", "annotation"
_dumps = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class CocoWriter(Writer):
    """One JSON file for each split; a dataset without splits gives `instances_all.json`."""

    format = "coco"

    def write(self, sample: Sample, number: int) -> tuple[list[Record], tuple[str, ...]]:
        """Place the photo; a line for it, and one for each object."""
        target = self.target
        annotation = annotation_of(sample, target.taxonomy)
        split = split_of(sample, without="all")
        width, height = annotation.size
        image: dict[str, Any] = {
            **annotation.attributes,
            "id": number,
            "file_name": place_photo(sample, target, f"images/{split}", name_of(sample)),
            "width": width,
            "height": height,
        }
        if annotation.group is not None:
            image["group"] = annotation.group
        records = [Record(_IMAGE, split, _dumps(image))]
        faults = list(annotation.faults)
        for instance in annotation.instances:
            index = target.taxonomy.index(instance.label)
            if target.polygons and not instance.crowd:
                ring = joined_ring(instance, annotation.size, target.tolerance)
                instance = replace(instance, polygons=() if ring is None else (ring,), rle=None, area=None)
            if not instance.polygons and instance.rle is None:
                faults.append(f"a {instance.label}: its mask is empty, and no polygon can say that")
                continue
            line = _line(instance, annotation.size, number, index)
            records.append(Record(_ANNOTATION, split, line))
        return records, tuple(faults)

    def finish(self, records: Records) -> None:
        """Join the lines of each split into its file; memory holds one line at a time."""
        from ewardrobe.imaging import write_atomically

        folder = self.target.out / "annotations"
        folder.mkdir(parents=True, exist_ok=True)
        for split in records.splits():
            join = partial(self._join, split=split, records=records)
            write_atomically(folder / f"instances_{split}.json", join)

    def _join(self, file: BinaryIO, split: str, records: Records) -> None:
        head = {"info": self._info(split), "licenses": [], "categories": self._categories()}
        if self.target.attribute_names:
            head["attributes"] = [
                {"id": number, "name": name} for number, name in self.target.attribute_names.items()
            ]
        file.write(_dumps(head)[:-1].encode())
        for key, kind in (("images", _IMAGE), ("annotations", _ANNOTATION)):
            file.write(f',\n"{key}":['.encode())
            between = b"\n"
            for number, line in enumerate(records.texts(kind, split), start=1):
                file.write(between + (b'{"id":%d,' % number + line[1:] if kind == _ANNOTATION else line))
                between = b",\n"
            file.write(b"]")
        file.write(b"}\n")

    def _info(self, split: str) -> dict[str, Any]:
        info: dict[str, Any] = {
            "description": f"split {split}, written by eWardrobe",
            "kind": self.target.kind,
        }
        name = known_name(self.target.taxonomy)
        return info if name is None else {**info, "taxonomy": name}

    def _categories(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [
            {"id": item.index, "name": item.name, "supercategory": item.region or item.kind}
            for item in self.target.taxonomy
            if item.kind != "background"
        ]
        if self.target.keypoint_names:
            points = {"keypoints": list(self.target.keypoint_names), "skeleton": []}
            rows = [{**row, **points} for row in rows]
        return rows


def _line(instance: Instance, size: tuple[int, int], image: int, category: int) -> str:
    """An object as JSON, without its id."""
    as_polygons = bool(instance.polygons) and not instance.crowd
    area, box = instance.area, instance.box
    if as_polygons:
        shape: Any = list(instance.polygons)
        area = polygons_area(instance.polygons) if area is None else area
        box = _box_around(instance.polygons) if box is None else box
    else:
        from ewardrobe.imaging import rle_area, rle_box

        shape = instance.to_rle(size)
        area = rle_area(shape) if area is None else area
        box = rle_box(shape) if box is None else box
    row: dict[str, Any] = {
        **instance.attributes,
        "image_id": image,
        "category_id": category,
        "bbox": list(box),
        "area": area,
        "iscrowd": int(instance.crowd),
        "segmentation": shape,
    }
    if instance.keypoints is None:
        return _dumps(row)
    row["num_keypoints"] = instance.keypoints.count
    return f'{_dumps(row)[:-1]},"keypoints":[{_keypoints(instance.keypoints)}]}}'


def _keypoints(keypoints: Keypoints) -> str:
    """All slots as JSON; of 294 most are empty, and repeating a text is faster than encoding them."""
    own = _dumps(list(keypoints.values))[1:-1]
    after = 3 * (keypoints.slots - keypoints.first) - len(keypoints.values)
    return "0," * (3 * keypoints.first) + own + ",0" * after


def _box_around(rings: Iterable[Any]) -> Box:
    xs = [value for ring in rings for value in ring[0::2]]
    ys = [value for ring in rings for value in ring[1::2]]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
