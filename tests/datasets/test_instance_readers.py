"""Readers of datasets that list objects: each official layout, and each kind of damage as one line."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from ewardrobe import taxonomy
from ewardrobe.datasets import Instance, Sample, detect_format, open_dataset
from ewardrobe.errors import DatasetError
from tests.datasets import layouts
from tests.datasets.layouts import HEIGHT, SQUARE, TRIANGLE, WIDTH, filled

SIZE = (WIDTH, HEIGHT)


def only(path: Path, **options: Any) -> Sample:
    (sample,) = open_dataset(path, **options)
    return sample


def instances(sample: Sample) -> tuple[Instance, ...]:
    assert sample.instances is not None
    return sample.instances


def faults(sample: Sample) -> tuple[str, ...]:
    assert sample.annotation is not None
    assert all("\n" not in fault for fault in sample.annotation.faults)
    return sample.annotation.faults


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


class TestDeepFashion2:
    def test_official_layout(self, tmp_path: Path) -> None:
        dataset = open_dataset(layouts.deepfashion2(tmp_path), split="train")
        assert dataset.format == "deepfashion2" and len(dataset) == 4
        sample = dataset[2]
        top, trousers = instances(sample)
        assert (sample.id, sample.split, sample.size) == ("train/000003", "train", SIZE)
        assert (top.label, trousers.label) == ("short sleeve top", "trousers")
        assert np.array_equal(top.mask(SIZE), filled((10, 10, 30, 30)))
        assert top.box == (10, 10, 20, 20)
        assert trousers.attributes == {"style": 1, "scale": 2, "occlusion": 1, "zoom_in": 1, "viewpoint": 2}
        assert sample.annotation is not None
        assert (sample.annotation.group, sample.annotation.attributes) == ("2", {"source": "user"})

    def test_landmarks_have_294_slots(self, tmp_path: Path) -> None:
        dataset = open_dataset(layouts.deepfashion2(tmp_path), split="val")
        _, trousers = instances(dataset[0])
        assert trousers.keypoints is not None and len(dataset.keypoint_names) == 294
        flat = trousers.keypoints.flat()
        first = 3 * sum(layouts.LANDMARK_COUNTS[:7])
        assert len(flat) == 3 * 294
        assert flat[first : first + 6] == [1, 2, 0, 2, 3, 1]
        assert not any(flat[:first]) and not any(flat[first + 3 * 14 :])

    def test_damage(self, tmp_path: Path) -> None:
        folder = layouts.deepfashion2(tmp_path)
        annos = folder / "train/annos"
        (annos / "000001.json").write_text("{")
        bad = {
            "item1": layouts.deepfashion2_item(1, [[1, 1, 2, 2]]),
            "item2": layouts.deepfashion2_item(8, [SQUARE]) | {"category_id": 14},
            "item3": layouts.deepfashion2_item(8, [SQUARE]) | {"landmarks": [1, 2]},
            "item4": 5,
            "item5": layouts.deepfashion2_item(8, [SQUARE]) | {"bounding_box": None},
        }
        layouts.write_json(annos / "000002.json", bad)
        (annos / "000003.json").unlink()
        (folder / "train/image/000004.jpg").unlink()
        dataset = open_dataset(folder, split="train")
        assert {broken.id for broken in dataset.broken} == {"train/000003", "train/000004"}
        with pytest.raises(DatasetError, match=r"000001\.json"):
            _ = dataset[0].annotation
        said = faults(dataset[1])
        assert [fault.split(":")[0] for fault in said] == ["item1", "item2", "item3", "item4", "item5"]
        assert len(instances(dataset[1])) == 1  # item3, without its landmarks

    def test_a_split_alone_and_unknown_ones(self, tmp_path: Path) -> None:
        layouts.deepfashion2(tmp_path)
        assert len(open_dataset(tmp_path)) == 6
        assert [sample.id for sample in open_dataset(tmp_path / "validation")] == ["000001", "000002"]
        with pytest.raises(DatasetError, match="train, validation"):
            open_dataset(tmp_path, split="test")


class TestIMaterialist:
    @pytest.mark.parametrize("year", [2019, 2020])
    def test_both_years(self, tmp_path: Path, year: int) -> None:
        dataset = open_dataset(layouts.imaterialist(tmp_path, year=year))
        shirt_photo, shoe_photo = dataset
        shirt, sleeve = instances(shirt_photo)
        assert (shirt.label, sleeve.label) == ("shirt, blouse", "sleeve")
        assert np.array_equal(shirt.mask(SIZE), filled((10, 10, 30, 30)))
        assert np.array_equal(instances(shoe_photo)[0].mask(SIZE), filled((0, 0, 4, 5), (76, 55, 80, 60)))
        expected = [115, 136, 143] if year == 2020 else [15, 36]
        assert shirt.attributes == {"attribute_ids": expected}
        assert instances(shoe_photo)[0].attributes == {}
        assert len(dataset.attribute_names) == 294

    @pytest.mark.parametrize(
        ("runs", "said"),
        [
            ("1 2 3", "not pairs"),
            ("", "not pairs"),
            ("5 3 6 2", "overlap"),
            ("0 3", "overlap"),
            ("4790 100", "end at pixel"),
            ("4 x", "no number"),
        ],
    )
    def test_run_lengths_that_cannot_be_right(self, tmp_path: Path, runs: str, said: str) -> None:
        folder = layouts.imaterialist(tmp_path)
        with (folder / "train.csv").open("a") as stream:
            stream.write(f"bb,{runs},{HEIGHT},{WIDTH},3,\n")
        sample = open_dataset(folder)[1]
        (fault,) = faults(sample)
        assert said in fault and len(instances(sample)) == 1

    def test_other_damage(self, tmp_path: Path) -> None:
        folder = layouts.imaterialist(tmp_path)
        layouts.write_photo(folder / "train/unlabelled.jpg")
        (folder / "train/aa.jpg").unlink()
        with (folder / "train.csv").open("a") as stream:
            stream.write(f"bb,1 2,{HEIGHT + 1},{WIDTH},3,\nbb,1 2,{HEIGHT},{WIDTH},46,\nbb\n")
        dataset = open_dataset(folder)
        assert {broken.id for broken in dataset.broken} == {"aa", "unlabelled"}
        assert len(faults(dataset[0])) == 3

    def test_other_categories_are_another_dataset(self, tmp_path: Path) -> None:
        folder = layouts.imaterialist(tmp_path)
        document = json.loads((folder / "label_descriptions.json").read_text())
        document["categories"][3]["name"] = "spacesuit"
        layouts.write_json(folder / "label_descriptions.json", document)
        with pytest.raises(DatasetError, match="spacesuit"):
            open_dataset(folder)


class TestYolo:
    def test_polygons_and_photos_without_labels(self, tmp_path: Path) -> None:
        dataset = open_dataset(layouts.yolo(tmp_path, ["1 0.125 0.25 0.5 0.25 0.5 0.75 0.125 0.75"]))
        first, second = dataset
        assert (first.id, first.split, second.split) == ("a", "train", "val")
        (shoe,) = instances(first)
        assert shoe.label == "shoe"
        assert np.array_equal(shoe.mask(SIZE), filled((10, 15, 40, 45)))
        assert instances(second) == () and not second.read()[1].any()

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("0 0.5 0.5 0.25 0.25", "box"),
            ("0 0.1 0.1 0.2 0.2 nan 0.4", "not finite"),
            ("0 0.1 0.1 0.2 0.2 1.4 0.4", "outside"),
            ("2 0.1 0.1 0.2 0.2 0.4 0.4", "no class 2"),
            ("0 a b", "no number"),
            ("0 0.1 0.1", "fewer than three"),
        ],
    )
    def test_lines_that_cannot_be_right(self, tmp_path: Path, line: str, said: str) -> None:
        sample = open_dataset(layouts.yolo(tmp_path, [line]), split="train")[0]
        (fault,) = faults(sample)
        assert said in fault and fault.startswith("line 1: ")

    def test_names_by_index_and_lists_of_photos(self, tmp_path: Path) -> None:
        folder = layouts.yolo(tmp_path, [], names="names:\n  0: shirt\n  1: shoe")
        (folder / "data.yaml").write_text("path: /not/here\ntrain: list.txt\nnames: {0: shirt, 1: shoe}\n")
        (folder / "list.txt").write_text("./images/train/a.jpg\nimages/train/gone.jpg\n")
        dataset = open_dataset(folder)
        assert [sample.id for sample in dataset] == ["a"]
        assert [broken.id for broken in dataset.broken] == ["gone"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("names: [a\n", "YAML"),
            ("- a\n", "keys"),
            ("train: images/train\n", "no names"),
            ("names: [a]\ntrain: images/no\n", "missing"),
            ("names: [a, a]\ntrain: images/train\n", "twice"),
        ],
    )
    def test_damaged_yaml(self, tmp_path: Path, text: str, said: str) -> None:
        folder = layouts.yolo(tmp_path, [])
        (folder / "data.yaml").write_text(text)
        with pytest.raises(DatasetError) as error:
            open_dataset(folder)
        assert said in str(error.value) and "\n" not in str(error.value)


class TestPeopleClothingElsewhere:
    LABELS = taxonomy.load("people-clothing").labels

    def test_kaggle(self, tmp_path: Path) -> None:
        dataset = open_dataset(layouts.people_clothing_kaggle(tmp_path, self.LABELS))
        assert dataset.format == "people-clothing-kaggle"
        assert [sample.id for sample in dataset] == ["0183", "0184", "0730"]
        photo, label_map = dataset[0].read()
        assert photo.format == "PNG"
        assert np.array_equal(label_map == self.LABELS.index("jeans"), filled((10, 10, 30, 30)))
        assert [sample.read_group() for sample in dataset] == ["0183/0730", None, "0183/0730"]
        assert "0183/0730" in dataset.warnings[0]

    def test_kaggle_with_jpeg_photos_or_masks_alone(self, tmp_path: Path) -> None:
        folder = layouts.people_clothing_kaggle(tmp_path, self.LABELS)
        for file in (folder / "png_images/IMAGES").iterdir():
            file.unlink()
        assert open_dataset(folder)[0].read()[0].format == "JPEG"
        for file in sorted((folder / "png_masks").rglob("*"), reverse=True):
            file.unlink() if file.is_file() else file.rmdir()
        (folder / "png_masks").rmdir()
        with pytest.raises(DatasetError, match="lossy"):
            open_dataset(folder)

    def test_original(self, tmp_path: Path) -> None:
        io = pytest.importorskip("scipy.io", reason="reading MATLAB files needs the extra `matlab` (SciPy)")
        names = np.empty((1, len(self.LABELS)), dtype=object)
        names[0, :] = list(self.LABELS)
        io.savemat(tmp_path / "label_list.mat", {"label_list": names})
        (tmp_path / "annotations/pixel-level").mkdir(parents=True)
        (tmp_path / "annotations/image-level").mkdir(parents=True)
        for number in (1, 2):
            layouts.write_photo(tmp_path / f"photos/{number:04}.jpg")
            truth = np.zeros((HEIGHT, WIDTH), np.uint8)
            truth[10:30, 10:30] = self.LABELS.index("jeans")
            io.savemat(
                tmp_path / f"annotations/pixel-level/{number:04}.mat",
                {"groundtruth": truth},
                do_compression=number == 1,
            )
        (tmp_path / "annotations/pixel-level/0003.mat").write_bytes(b"damaged")
        layouts.write_photo(tmp_path / "photos/0003.jpg")
        dataset = open_dataset(tmp_path)
        assert dataset.format == "people-clothing-original" and len(dataset) == 3
        for sample in dataset.take(2):
            _, label_map = sample.read()
            assert np.array_equal(label_map == self.LABELS.index("jeans"), filled((10, 10, 30, 30)))
        with pytest.raises(DatasetError, match=r"0003\.mat"):
            dataset[2].read()


def test_layouts_are_told_apart(tmp_path: Path) -> None:
    labels = taxonomy.load("people-clothing").labels
    made = {
        "coco": layouts.coco(tmp_path / "a", []),
        "deepfashion2": layouts.deepfashion2(tmp_path / "b", train=1, validation=1),
        "imaterialist": layouts.imaterialist(tmp_path / "c"),
        "yolo": layouts.yolo(tmp_path / "d", []),
        "people-clothing-kaggle": layouts.people_clothing_kaggle(tmp_path / "e", labels),
    }
    assert {name: detect_format(path) for name, path in made.items()} == {name: name for name in made}


def test_samples_travel_to_other_processes(tmp_path: Path) -> None:
    folders = (
        layouts.coco(tmp_path / "a", [layouts.coco_annotation(1, [SQUARE])]),
        layouts.deepfashion2(tmp_path / "b"),
        layouts.imaterialist(tmp_path / "c"),
        layouts.yolo(tmp_path / "d", []),
    )
    for folder in folders:
        sample = open_dataset(folder)[0]
        copy = pickle.loads(pickle.dumps(sample))
        assert copy == sample and copy.annotation == sample.annotation
        assert np.array_equal(copy.label_map, sample.label_map)


def test_a_photo_that_exif_turns_has_its_upright_size(tmp_path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    folder = layouts.yolo(tmp_path, [])
    layouts.write_photo(folder / "images/train/a.jpg", exif=exif)
    sample = open_dataset(folder, split="train")[0]
    assert sample.size == sample.photo.size == (HEIGHT, WIDTH)
    for suffix in ("png", "webp", "bmp", "jpg"):
        from ewardrobe.datasets.photo_size import photo_size

        assert photo_size(layouts.write_photo(tmp_path / f"x.{suffix}", (31, 17))) == (31, 17)
