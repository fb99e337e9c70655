"""Label Studio: tasks with predictions out, corrected annotations back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from ewardrobe.datasets import open_dataset
from ewardrobe.errors import DatasetError
from ewardrobe.jobs.converting import convert_dataset
from tests.datasets import layouts
from tests.datasets.layouts import HEIGHT, WIDTH, filled

REGION = {
    "type": "polygonlabels",
    "value": {"points": [[12.5, 25], [50, 25], [50, 75], [12.5, 75]], "polygonlabels": ["top"]},
}


def export(folder: Path, tasks: list[dict[str, Any]]) -> Path:
    for name in ("a", "b"):
        layouts.write_photo(folder / f"photos/{name}.jpg")
    return layouts.write_json(folder / "export.json", tasks)


def task(image: str, *results: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"data": {"image": image}, "annotations": [{"result": result, **more} for result in results]}


def corrected(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What an annotator who accepts everything exports."""
    return [
        {"data": item["data"], "annotations": [{"result": item["predictions"][0]["result"]}]}
        for item in tasks
    ]


def test_out_and_back(tmp_path: Path, ccp: Path) -> None:
    source = open_dataset(ccp)
    out = tmp_path / "out"
    done = convert_dataset(source, out, "label-studio", tolerance=0)
    assert done.photos == 4
    tasks = json.loads((out / "tasks.json").read_text())
    assert tasks[0]["data"]["image"] == "/data/local-files/?d=images/0001.jpg"
    region = tasks[0]["predictions"][0]["result"][0]
    assert (region["original_width"], region["original_height"]) == (120, 160)
    labels = {row.get("value") for row in ElementTree.parse(out / "config.xml").iter("Label")}
    assert source.taxonomy is not None and labels == set(source.taxonomy.labels[1:])

    file = layouts.write_json(tmp_path / "export.json", corrected(tasks))
    again = open_dataset(file, taxonomy="people-clothing", photos=out / "images")
    assert again.format == "label-studio"
    for before, after in zip(source, again, strict=True):
        assert np.array_equal(before.label_map, after.label_map)


def test_the_last_annotation_that_counts(tmp_path: Path) -> None:
    other = {**REGION, "value": {**REGION["value"], "polygonlabels": ["dress"]}}  # type: ignore[dict-item]
    first = task("/data/upload/1/0a1b2c3d-a.jpg", [other], [REGION])
    first["annotations"].append({"result": [other], "was_cancelled": True})
    dataset = open_dataset(export(tmp_path, [first, task("/data/local-files/?d=photos/b.jpg", [])]))
    one, empty = dataset
    assert [item.label for item in one.instances or ()] == ["top"]
    assert np.array_equal((one.instances or ())[0].mask((WIDTH, HEIGHT)), filled((10, 15, 40, 45)))
    assert empty.instances == ()


def test_what_cannot_be_right(tmp_path: Path) -> None:
    bad = [
        {"type": "brushlabels", "value": {"brushlabels": ["top"], "rle": [1]}},
        {"type": "polygonlabels", "value": {"points": [[1, 1]], "polygonlabels": ["top"]}},
        {"type": "polygonlabels", "value": {"polygonlabels": ["top"]}},
        {"type": "polygonlabels", "value": {**REGION["value"], "polygonlabels": ["hat"]}},  # type: ignore[dict-item]
        REGION,
    ]
    tasks = [task("a.jpg", bad), task("b.jpg"), task("gone.jpg", []), task("a.jpg", []), {"id": 1}]
    dataset = open_dataset(export(tmp_path, tasks), taxonomy="parts")
    assert len(dataset) == 1 and len(dataset.broken) == 4
    annotation = dataset[0].annotation
    assert annotation is not None
    assert len(annotation.faults) == 4 and len(annotation.instances) == 1
    with pytest.raises(DatasetError, match="no whole JSON"):
        (tmp_path / "export.json").write_text('[{"data"')
        open_dataset(tmp_path / "export.json")
