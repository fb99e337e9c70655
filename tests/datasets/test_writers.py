"""Writers: what is written is what was read, as the formats' own readers and pycocotools see it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from pycocotools.coco import COCO

from ewardrobe import taxonomy
from ewardrobe.datasets import Dataset, Instance, open_dataset
from ewardrobe.datasets.class_lists import own_taxonomy
from ewardrobe.datasets.drawn import draw_instances, find_instances
from ewardrobe.datasets.views import Resplit
from ewardrobe.datasets.writers import joined_ring
from ewardrobe.datasets.writers.areas import polygons_area
from ewardrobe.errors import DatasetError, EwardrobeError, UsageError
from ewardrobe.imaging import encode_rle
from ewardrobe.jobs.converting import convert_dataset, number_photos
from tests.datasets import layouts
from tests.datasets.layouts import HEIGHT, SQUARE, TRIANGLE, WIDTH, filled

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZE = (WIDTH, HEIGHT)
MASKS = arrays.arrays(bool, st.tuples(st.integers(1, 16), st.integers(1, 16)))
LABEL_MAPS = arrays.arrays(
    np.uint8, st.tuples(st.integers(1, 16), st.integers(1, 16)), elements=st.integers(0, 3)
)
CLASSES = own_taxonomy(["a", "b", "c"], "three")


def label_maps(dataset: Dataset) -> dict[str, npt.NDArray[np.uint8]]:
    return {sample.id: sample.read()[1] for sample in dataset}


def masks_of(dataset: Dataset) -> list[tuple[str, str, npt.NDArray[np.bool_]]]:
    return [
        (sample.id.rpartition("/")[2], instance.label, instance.mask(sample.size))
        for sample in dataset
        for instance in sample.instances or ()
    ]


def same_masks(first: Dataset, second: Dataset) -> bool:
    one, other = masks_of(first), masks_of(second)
    return len(one) == len(other) and all(
        a[:2] == b[:2] and np.array_equal(a[2], b[2]) for a, b in zip(one, other, strict=True)
    )


class TestProperties:
    @given(LABEL_MAPS)
    def test_label_map_to_objects_and_back(self, label_map: npt.NDArray[np.uint8]) -> None:
        height, width = label_map.shape
        found = find_instances(label_map, CLASSES)
        indices = {item.name: item.index for item in CLASSES}
        assert np.array_equal(draw_instances(found, (width, height), indices), label_map)

    @settings(max_examples=200)
    @given(MASKS.filter(lambda mask: mask.any()))
    def test_one_ring_gives_the_mask_back(self, mask: npt.NDArray[np.bool_]) -> None:
        size = (mask.shape[1], mask.shape[0])
        ring = joined_ring(Instance("a", rle=encode_rle(mask)), size, 0)
        assert ring is not None
        assert np.array_equal(Instance("a", polygons=(ring,)).mask(size), mask)

    @given(MASKS.filter(lambda mask: mask.any()))
    def test_one_ring_filled_by_opencv_differs_by_its_outline_alone(
        self, mask: npt.NDArray[np.bool_]
    ) -> None:
        """As Ultralytics rasterises: whole pixels, the outline drawn."""
        ring = joined_ring(Instance("a", rle=encode_rle(mask)), (mask.shape[1], mask.shape[0]), 0)
        points = np.asarray(ring, dtype=np.int32).reshape(-1, 1, 2)
        drawn = cv2.fillPoly(np.zeros(mask.shape, np.uint8), [points], 1).astype(bool)
        line = cv2.polylines(np.zeros(mask.shape, np.uint8), [points], True, 1).astype(bool)
        assert np.array_equal(drawn & ~line, mask & ~line)

    def test_overlapping_polygons_do_not_cancel(self) -> None:
        instance = Instance("a", polygons=(SQUARE, [15, 15, 25, 15, 25, 25, 15, 25]))
        ring = joined_ring(instance, SIZE, 0.0)
        assert ring is not None
        assert np.array_equal(Instance("a", polygons=(ring,)).mask(SIZE), filled((10, 10, 30, 30)))

    def test_tolerance_is_kept(self) -> None:
        disk = np.hypot(*np.mgrid[-40:41, -40:41]) < 35
        exact, loose = (joined_ring(Instance("a", rle=encode_rle(disk)), (81, 81), t) for t in (0.0, 1.0))
        assert exact is not None and loose is not None and len(loose) < len(exact) / 3
        again = Instance("a", polygons=(loose,)).mask((81, 81))
        assert (again & disk).sum() / (again | disk).sum() > 0.95


class TestArea:
    def test_one_polygon_is_exact_and_overlaps_count_once(self) -> None:
        assert polygons_area([SQUARE]) == 400
        inside = [12, 12, 20, 12, 20, 20, 12, 20]
        beside = [50, 10, 60, 10, 60, 30, 50, 30]
        assert polygons_area([SQUARE, inside]) == pytest.approx(400, rel=0.02)
        assert polygons_area([SQUARE, beside]) == pytest.approx(600, rel=0.02)
        assert polygons_area([SQUARE, SQUARE, SQUARE]) == pytest.approx(400, rel=0.02)
        assert polygons_area([[1, 1, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2]]) == 0


class TestCoco:
    def test_deepfashion2(self, tmp_path: Path) -> None:
        source = open_dataset(layouts.deepfashion2(tmp_path / "in"))
        done = convert_dataset(source, tmp_path / "out", "coco")
        assert (done.photos, done.left_out, done.faults) == (6, (), ())
        for split, count in (("train", 4), ("val", 2)):
            path = tmp_path / f"out/annotations/instances_{split}.json"
            theirs = COCO(str(path))
            ours = open_dataset(tmp_path / "in", split=split)
            assert len(theirs.imgs) == count and sorted(theirs.anns) == list(range(1, 2 * count + 1))
            masks = [(label, mask) for _, label, mask in masks_of(ours)]
            for annotation, (label, mask) in zip(theirs.anns.values(), masks, strict=True):
                assert np.array_equal(theirs.annToMask(annotation).astype(bool), mask)
                assert theirs.cats[annotation["category_id"]]["name"] == label
                assert annotation["area"] == pytest.approx(mask.sum(), rel=0.02)
                assert len(annotation["keypoints"]) == 3 * 294
                assert annotation["num_keypoints"] == sum(v > 0 for v in annotation["keypoints"][2::3])
                assert annotation["occlusion"] == 1
        image = next(iter(theirs.imgs.values()))
        assert image["source"] == "user" and image["group"] == "1"
        assert (tmp_path / "out/images/val" / image["file_name"]).is_file()
        assert not list((tmp_path / "out").glob(".*"))
        assert theirs.getCatIds(catNms=["trousers"]) == [8]

    def test_reading_and_writing_again_says_the_same(self, tmp_path: Path) -> None:
        convert_dataset(open_dataset(layouts.deepfashion2(tmp_path / "in")), tmp_path / "one", "coco")
        convert_dataset(open_dataset(tmp_path / "one"), tmp_path / "two", "coco")
        for split in ("train", "val"):
            name = f"annotations/instances_{split}.json"
            first, second = (json.loads((tmp_path / folder / name).read_text()) for folder in ("one", "two"))
            assert [item["name"] for item in first["categories"]] == [
                item["name"] for item in second["categories"]
            ]
            for key in ("segmentation", "bbox", "area", "keypoints", "num_keypoints", "style", "category_id"):
                assert [item[key] for item in first["annotations"]] == [
                    item[key] for item in second["annotations"]
                ]
        assert open_dataset(tmp_path / "two").broken == []
        assert open_dataset(tmp_path / "two").taxonomy == taxonomy.load("deepfashion2")

    def test_run_lengths_and_attributes(self, tmp_path: Path) -> None:
        source = open_dataset(layouts.imaterialist(tmp_path / "in"))
        convert_dataset(source, tmp_path / "out", "coco", photos="none")
        again = open_dataset(tmp_path / "out", photos=tmp_path / "in")
        assert same_masks(source, again)
        assert again.attribute_names == source.attribute_names
        assert [item.attributes for item in again[0].instances or ()] == [
            {"attribute_ids": [115, 136, 143]},
            {"attribute_ids": [160]},
        ]
        assert not (tmp_path / "out/images").exists()

    def test_label_maps(self, tmp_path: Path, ccp: Path) -> None:
        source = open_dataset(ccp)
        convert_dataset(source, tmp_path / "out", "coco")
        again = open_dataset(tmp_path / "out")
        assert again.taxonomy == source.taxonomy
        first, second = label_maps(source), label_maps(again)
        assert first.keys() == second.keys()
        assert all(np.array_equal(first[name], second[name]) for name in first)
        theirs = COCO(str(tmp_path / "out/annotations/instances_val.json"))
        assert list(theirs.imgs) == [4]
        label_map = np.zeros_like(first["0004"])
        for annotation in theirs.anns.values():
            label_map[theirs.annToMask(annotation).astype(bool)] = annotation["category_id"]
        assert np.array_equal(label_map, first["0004"])

    def test_all_as_one_polygon_each(self, tmp_path: Path, ccp: Path) -> None:
        convert_dataset(open_dataset(ccp), tmp_path / "out", "coco", polygons=True, tolerance=0)
        again = open_dataset(tmp_path / "out")
        assert all(len(item.polygons) == 1 for sample in again for item in sample.instances or ())
        first, second = label_maps(open_dataset(ccp)), label_maps(again)
        assert all(np.array_equal(first[name], second[name]) for name in first)

    def test_crowds_stay_crowds(self, tmp_path: Path) -> None:
        record = layouts.coco_annotation(1, [TRIANGLE], iscrowd=1)
        convert_dataset(open_dataset(layouts.coco(tmp_path / "in", [record])), tmp_path / "out", "coco")
        (instance,) = open_dataset(tmp_path / "out")[0].instances or ()
        assert instance.crowd and instance.rle is not None


class TestYolo:
    def test_single_polygons_and_parts(self, tmp_path: Path) -> None:
        source = open_dataset(layouts.deepfashion2(tmp_path / "in"))
        convert_dataset(source, tmp_path / "out", "yolo", tolerance=0)
        document = yaml.safe_load((tmp_path / "out/data.yaml").read_text())
        assert {key: value for key, value in document.items() if key != "names"} == {
            "train": "images/train",
            "val": "images/val",
        }
        assert document["names"][0] == "short sleeve top" and len(document["names"]) == 13
        again = open_dataset(tmp_path / "out")
        assert same_masks(source, again)
        text = (tmp_path / "out/labels/val/000001.txt").read_text()
        assert all(0 <= float(value) <= 1 for line in text.splitlines() for value in line.split()[1:])

    def test_holes(self, tmp_path: Path, ccp: Path) -> None:
        label_map = np.zeros((160, 120), np.uint8)
        label_map[20:100, 20:100], label_map[40:60, 40:60], label_map[70:80, 30:50] = 1, 0, 2
        shutil.rmtree(ccp / "labels")
        (ccp / "labels").mkdir()
        for number in range(1, 5):
            image = Image.fromarray(label_map)
            image.save(ccp / f"labels/{number:04}.png")
        convert_dataset(open_dataset(ccp), tmp_path / "out", "yolo", tolerance=0, photos="link")
        for name, again in label_maps(open_dataset(tmp_path / "out", taxonomy="people-clothing")).items():
            assert np.array_equal(again, open_dataset(ccp).select([name])[0].label_map)
        assert (tmp_path / "out/images/train/0001.jpg").samefile(ccp / "photos/0001.jpg")

    def test_photos_must_come_along(self, tmp_path: Path, ccp: Path) -> None:
        with pytest.raises(DatasetError, match="copy or link"):
            convert_dataset(open_dataset(ccp), tmp_path / "out", "yolo", photos="none")


class TestLabelMaps:
    def test_there_and_back(self, tmp_path: Path, ccp: Path) -> None:
        convert_dataset(open_dataset(ccp), tmp_path / "out", "label-maps")
        again = open_dataset(tmp_path / "out")
        assert again.format == "label-maps"
        first, second = label_maps(open_dataset(ccp)), label_maps(again)
        assert all(np.array_equal(first[name], second[name]) for name in first)
        assert {sample.id: sample.split for sample in again} == {
            sample.id: sample.split for sample in open_dataset(ccp)
        }
        assert [sample.id for sample in open_dataset(tmp_path / "out", split="val")] == ["0004"]

    def test_own_classes_and_ids_with_folders(self, tmp_path: Path) -> None:
        source = open_dataset(layouts.yolo(tmp_path / "in", ["1 0.125 0.25 0.5 0.25 0.5 0.75"]))
        convert_dataset(source, tmp_path / "out", "label-maps")
        again = open_dataset(tmp_path / "out")
        assert again.taxonomy is not None and again.taxonomy.labels == ("background", "shirt", "shoe")
        assert np.array_equal(again[0].label_map, source[0].label_map)
        convert_dataset(open_dataset(layouts.deepfashion2(tmp_path / "df2")), tmp_path / "more", "label-maps")
        assert "validation/000002" in open_dataset(tmp_path / "more").ids


class TestRuns:
    def test_broken_photos_are_counted_and_the_others_written(self, tmp_path: Path, ccp: Path) -> None:
        (ccp / "photos/0001.jpg").unlink()
        (ccp / "photos/0002.jpg").write_bytes(b"no photo")
        done = convert_dataset(open_dataset(ccp), tmp_path / "out", "coco")
        assert done.photos == 2
        assert [item.id for item in done.left_out] == ["0001", "0002"]
        assert "cannot be opened" in done.left_out[1].reason

    def test_masks_of_another_size(self, tmp_path: Path) -> None:
        folder = layouts.coco(tmp_path / "in", [layouts.coco_annotation(1, [SQUARE])])
        layouts.write_photo(folder / "images/a.jpg", (WIDTH + 1, HEIGHT))
        with pytest.raises(DatasetError, match="labels are for 80x60 pixels, its photo is 81x60"):
            convert_dataset(open_dataset(folder), tmp_path / "out", "coco")

    def test_faults_of_records(self, tmp_path: Path) -> None:
        records = [layouts.coco_annotation(1, [SQUARE]), layouts.coco_annotation(2, [[1, 1]])]
        done = convert_dataset(open_dataset(layouts.coco(tmp_path / "in", records)), tmp_path / "out", "yolo")
        assert done.photos == 1 and "annotation 2" in str(done.faults[0])

    def test_a_stopped_run_goes_on(self, tmp_path: Path, ccp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ewardrobe.jobs.converting.PIECE", 1)

        def stop(count: int) -> None:
            raise KeyboardInterrupt

        out = tmp_path / "out"
        with pytest.raises(KeyboardInterrupt):
            convert_dataset(open_dataset(ccp), out, "coco", on_done=stop)
        assert not (out / "annotations").exists()
        with pytest.raises(UsageError, match="--overwrite"):
            convert_dataset(open_dataset(ccp), out, "yolo")
        first = next((out / ".ewardrobe-partial").glob("*.piece"))
        before = first.stat().st_mtime_ns
        (first.parent / "00000002.piece").write_bytes(b"[]")  # what a power cut may leave
        seen: list[int] = []

        def watch(count: int) -> None:
            seen.append(count)
            if first.exists():
                assert first.stat().st_mtime_ns == before

        done = convert_dataset(open_dataset(ccp), out, "coco", on_done=watch)
        assert (done.photos, sum(seen)) == (4, 4)
        convert_dataset(open_dataset(ccp), tmp_path / "whole", "coco")
        for split in ("train", "val"):
            name = f"annotations/instances_{split}.json"
            assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()

    def test_it_does_not_go_on_with_other_splits(
        self, tmp_path: Path, ccp: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ewardrobe.jobs.converting.PIECE", 1)

        def stop(count: int) -> None:
            raise KeyboardInterrupt

        for lists, kind in (
            ({"a": ["0001", "0002"], "b": ["0003", "0004"]}, KeyboardInterrupt),
            ({"a": ["0001"], "b": ["0002", "0003", "0004"]}, UsageError),
        ):
            with pytest.raises(kind):
                convert_dataset(Resplit(open_dataset(ccp), lists), tmp_path / "out", "coco", on_done=stop)

    def test_two_processes_write_the_same(
        self, tmp_path: Path, ccp: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ewardrobe.jobs.converting.PIECE", 1)
        for name, jobs in (("one", 1), ("two", 2)):
            convert_dataset(open_dataset(ccp), tmp_path / name, "coco", jobs=jobs)
        file = "annotations/instances_train.json"
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()

    def test_what_cannot_be_written_ends_the_run(
        self, tmp_path: Path, ccp: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*arguments: object, **options: object) -> None:
            raise EwardrobeError("the disk is full")

        monkeypatch.setattr("ewardrobe.imaging.write_atomically", full)
        with pytest.raises(EwardrobeError, match="disk is full"):
            convert_dataset(open_dataset(ccp), tmp_path / "out", "label-maps")

    def test_photos_that_exif_turns_are_written_upright(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        folder = layouts.yolo(tmp_path / "in", [])
        layouts.write_photo(folder / "images/train/a.jpg", exif=exif)
        convert_dataset(open_dataset(folder, split="train"), tmp_path / "out", "coco")
        with Image.open(tmp_path / "out/images/train/a.jpg") as photo:
            assert photo.size == (HEIGHT, WIDTH) and not photo.getexif()

    def test_photos_out_of_an_archive_cannot_stay_there(self, products: Path, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="no pixel labels"):
            convert_dataset(open_dataset(products), tmp_path / "out", "coco")

    def test_numbers(self) -> None:
        assert list(number_photos(["0007", "0012"])) == [7, 12]
        assert list(number_photos(["train/1", "val/1"])) == [1, 2]
        assert list(number_photos(["a", "7"])) == [1, 2]
