"""`ewardrobe dataset`: what is said, what is written, and that no problem passes in silence."""

from __future__ import annotations

import json
import time
from pathlib import Path

from PIL import Image

from ewardrobe.datasets import open_dataset
from tests.cli.conftest import Command, start
from tests.datasets import layouts
from tests.datasets.layouts import SQUARE
from tests.jobs.test_outfits import labelled


def test_info(command: Command, tmp_path: Path) -> None:
    folder = layouts.deepfashion2(tmp_path / "in")
    said = command("dataset", "info", folder)
    assert said.code == 0
    assert "train 4, validation 2" in said.out and "294 slots" in said.out
    assert "trousers" in said.out and "skirt" not in said.out
    found = json.loads(command("dataset", "info", folder, "--json").out)
    assert found["photos"] == 6
    assert command("dataset", "info", folder, "--csv").out.splitlines()[0] == "class,photos,objects"


def test_info_warns_of_doubled_photos(command: Command, tmp_path: Path) -> None:
    from ewardrobe import taxonomy

    folder = layouts.people_clothing_kaggle(tmp_path / "in", taxonomy.load("people-clothing").labels)
    assert "in the set twice" in command("dataset", "info", folder).err


def test_check_says_each_problem_once(command: Command, tmp_path: Path) -> None:
    records = [
        layouts.coco_annotation(1, [SQUARE]),
        layouts.coco_annotation(2, [[1, 1, 2, 2]]),
        layouts.coco_annotation(3, [SQUARE], image_id=99),
    ]
    folder = layouts.coco(tmp_path / "in", records)
    said = command("dataset", "check", folder)
    lines = said.err.splitlines()
    assert said.code == 1 and len(lines) == 3
    assert lines[0] == "ewardrobe: annotation 3: its image 99 is not in the file"
    assert lines[1] == "ewardrobe: a: annotation 2: polygon 1 of 1 has 2 points, fewer than three"
    assert lines[2] == "1 photos can be used, 1 photo left out, 1 record left out"
    assert command("dataset", "check", layouts.deepfashion2(tmp_path / "whole")).code == 0


def test_preview(command: Command, tmp_path: Path) -> None:
    folder = layouts.deepfashion2(tmp_path / "in")
    out = tmp_path / "sheet.png"
    assert command("dataset", "preview", folder, "--out", out, "--count", 3, "--columns", 2).code == 0
    with Image.open(out) as sheet:
        assert sheet.size == (2 * 328 + 8, 2 * 362 + 8)
    assert command("dataset", "preview", folder, "--out", tmp_path / "sheet.gif").code == 2


def test_convert_split_and_back(command: Command, tmp_path: Path) -> None:
    folder = layouts.deepfashion2(tmp_path / "in")
    lists = tmp_path / "lists"
    said = command("dataset", "split", folder, "--out", lists, "--share", "val=0.5", "--stratify", "--json")
    assert said.code == 0
    counts = {row["split"]: row["photos"] for row in json.loads(said.out)}
    assert counts == {"train": 4, "val": 2} or counts == {"train": 2, "val": 4}  # groups of 4 and 2
    out = tmp_path / "out"
    assert command("dataset", "convert", folder, out, "--splits", lists, "--to", "yolo").code == 0
    made = {split: len(open_dataset(out, split=split)) for split in ("train", "val")}
    assert made == counts
    again = command("dataset", "convert", folder, out, "--splits", lists, "--to", "yolo")
    assert again.code == 2 and "is not empty" in again.err
    assert command("dataset", "convert", folder, out, "--to", "yolo", "--overwrite").code == 0


def test_a_broken_photo_does_not_stop_a_conversion(command: Command, tmp_path: Path) -> None:
    folder = layouts.deepfashion2(tmp_path / "in")
    (folder / "train/annos/000002.json").write_text("{")
    said = command("dataset", "convert", folder, tmp_path / "out")
    assert said.code == 1
    assert "ewardrobe: train/000002: cannot read" in said.err and "5 photos written" in said.err
    assert len(open_dataset(tmp_path / "out")) == 5


