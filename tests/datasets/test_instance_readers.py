"""Readers of datasets that list objects: each official layout, and each kind of damage as one line."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from ewardrobe import taxonomy
from ewardrobe.datasets import detect_format, open_dataset
from ewardrobe.errors import DatasetError
from tests.datasets import layouts
from tests.datasets.layouts import HEIGHT, SIZE, SQUARE, WIDTH, faults, filled, instances


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
        pytest.importorskip("scipy", reason="reading MATLAB files needs the extra `matlab` (SciPy)")
        layouts.people_clothing_original(tmp_path, self.LABELS, numbers=(1, 2))
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
