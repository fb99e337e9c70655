"""Labelled photos in other outfits: the labels stay true, and the same seed draws the same whatever runs it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ewardrobe import taxonomy
from ewardrobe.datasets import open_dataset
from ewardrobe.errors import DatasetError, UsageError
from ewardrobe.jobs.converting import convert_dataset
from ewardrobe.jobs.outfits import RestyledDataset
from ewardrobe.restyling.changes import Pattern
from ewardrobe.restyling.outfits import draw_outfit
from tests.conftest import render_scene
from tests.datasets import layouts
from tests.datasets.layouts import SQUARE

ITEMS = ("top", "pants", "footwear", "bag", "scarf")
WARDROBE = taxonomy.load("wardrobe")


def labelled(folder: Path, names: tuple[str, ...] = ("a", "b"), items: tuple[str, ...] = ITEMS) -> Path:
    """A label-map folder of rendered scenes."""
    for part in ("photos", "labels"):
        (folder / part).mkdir(parents=True)
    for seed, name in enumerate(names):
        scene = render_scene(120, 170, items=items, seed=seed)
        Image.fromarray(scene.pixels).save(folder / "photos" / f"{name}.png")
        Image.fromarray(scene.label_map).save(folder / "labels" / f"{name}.png")
    (folder / "dataset.json").write_text('{"taxonomy": "wardrobe"}')
    return folder


@given(
    st.lists(st.sampled_from(WARDROBE.labels), unique=True, max_size=8).filter(lambda names: "top" in names),
    st.integers(0, 10_000),
)
def test_an_outfit_changes_something_and_has_one_pattern_at_most(names: list[str], seed: int) -> None:
    outfit = draw_outfit(names, np.random.default_rng(seed))
    assert outfit and set(outfit) <= set(names)
    assert sum(isinstance(how, Pattern) for how in outfit.values()) <= 1
    assert not {"background", "hair", "skin", "eyewear", "accessories"} & set(outfit)
    assert outfit == draw_outfit(names, np.random.default_rng(seed))


def test_nothing_but_garments_changes(tmp_path: Path) -> None:
    inner = open_dataset(labelled(tmp_path / "in"))
    before = {sample.id: sample.read() for sample in inner}
    outfits = RestyledDataset(inner, 3, seed=1)
    assert len(outfits) == 6 and outfits.ids[:3] == ("a.outfit1", "a.outfit2", "a.outfit3")
    for sample in outfits:
        photo, labels = before[sample.id.split(".")[0]]
        made, same = sample.read()
        assert (same == labels).all() and made.size == photo.size
        changed = (made.pixels != photo.pixels).any(axis=-1)
        kept = [WARDROBE.index(name) for name in ("skin", "hair")]
        assert not changed[np.isin(labels, kept)].any()
        assert changed[labels != 0].sum() > 100
        # Of the background, only the garments' soft edges.
        edge = np.asarray(Image.fromarray((labels != 0).astype(np.uint8) * 255).resize(photo.size)) > 0
        far = ~np.asarray(_widened(edge, 8))
        assert not changed[far].any()


def _widened(mask: np.ndarray, pixels: int) -> np.ndarray:
    import cv2

    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)) > 0


def test_the_draw_depends_on_seed_photo_and_number_alone(tmp_path: Path) -> None:
    inner = open_dataset(labelled(tmp_path / "in"))
    every = {sample.id: sample.photo.pixels for sample in RestyledDataset(inner, 3, seed=4, originals=True)}
    assert (every["b"] == inner[1].photo.pixels).all()
    alone = RestyledDataset(inner.select(["b"]), 2, seed=4)
    for sample in alone:
        sent = pickle.loads(pickle.dumps(sample))
        assert (sent.photo.pixels == every[sample.id]).all()
    assert (every["b.outfit1"] != every["b.outfit2"]).any()
    other = RestyledDataset(inner, 1, seed=5)[1].photo.pixels
    assert (other != every["b.outfit1"]).any()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stopped_run_goes_on_and_gives_the_same(tmp_path: Path, jobs: int) -> None:
    inner = open_dataset(labelled(tmp_path / "in"))

    def write(out: Path, **options: object) -> None:
        convert_dataset(RestyledDataset(inner, 2), out, "label-maps", piece=1, **options)  # type: ignore[arg-type]

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        write(out, on_done=stop)
    first = out / "photos" / "a.outfit1.jpg"
    written = first.stat().st_mtime_ns
    with pytest.raises(UsageError, match="--overwrite"):
        convert_dataset(RestyledDataset(inner, 2, seed=9), out, "label-maps", piece=1)
    write(out, jobs=jobs)
    assert first.stat().st_mtime_ns == written
    write(tmp_path / "whole")
    for file in sorted((tmp_path / "whole").rglob("*.*")):
        assert (out / file.relative_to(tmp_path / "whole")).read_bytes() == file.read_bytes()
    read = open_dataset(out)
    assert len(read) == 4 and not read.broken
    assert (read[0].read()[1] == inner[0].read()[1]).all()


def test_coco_keeps_objects_and_the_group(tmp_path: Path) -> None:
    records = [layouts.coco_annotation(1, [SQUARE])]
    folder = layouts.coco(tmp_path / "in", records)
    inner = open_dataset(folder)
    done = convert_dataset(RestyledDataset(inner, 2, originals=True), tmp_path / "out", "coco")
    assert done.photos == 3 and not done.left_out
    document = json.loads(next((tmp_path / "out" / "annotations").glob("*.json")).read_text())
    assert len({image["group"] for image in document["images"]}) == 1
    assert [item["segmentation"] for item in document["annotations"]] == [[SQUARE]] * 3


def test_classes_of_ones_own_are_known_by_their_names(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "in", ("a",), ("top",))
    labels = np.asarray(Image.open(folder / "labels" / "a.png"))
    for name, changes in (("blouse", True), ("thing", False)):
        own = np.where(labels == WARDROBE.index("top"), 1, 0).astype(np.uint8)
        Image.fromarray(own).save(folder / "labels" / "a.png")
        (folder / "dataset.json").write_text(json.dumps({"classes": ["background", name]}))
        sample = RestyledDataset(open_dataset(folder), 1)[0]
        if changes:
            assert (sample.photo.pixels != open_dataset(folder)[0].photo.pixels).any()
        else:
            with pytest.raises(DatasetError, match="no garment that could get another colour"):
                _ = sample.photo


def test_a_photo_that_cannot_be_used_stops_no_other(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "in")
    (folder / "photos" / "a.png").write_bytes(b"rubbish")
    done = convert_dataset(RestyledDataset(open_dataset(folder), 2), tmp_path / "out", "label-maps")
    assert done.photos == 2
    assert [item.id for item in done.left_out] == ["a.outfit1", "a.outfit2"]


def test_bad_wishes_are_one_line(tmp_path: Path) -> None:
    inner = open_dataset(labelled(tmp_path / "in", ("a",)))
    with pytest.raises(UsageError, match="unknown engine 'magic'"):
        RestyledDataset(inner, 1, engine="magic")
    with pytest.raises(UsageError, match="0 outfits for each photo are none"):
        RestyledDataset(inner, 0)


@pytest.mark.data
@pytest.mark.parametrize("folder", ["ccp", "fashionista_val"])
def test_real_photos(data_folder: Path, folder: str) -> None:
    inner = open_dataset(data_folder / folder, split="val").take(2)
    for sample, original in zip(RestyledDataset(inner, 1), inner, strict=True):
        (made, labels), (photo, own) = sample.read(), original.read()
        assert (labels == own).all()
        changed = (made.pixels != photo.pixels).any(axis=-1)
        assert changed.mean() > 0.005
        body = [item.index for item in inner.taxonomy or () if item.kind == "body"]
        assert not changed[np.isin(own, body)].any()
