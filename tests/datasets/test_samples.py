"""The real files of other datasets that come with the development data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from ewardrobe import taxonomy
from ewardrobe.datasets import open_dataset
from ewardrobe.datasets.deepfashion2 import read_annotation
from tests.datasets import layouts

pytestmark = pytest.mark.data


@pytest.fixture
def samples(data_folder: Path) -> Path:
    folder = data_folder / "samples"
    if not folder.is_dir():
        pytest.skip(f"the development data has no {folder}")
    return folder


def test_deepfashion2_annotation(samples: Path, tmp_path: Path) -> None:
    photo = layouts.write_photo(tmp_path / "000001.jpg", (468, 624))
    annotation = read_annotation(samples / "deepfashion2/000001.json", photo)
    assert annotation.faults == ()
    assert [item.label for item in annotation.instances] == ["short sleeve top", "trousers"]
    assert [len(item.polygons) for item in annotation.instances] == [3, 3]
    assert annotation.group == "1" and annotation.attributes == {"source": "user"}


@pytest.mark.parametrize(("name", "count"), [("deepfashion2_coco", 2), ("fashionpedia", 12)])
def test_masks_are_those_of_pycocotools(samples: Path, name: str, count: int) -> None:
    dataset = open_dataset(samples / name)
    theirs = COCO(str(next((samples / name).glob("*.json"))))
    found = 0
    for sample in dataset:
        annotation = sample.annotation
        assert annotation is not None and annotation.faults == ()
        assert sample.size == annotation.size
        photo, label_map = sample.read()
        assert label_map.any()
        for instance in annotation.instances:
            assert instance.id is not None
            mask = theirs.annToMask(theirs.anns[instance.id]).astype(bool)
            assert np.array_equal(instance.mask(photo.size), mask)
            found += 1
    assert found == count == len(theirs.anns)


def test_deepfashion2_coco_takes_its_taxonomy_by_name(samples: Path) -> None:
    dataset = open_dataset(samples / "deepfashion2_coco", taxonomy="deepfashion2")
    labels = {item.label for sample in dataset for item in sample.instances or ()}
    assert labels == {"long sleeve dress"}
    keypoints = [item.keypoints for sample in dataset for item in sample.instances or ()]
    assert all(item is not None and item.slots == 294 for item in keypoints)
    assert [sample.read_group() for sample in dataset] == ["22", "22"]


@pytest.mark.parametrize(("year", "attributes"), [(2019, 92), (2020, 294)])
def test_imaterialist_with_its_own_descriptions(
    samples: Path, tmp_path: Path, year: int, attributes: int
) -> None:
    folder = layouts.imaterialist(tmp_path, year=year)
    real = samples / f"imaterialist{year}/label_descriptions.json"
    (folder / "label_descriptions.json").write_text(real.read_text())
    dataset = open_dataset(folder)
    assert len(dataset.attribute_names) == attributes
    assert [item.label for item in dataset[0].instances or ()] == ["shirt, blouse", "sleeve"]


def test_maps_of_imaterialist_take_all_46(samples: Path) -> None:
    real = json.loads((samples / "imaterialist2020/label_descriptions.json").read_text())
    into = taxonomy.load_map("imaterialist", "imaterialist-supercategories")
    for row in real["categories"]:
        assert into.target_of(row["name"]) == row["supercategory"]
