"""The COCO reader, on generated files in its layout and on real samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from ewardrobe import taxonomy
from ewardrobe.datasets import open_dataset
from ewardrobe.errors import DatasetError
from tests.datasets import layouts
from tests.datasets.layouts import HEIGHT, SIZE, SQUARE, TRIANGLE, WIDTH, faults, filled, instances, only


class TestCoco:
    def test_every_kind_of_mask_is_what_pycocotools_sees(self, tmp_path: Path) -> None:
        ring = np.asfortranarray(filled((5, 5, 50, 50)) & ~filled((20, 20, 30, 30))).astype(np.uint8)
        packed = coco_mask.encode(ring)
        runs = np.flatnonzero(np.diff(np.concatenate([[2], ring.T.ravel(), [2]])))
        counts = [0] * int(ring[0, 0]) + np.diff(runs).tolist()
        records = [
            layouts.coco_annotation(1, [SQUARE]),
            layouts.coco_annotation(2, [TRIANGLE, [1, 1, 9, 1, 9, 9]], category_id=4),
            layouts.coco_annotation(3, {"size": [HEIGHT, WIDTH], "counts": packed["counts"].decode()}),
            layouts.coco_annotation(4, {"size": [HEIGHT, WIDTH], "counts": counts}, iscrowd=1),
        ]
        folder = layouts.coco(tmp_path, records)
        theirs = COCO(str(folder / "annotations/instances_train.json"))
        sample = only(folder)
        assert sample.annotation is not None and sample.annotation.faults == ()
        for instance in instances(sample):
            assert instance.id is not None
            assert np.array_equal(
                instance.mask(SIZE), theirs.annToMask(theirs.anns[instance.id]).astype(bool)
            )
        assert [item.label for item in instances(sample)] == ["shirt", "shoe", "shirt", "shirt"]
        assert [item.crowd for item in instances(sample)] == [False, False, False, True]
        assert (sample.id, sample.split, sample.size) == ("a", "train", SIZE)

    def test_the_smaller_lies_on_top(self, tmp_path: Path) -> None:
        small = [15, 15, 20, 15, 20, 20, 15, 20]
        records = [layouts.coco_annotation(1, [small], category_id=4), layouts.coco_annotation(2, [SQUARE])]
        dataset = open_dataset(layouts.coco(tmp_path, records))
        assert dataset.taxonomy is not None
        _, label_map = dataset[0].read()
        shirt, shoe = dataset.taxonomy.index("shirt"), dataset.taxonomy.index("shoe")
        expected = np.where(filled((15, 15, 20, 20)), shoe, np.where(filled((10, 10, 30, 30)), shirt, 0))
        assert np.array_equal(label_map, expected)

    @pytest.mark.parametrize(
        ("record", "said"),
        [
            ({"segmentation": [[1, 1, 9, 9]]}, "has 2 points, fewer than three"),
            ({"segmentation": [[1, 1, 9, 9, 5]]}, "odd number"),
            ({"segmentation": [[1, 1, 9, 9, float("nan"), 4]]}, "not finite"),
            ({"segmentation": [[1, 1, 900, 9, 5, 5]]}, "outside its photo of 80x60"),
            ({"segmentation": [[1, 1, "x", 9, 5, 5]]}, "no numbers"),
            ({"segmentation": {"size": [HEIGHT, WIDTH], "counts": [5, 99999]}}, "do not add up"),
            ({"segmentation": {"size": [10, 10], "counts": [100]}}, "the photo is 80x60"),
            ({"segmentation": []}, "no segmentation"),
            ({"category_id": 99}, "no category 99"),
            ({"bbox": [0, 0, -5, 4]}, "box"),
            ({"bbox": [float("inf"), 0, 5, 4]}, "box"),
        ],
    )
    def test_a_broken_record_is_said_and_the_others_stay(
        self, tmp_path: Path, record: dict[str, Any], said: str
    ) -> None:
        bad = layouts.coco_annotation(11, [SQUARE]) | record
        sample = only(layouts.coco(tmp_path, [bad, layouts.coco_annotation(12, [SQUARE])]))
        (fault,) = faults(sample)
        assert said in fault and fault.startswith("annotation 11: ")
        assert [item.id for item in instances(sample)] == [12]

    def test_one_bad_polygon_of_two(self, tmp_path: Path) -> None:
        sample = only(layouts.coco(tmp_path, [layouts.coco_annotation(1, [SQUARE, [1, 1]])]))
        assert faults(sample) == ("annotation 1: polygon 2 of 2 has 1 points, fewer than three",)
        assert instances(sample)[0].polygons == (SQUARE,)

    def test_records_that_belong_nowhere_are_reported(self, tmp_path: Path) -> None:
        records = [
            layouts.coco_annotation(1, [SQUARE]),
            layouts.coco_annotation(1, [TRIANGLE]),
            layouts.coco_annotation(2, [SQUARE], image_id=99),
            {"id": 3},
        ]
        images = [
            {"id": 7, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT},
            {"id": 7, "file_name": "b.jpg", "width": WIDTH, "height": HEIGHT},
            {"id": 8, "file_name": "gone.jpg", "width": WIDTH, "height": HEIGHT},
            {"id": 9, "file_name": "../outside.jpg", "width": WIDTH, "height": HEIGHT},
        ]
        dataset = open_dataset(layouts.coco(tmp_path, records, images=images))
        said = sorted(str(broken) for broken in dataset.broken)
        assert len(said) == 6
        for part in (
            "used twice",
            "image 99",
            "no image_id",
            "is that of a.jpg",
            "no photo gone",
            "leads out",
        ):
            assert sum(part in line for line in said) == 1, (part, said)
        assert len(instances(dataset[0])) == 1

    def test_attributes_and_groups_are_kept(self, tmp_path: Path) -> None:
        record = layouts.coco_annotation(
            1, [SQUARE], attribute_ids=[2, 5], pair_id=22, keypoints=[1, 2, 2, 0, 0, 0], area=400, style=1
        )
        attributes = [{"id": 2, "name": "plain"}, {"id": 5, "name": "à pois"}]
        dataset = open_dataset(layouts.coco(tmp_path, [record], attributes=attributes))
        (instance,) = instances(dataset[0])
        assert instance.attributes == {"attribute_ids": [2, 5], "pair_id": 22, "style": 1}
        assert instance.keypoints is not None
        assert (instance.keypoints.count, instance.keypoints.flat(), instance.area) == (
            1,
            [1, 2, 2, 0, 0, 0],
            400,
        )
        assert dataset[0].read_group() == "22"
        assert dataset.attribute_names == {2: "plain", 5: "à pois"}

    def test_a_known_list_of_classes_is_that_taxonomy(self, tmp_path: Path) -> None:
        names = [item.name.replace(" ", "_") for item in taxonomy.load("deepfashion2")][1:]
        names[0] = "short_sleeved_shirt"
        categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
        dataset = open_dataset(
            layouts.coco(tmp_path, [layouts.coco_annotation(1, [SQUARE])], categories=categories)
        )
        assert dataset.taxonomy == taxonomy.load("deepfashion2")
        assert instances(dataset[0])[0].label == "short sleeve top"

    def test_a_class_outside_the_named_taxonomy(self, tmp_path: Path) -> None:
        folder = layouts.coco(tmp_path, [layouts.coco_annotation(1, [SQUARE])])
        assert "'shirt' is not in the taxonomy" in faults(only(folder, taxonomy="wardrobe"))[0]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('{"images": [], "annotations": [], "cat', "byte"),
            ('{"images": [{"id": 1', "byte"),
            ('{"images": [1,]}', "expected a value"),
            ('{"images": [], "annotations": []}', "no categories"),
            ('{"images": [], "categories": [{"id": 1}]}', "category without an id or a name"),
            ('{"images": ' + "[" * 100000, "nested too deeply"),
        ],
    )
    def test_damaged_files(self, tmp_path: Path, text: str, said: str) -> None:
        folder = layouts.coco(tmp_path, [])
        (folder / "annotations/instances_train.json").write_text(text)
        with pytest.raises(DatasetError) as error:
            open_dataset(folder, format="coco")
        assert said in str(error.value) and "\n" not in str(error.value)

    def test_a_large_file_is_read_piece_by_piece(self, tmp_path: Path) -> None:
        count = 4000
        images = [
            {"id": n, "file_name": f"{n}.jpg", "width": WIDTH, "height": HEIGHT, "note": "é" * 300}
            for n in range(count)
        ]
        records = [
            layouts.coco_annotation(n, [SQUARE], image_id=n, note="ü" * n) for n in range(0, count, 500)
        ]
        folder = layouts.coco(tmp_path, records, images=images)
        document = json.loads((folder / "annotations/instances_train.json").read_text())
        (folder / "annotations/instances_train.json").write_text(
            json.dumps(document, ensure_ascii=False), encoding="utf-8"
        )
        layouts.write_photo(folder / "images/3500.jpg")
        sample = only(folder)
        assert instances(sample)[0].attributes == {"note": "ü" * 3500}

    def test_one_file_is_a_dataset_too(self, tmp_path: Path) -> None:
        file = layouts.write_json(
            tmp_path / "labels.json", layouts.coco_document([layouts.coco_annotation(1, [SQUARE])])
        )
        layouts.write_photo(tmp_path / "a.jpg")
        assert only(file).split == "labels"
        assert only(file, photos=tmp_path).id == "a"
