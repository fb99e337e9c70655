"""Whatever JSON a record holds: it becomes an object or a line that says why not, and never a crash."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.datasets import Sample, open_dataset
from ewardrobe.datasets.deepfashion2 import read_annotation
from ewardrobe.errors import DatasetError
from ewardrobe.jobs.converting import convert_dataset
from tests.datasets import layouts
from tests.datasets.layouts import SQUARE

NUMBERS = st.integers(-(2**70), 2**70) | st.floats() | st.integers(-5, 70)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
RINGS = st.lists(st.lists(NUMBERS, max_size=9), max_size=3)
RLES = st.fixed_dictionaries({"size": VALUES | st.just([60, 80]), "counts": VALUES | st.text(max_size=9)})


def accounted_for(sample: Sample, records: int) -> bool:
    annotation = sample.annotation
    assert annotation is not None and all("\n" not in fault for fault in annotation.faults)
    sample.read()
    return len(annotation.instances) + len(annotation.faults) >= records


@settings(max_examples=150)
@given(
    st.sampled_from(
        ["category_id", "segmentation", "bbox", "area", "iscrowd", "keypoints", "id", "image_id", "x"]
    ),
    VALUES | RINGS | RLES,
)
def test_coco(key: str, value: Any) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        record = layouts.coco_annotation(1, [SQUARE]) | {key: value}
        folder = layouts.coco(Path(scratch) / "in", [record, layouts.coco_annotation(2, [SQUARE])])
        dataset = open_dataset(folder)
        assert accounted_for(dataset[0], 2 - len(dataset.broken))
        done = convert_dataset(dataset, Path(scratch) / "out", "yolo", photos="link")
        assert done.photos == 1


@settings(max_examples=60)
@given(st.sampled_from(["id", "file_name", "width", "height", "group", "x"]), VALUES)
def test_coco_images(key: str, value: Any) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        images = [
            {"id": 7, "file_name": "a.jpg", "width": 80, "height": 60},
            {"id": 8, "file_name": "b.jpg", "width": 80, "height": 60} | {key: value},
        ]
        folder = layouts.coco(Path(scratch), [layouts.coco_annotation(1, [SQUARE])], images=images)
        layouts.write_photo(folder / "images/b.jpg")
        try:
            dataset = open_dataset(folder)
        except DatasetError:
            return
        assert len(dataset) + len(dataset.broken) >= 2
        for sample in dataset:
            assert sample.annotation is not None


@settings(max_examples=150)
@given(
    st.sampled_from(
        ["category_id", "segmentation", "bounding_box", "landmarks", "style", "item", "pair_id", "source"]
    ),
    VALUES | RINGS,
)
def test_deepfashion2(key: str, value: Any) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        item: Any = layouts.deepfashion2_item(8, [SQUARE])
        document: dict[str, Any] = {"source": "user", "pair_id": 1, "item1": item}
        if key == "item":
            document["item1"] = value
        elif key in document:
            document[key] = value
        else:
            item[key] = value
        photo = layouts.write_photo(Path(scratch) / "1.jpg")
        annotation = read_annotation(layouts.write_json(Path(scratch) / "1.json", document), photo)
        assert len(annotation.instances) + len(annotation.faults) >= 1