def test_subset(command: Command, tmp_path: Path) -> None:
    folder = layouts.deepfashion2(tmp_path / "in", train=20, validation=1)
    found = {}
    for share in ("0.25", "0.5"):
        out = tmp_path / share
        arguments = ("dataset", "subset", folder, out, "--split", "train", "--fraction", share)
        assert command(*arguments, "--photos", "link").code == 0
        found[share] = set(open_dataset(out).ids)
    # Two photos have one pair_id, as 1 and 2: the fifth brings the sixth.
    assert len(found["0.25"]) == 6 and len(found["0.5"]) == 10 and found["0.25"] < found["0.5"]
    pairs = [(int(name.rpartition("/")[2]) + 1) // 2 for name in found["0.5"]]
    assert len(set(pairs)) == 5
    listed = tmp_path / "ids.txt"
    listed.write_text("train/000003\n")
    assert command("dataset", "subset", folder, tmp_path / "one", "--ids", listed).code == 0
    assert command("dataset", "subset", folder, tmp_path / "none").code == 2
    listed.write_text("train/999999\n")
    assert command("dataset", "subset", folder, tmp_path / "unknown", "--ids", listed).code == 1


def test_remap_and_merge(command: Command, tmp_path: Path) -> None:
    first = layouts.deepfashion2(tmp_path / "df2")
    second = layouts.imaterialist(tmp_path / "imat")
    said = command("dataset", "remap", second, tmp_path / "one", "--as", "regions", "--to", "label-maps")
    assert said.code == 0
    taxonomy = open_dataset(tmp_path / "one").taxonomy
    assert taxonomy is not None and taxonomy.name == "regions"
    assert command("dataset", "merge", first, second, tmp_path / "refused").code == 1
    merged = tmp_path / "merged"
    said = command("dataset", "merge", first, second, merged, "--as", "parts", "--photos", "link")
    assert said.code == 0, said.err
    dataset = open_dataset(merged)
    assert len(dataset) == 8 and dataset.taxonomy is not None and dataset.taxonomy.name == "parts"


def test_bad_usage(command: Command, tmp_path: Path) -> None:
    folder = layouts.deepfashion2(tmp_path / "in")
    for arguments in (
        ("convert", folder, tmp_path / "out", "--to", "pascal"),
        ("convert", folder, tmp_path / "out", "--photos", "burn"),
        ("convert", folder, tmp_path / "out", "--kind", "worn"),
        ("split", folder, "--out", tmp_path / "x", "--share", "val"),
        ("split", folder, "--out", tmp_path / "x", "--share", "val=1.5"),
        ("merge", folder, tmp_path / "out"),
    ):
        said = command("dataset", *arguments)
        assert said.code == 2, (arguments, said)
        assert len(said.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_prelabel_out_and_back(command: Command, tmp_path: Path, photos: Path, model: Path) -> None:
    for tool, export in (("cvat", "annotations/instances_all.json"), ("label-studio", "tasks.json")):
        out = tmp_path / tool
        said = command("dataset", "prelabel", photos, "--out", out, "--to", tool, "--model", model)
        assert said.code == 1  # one file is no photo
        assert "broken" in said.err and "3 photos written" in said.err
        file = out / export
        if tool == "label-studio":
            tasks = json.loads(file.read_text())
            done = [{**task, "annotations": task["predictions"]} for task in tasks]
            file = layouts.write_json(out / "export.json", done)
        again = open_dataset(file, taxonomy="wardrobe", photos=out / "images")
        found = {item.label for sample in again for item in sample.instances or ()}
        assert {"dress", "top", "pants"} <= found
    document = json.loads((tmp_path / "cvat/annotations/instances_all.json").read_text())
    assert all(
        isinstance(row["segmentation"], list) and 0 < row["score"] <= 1 for row in document["annotations"]
    )
    assert command("dataset", "prelabel", photos, "--out", tmp_path / "x", "--to", "paint").code == 2


def test_a_killed_conversion_ends_where_an_unbroken_one_ends(command: Command, tmp_path: Path) -> None:
    folder = layouts.deepfashion2(tmp_path / "in", train=700, validation=20)
    out = tmp_path / "out"
    process = start("dataset", "convert", folder, out, home=tmp_path / "home")
    partial = out / ".ewardrobe-partial"
    deadline = time.monotonic() + 300
    while not list(partial.glob("*.piece")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.communicate(timeout=300)
    assert not (out / "annotations").exists(), "it was done before it could be killed"
    assert list(partial.glob("*.piece"))
    (out / "images/train/.000009.jpg.0a1b2c3d.tmp").write_bytes(b"half")

    said = command("dataset", "convert", folder, out)
    assert said.code == 0 and "720 photos written" in said.err
    assert command("dataset", "convert", folder, tmp_path / "whole", "--jobs", 2).code == 0
    for split in ("train", "val"):
        name = f"annotations/instances_{split}.json"
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not list(out.rglob(".*"))


def test_restyle_writes_other_outfits(command: Command, tmp_path: Path) -> None:
    folder = labelled(tmp_path / "in", ("a",))
    out = tmp_path / "out"
    said = command("dataset", "restyle", folder, "--per-photo", 2, "--out", out, "--originals")
    assert said.code == 0 and "3 photos written" in said.err, said.err
    assert open_dataset(out).ids == ("a", "a.outfit1", "a.outfit2")
    again = command("dataset", "restyle", folder, "--per-photo", 2, "--out", out)
    assert again.code == 2 and "is not empty" in again.err
    said = command("dataset", "restyle", folder, "--out", tmp_path / "coco", "--to", "coco", "--seed", 3)
    assert said.code == 0 and (tmp_path / "coco" / "annotations").is_dir()
    said = command("dataset", "restyle", folder, "--out", tmp_path / "no", "--set", "steps=3")
    assert said.code == 2 and "the engine recolour has no setting 'steps'" in said.err
    assert not (tmp_path / "no").exists()
