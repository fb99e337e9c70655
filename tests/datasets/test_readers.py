"""Each format's reader: what is in the files comes out, and what is broken is said."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ewardrobe import taxonomy
from ewardrobe.datasets import FORMATS, detect_format, open_dataset
from ewardrobe.errors import DatasetError, EwardrobeError, PhotoError, TaxonomyError, UsageError
from tests.conftest import Scene
from tests.datasets.conftest import TO_CCP, save_palette, save_photo, write_json, write_table


def one_line(error: pytest.ExceptionInfo[EwardrobeError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


class TestPeopleClothing:
    def test_labels_are_read_by_name_not_by_line(self, ccp: Path, make_scene: Callable[..., Scene]) -> None:
        dataset = open_dataset(ccp, split="val")
        (sample,) = dataset
        photo, label_map = sample.read()
        scene = make_scene(120, 160, items=("top", "pants", "footwear"), seed=4)
        source, theirs = taxonomy.load("wardrobe"), taxonomy.load("people-clothing")
        for index in np.unique(scene.label_map):
            expected = theirs.index(TO_CCP[source[int(index)].name])
            assert (label_map[scene.label_map == index] == expected).all()
        assert photo.size == (120, 160)
        assert (sample.id, sample.kind, sample.taxonomy, sample.split) == (
            "0004",
            "worn",
            "people-clothing",
            "val",
        )

    def test_splits(self, ccp: Path) -> None:
        assert [sample.id for sample in open_dataset(ccp, split="train")] == ["0001", "0002", "0003"]
        assert {sample.split for sample in open_dataset(ccp)} == {"train", "val"}
        with pytest.raises(DatasetError) as error:
            open_dataset(ccp, split="test")
        assert "train, val, unlabelled" in one_line(error)

    def test_a_part_is_still_the_dataset(self, ccp: Path) -> None:
        (ccp / "photos/0001.jpg").unlink()
        whole = open_dataset(ccp)
        part = whole.take(2)
        assert ([sample.id for sample in part], len(whole)) == (["0002", "0003"], 3)
        assert (part.format, part.broken, part.taxonomy) == (whole.format, whole.broken, whole.taxonomy)

    def test_tags_of_unlabelled_photos(self, ccp: Path) -> None:
        dataset = open_dataset(ccp, split="unlabelled")
        assert [(sample.id, sample.tags) for sample in dataset] == [
            ("1005", ("blouse", "skin")),
            ("1006", ("dress",)),
        ]
        assert [broken.id for broken in dataset.broken] == ["1007"]
        assert dataset[0].label_map is None
        with pytest.raises(DatasetError, match="no pixel labels"):
            dataset[0].read()

    def test_missing_files_are_counted_not_dropped(self, ccp: Path) -> None:
        (ccp / "labels/0002.png").unlink()
        (ccp / "photos/0003.jpg").unlink()
        dataset = open_dataset(ccp, split="train")
        assert len(dataset) == 1
        assert [broken.id for broken in dataset.broken] == ["0002", "0003"]
        assert "2 broken" in repr(dataset)

    def test_a_photo_in_two_splits_is_reported(self, ccp: Path) -> None:
        (ccp / "val.txt").write_text("0004\n0001\n")
        dataset = open_dataset(ccp)
        assert len(dataset) == 4
        assert [broken.id for broken in dataset.broken] == ["0001"]

    def test_unknown_class_name(self, ccp: Path) -> None:
        with (ccp / "labels.txt").open("a") as stream:
            stream.write("spacesuit\n")
        with pytest.raises(TaxonomyError, match="spacesuit"):
            open_dataset(ccp)

    def test_labels_that_cannot_be_right(self, ccp: Path) -> None:
        save_palette(ccp / "labels/0001.png", np.full((160, 120), 77, np.uint8))
        save_palette(ccp / "labels/0002.png", np.zeros((100, 120), np.uint8))
        (ccp / "labels/0003.png").write_bytes((ccp / "labels/0003.png").read_bytes()[:60])
        first, second, third = open_dataset(ccp, split="train")
        with pytest.raises(DatasetError, match="index 77") as unknown:
            first.read()
        with pytest.raises(DatasetError, match="120x100") as size:
            second.read()
        with pytest.raises(DatasetError, match="cannot be read") as truncated:
            third.read()
        for error in (unknown, size, truncated):
            one_line(error)

    def test_colour_image_is_no_label_map(self, ccp: Path) -> None:
        Image.new("RGB", (120, 160)).save(ccp / "labels/0001.png")
        with pytest.raises(DatasetError, match="mode RGB"):
            open_dataset(ccp, split="train")[0].read()

    def test_broken_photo_raises_photo_error(self, ccp: Path) -> None:
        (ccp / "photos/0001.jpg").write_bytes(b"not a photo")
        sample = open_dataset(ccp, split="train")[0]  # opening the dataset reads no photo
        with pytest.raises(PhotoError):
            sample.read()


class TestFlatLay:
    def test_garment_is_where_alpha_is_at_least_half(
        self, flat_lay: Path, make_scene: Callable[..., Scene]
    ) -> None:
        (sample,) = open_dataset(flat_lay, split="val")
        coverage = make_scene(90, 120, items=("pants",), kind="flat", seed=3).coverage
        rounded = np.round(coverage * 255).astype(np.uint8)
        label_map = sample.label_map
        assert label_map is not None and sample.alpha is not None
        pants = taxonomy.load("flat-lay").index("Pants")
        assert np.array_equal(label_map, np.where(rounded >= 128, pants, 0))
        assert np.array_equal(np.round(sample.alpha * 255), rounded)
        assert sample.alpha.dtype == np.float32
        assert (sample.kind, sample.label, sample.attributes) == ("flat", "Pants", {"kids": "True"})

    def test_broken_rows_are_counted(self, flat_lay: Path) -> None:
        rows = [
            ("aa", "T-Shirt", "False", "train"),
            ("aa", "Pants", "False", "train"),
            ("cc", "Hat", "False", "train"),
            ("bb", "Spacesuit", "False", "train"),
        ]
        write_table(flat_lay / "items.csv", ["image", "label", "kids", "split"], rows)
        dataset = open_dataset(flat_lay)
        assert [sample.label for sample in dataset] == ["T-Shirt"]
        assert sorted(broken.id for broken in dataset.broken) == ["aa", "bb", "cc"]

    def test_missing_column(self, flat_lay: Path) -> None:
        write_table(flat_lay / "items.csv", ["image", "split"], [("aa", "train")])
        with pytest.raises(DatasetError, match="label"):
            open_dataset(flat_lay)

    def test_no_such_split(self, flat_lay: Path) -> None:
        with pytest.raises(DatasetError, match="train, val"):
            open_dataset(flat_lay, split="test")


class TestFashionista:
    @pytest.fixture
    def folder(self, tmp_path: Path, make_scene: Callable[..., Scene]) -> Path:
        folder = tmp_path / "fashionista"
        classes = list(taxonomy.load("fashionista").labels)
        save_photo(folder / "photos/0001.jpg", make_scene(40, 60).pixels)
        labels = np.zeros((60, 40), np.uint8)
        labels[10:20] = classes.index("skin")
        labels[20:30] = 255
        save_palette(folder / "labels/0001.png", labels)
        write_json(folder / "spec.json", {"classes": classes})
        return folder

    def test_ignored_pixels_stay_ignored(self, folder: Path) -> None:
        (sample,) = open_dataset(folder)
        _, label_map = sample.read()
        assert (label_map[20:30] == 255).all()
        assert (label_map[10:20] == taxonomy.load("fashionista").index("skin")).all()

    def test_it_is_never_for_training(self, folder: Path) -> None:
        with pytest.raises(DatasetError, match="measuring"):
            open_dataset(folder, split="train")

    def test_damaged_specification(self, folder: Path) -> None:
        (folder / "spec.json").write_text("{")
        with pytest.raises(DatasetError, match=r"spec\.json"):
            open_dataset(folder)


class TestLabelMaps:
    @pytest.fixture
    def folder(self, tmp_path: Path, make_scene: Callable[..., Scene]) -> Path:
        folder = tmp_path / "mine"
        for name, suffix in (("a", ".png"), ("b", ".labels.png")):
            scene = make_scene(60, 80, seed=1)
            save_photo(folder / f"photos/{name}.jpg", scene.pixels)
            save_palette(folder / f"labels/{name}{suffix}", scene.label_map)
        save_photo(folder / "photos/c.jpg", make_scene(60, 80, seed=2).pixels)
        return folder

    def test_both_names_of_a_label_map(self, folder: Path, make_scene: Callable[..., Scene]) -> None:
        dataset = open_dataset(folder, format="label-maps", taxonomy="wardrobe", kind="flat")
        assert [sample.id for sample in dataset] == ["a", "b"]
        assert [broken.id for broken in dataset.broken] == ["c"]
        expected = make_scene(60, 80, seed=1).label_map
        assert all(np.array_equal(sample.label_map, expected) for sample in dataset)
        assert dataset.kind == "flat"

    def test_described_by_its_own_file(self, folder: Path) -> None:
        write_json(folder / "dataset.json", {"taxonomy": "wardrobe", "kind": "worn"})
        (folder / "val.txt").write_text("b\nzz\n")
        dataset = open_dataset(folder, split="val")
        assert dataset.format == "label-maps"
        assert [sample.id for sample in dataset] == ["b"]
        assert [broken.id for broken in dataset.broken] == ["zz"]

    def test_what_is_not_said(self, folder: Path) -> None:
        with pytest.raises(DatasetError, match="taxonomy"):
            open_dataset(folder, format="label-maps")
        with pytest.raises(DatasetError, match="'worn' or 'flat'"):
            open_dataset(folder, format="label-maps", taxonomy="wardrobe", kind="hanging")
        with pytest.raises(TaxonomyError):
            open_dataset(folder, format="label-maps", taxonomy="no-such-taxonomy")


class TestProducts:
    def test_rows_and_photos(self, products: Path) -> None:
        dataset = open_dataset(products)
        assert len(dataset) == 40
        assert sorted(broken.id for broken in dataset.broken) == ["100", "999"]
        sample = dataset[0]
        assert sample.photo.size == (60, 80)
        assert sample.photo.name == "100"
        assert (sample.label, sample.attributes["baseColour"]) == ("Shirts", "Navy Blue")
        assert sample.label_map is None and dataset.taxonomy is None

    def test_splits_share_nothing(self, products: Path) -> None:
        train, val = (set(open_dataset(products, split=name).ids) for name in ("train", "val"))
        assert not train & val
        assert train | val == set(open_dataset(products).ids)
        assert 0 < len(val) < len(train)

    def test_damaged_archive(self, products: Path) -> None:
        (products / "photos.zip").write_bytes(b"PK")
        with pytest.raises(DatasetError, match=r"photos\.zip"):
            open_dataset(products)


class TestOpening:
    def test_layouts_are_recognised(self, ccp: Path, flat_lay: Path, products: Path) -> None:
        assert detect_format(ccp) == "people-clothing"
        assert detect_format(flat_lay) == "flat-lay"
        assert detect_format(products) == "products"

    def test_unknown_layout_and_names(self, tmp_path: Path, ccp: Path) -> None:
        with pytest.raises(DatasetError, match="no known dataset") as layout:
            open_dataset(tmp_path)
        assert all(name in one_line(layout) for name in FORMATS)
        with pytest.raises(DatasetError, match="not a folder"):
            open_dataset(tmp_path / "nothing")
        with pytest.raises(UsageError, match="people-clothing"):
            open_dataset(ccp, format="ccp")
        with pytest.raises(UsageError, match="colour"):
            open_dataset(ccp, colour="red")

    @pytest.mark.parametrize(
        ("fixture", "part"),
        [("ccp", "train.txt"), ("ccp", "photos"), ("flat_lay", "items.csv"), ("products", "styles.csv")],
    )
    def test_missing_part_of_a_named_format(
        self, fixture: str, part: str, request: pytest.FixtureRequest
    ) -> None:
        folder: Path = request.getfixturevalue(fixture)
        name = detect_format(folder)
        target = folder / part
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()
        with pytest.raises(DatasetError) as error:
            open_dataset(folder, format=name, split="train")
        one_line(error)

    def test_samples_travel_to_other_processes(self, ccp: Path, flat_lay: Path, products: Path) -> None:
        for folder in (ccp, flat_lay, products):
            sample = open_dataset(folder)[0]
            copy = pickle.loads(pickle.dumps(sample))
            assert copy == sample
            assert np.array_equal(copy.photo.pixels, sample.photo.pixels)
            if sample.label_map is not None:
                assert np.array_equal(copy.label_map, sample.label_map)

    def test_nothing_is_read_before_it_is_asked_for(self, ccp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*arguments: object, **options: object) -> None:
            raise AssertionError("an image was opened")

        monkeypatch.setattr("PIL.Image.open", refuse)
        samples = list(open_dataset(ccp))
        assert len(samples) == 4
        with pytest.raises(AssertionError):
            _ = samples[0].label_map
