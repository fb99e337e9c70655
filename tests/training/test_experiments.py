"""The field's experiments: each config, on data in the raw official layout, ends in a file that segments.

The commands are those of docs/experiments.md; steps, canvas and batch are cut down, the network is the config's.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lightning", reason="Lightning is not installed: pip install 'ewardrobe[train]'")

from ewardrobe import taxonomy
from ewardrobe.cli import run as command
from ewardrobe.errors import DatasetError
from ewardrobe.segmentation import Segmenter
from ewardrobe.training.config import Source
from ewardrobe.training.photos import open_sources
from tests.conftest import REPOSITORY
from tests.datasets import layouts

pytestmark = pytest.mark.train

SMALL = (
    "data.height=64",
    "data.width=64",
    "data.batch_size=2",
    "data.workers=0",
    "training.steps=2",
    "training.epochs=1",
    "training.precision=32-true",
    "training.threads=1",
)
LABELS = taxonomy.load("people-clothing").labels
NUMBERS = (101, 102, 183, 197, 671, 730)


def ewardrobe(*arguments: object) -> None:
    assert command([str(argument) for argument in arguments]) == 0


def as_label_maps(raw: Path, out: Path) -> Path:
    """People Clothing divided by its own command and written as the configs' `ccp`."""
    lists = out.with_name(f"{out.name}-lists")
    ewardrobe("dataset", "split", raw, "--out", lists, "--share", "val=0.34", "--stratify")
    ewardrobe("dataset", "convert", raw, out, "--to", "label-maps", "--splits", lists)
    return out


@pytest.fixture(scope="module")
def kaggle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with `ccp`, from Kaggle's layout, and `flatlay`."""
    folder = tmp_path_factory.mktemp("kaggle")
    as_label_maps(layouts.people_clothing_kaggle(folder / "raw", LABELS, numbers=NUMBERS), folder / "ccp")
    layouts.flat_lay(folder / "flatlay")
    return folder


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with `ccp`, from the authors' layout."""
    pytest.importorskip("scipy", reason="reading MATLAB files needs the extra `matlab` (SciPy)")
    folder = tmp_path_factory.mktemp("original")
    as_label_maps(layouts.people_clothing_original(folder / "raw", LABELS, numbers=NUMBERS), folder / "ccp")
    return folder


@pytest.fixture(scope="module")
def deepfashion2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with DeepFashion2, and through COCO to YOLO."""
    folder = tmp_path_factory.mktemp("deepfashion2")
    layouts.deepfashion2(folder / "deepfashion2")
    coco, yolo = folder / "deepfashion2-coco", folder / "deepfashion2-yolo"
    ewardrobe("dataset", "convert", folder / "deepfashion2", coco, "--to", "coco")
    ewardrobe("dataset", "convert", coco, yolo, "--to", "yolo", "--photos", "link")
    return folder


@pytest.fixture(scope="module")
def imaterialist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with iMaterialist 2020 as it is downloaded."""
    folder = tmp_path_factory.mktemp("imaterialist")
    layouts.imaterialist(folder / "imaterialist2020", copies=6)
    return folder


@pytest.mark.parametrize(
    ("config", "data", "task", "learned"),
    [
        ("people-clothing-segformer", "original", "semantic", "people-clothing"),
        ("people-clothing-lite-fpn", "kaggle", "semantic", "people-clothing"),
        ("background-removal-u2net", "kaggle", "matting", "foreground"),
        ("parts-u2net", "kaggle", "semantic", "parts"),
        ("deepfashion2-maskrcnn", "deepfashion2", "instance", "deepfashion2"),
        ("deepfashion2-yolo", "deepfashion2", "instance", "deepfashion2"),
        ("deepfashion2-unet", "deepfashion2", "semantic", "deepfashion2"),
        ("imaterialist-deeplabv3plus", "imaterialist", "semantic", "regions"),
    ],
    ids=lambda value: value if "-" in value else "",
)
def test_from_the_raw_layout_to_a_file_that_segments(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: str,
    data: str,
    task: str,
    learned: str,
) -> None:
    if config == "deepfashion2-yolo":
        pytest.importorskip(
            "ultralytics", reason="Ultralytics is not installed: pip install 'ewardrobe[yolo]'"
        )
    folder = request.getfixturevalue(data)
    monkeypatch.chdir(REPOSITORY)  # a config may start from a file of the repository
    ewardrobe("train", f"configs/{config}.yaml", *SMALL, "--data", folder, "--run", tmp_path / "run")
    segmenter = Segmenter(tmp_path / "run/model.onnx")
    assert segmenter.description.task == task and segmenter.taxonomy.name == learned
    photo = sorted(file for file in folder.rglob("*.jp*g") if "raw" not in file.parts)[0]
    found = segmenter.segment(photo)
    assert found.label_map.shape == found.photo.pixels.shape[:2]
    assert np.isin(found.label_map, range(len(segmenter.taxonomy))).all()
    assert (found.detections is not None) == (task == "instance")


def test_photos_of_people_in_the_labels_of_regions(kaggle: Path, tmp_path: Path) -> None:
    """The config for iMaterialist on People Clothing, which there is a map for; not so for DeepFashion2's classes."""
    keys = ("data.train=[{path: ccp, split: train}]", "data.validation=[{path: ccp, split: val}]")
    config = REPOSITORY / "configs/imaterialist-deeplabv3plus.yaml"
    run = tmp_path / "run"
    ewardrobe(
        "train",
        config,
        *SMALL,
        *keys,
        "model.encoder=resnet18",
        "--data",
        kaggle,
        "--run",
        run,
        "--no-export",
    )
    assert "ccp (train)" in (run / "model.json").read_text()
    config = REPOSITORY / "configs/deepfashion2-unet.yaml"
    assert command(["train", str(config), *keys, "--data", str(kaggle), "--run", str(tmp_path / "no")]) == 1


def test_what_is_held_out_is_what_split_lists(tmp_path: Path) -> None:
    """A config may hold out a share of a set without splits; the photos of a group are on one side of it."""
    doubled = (183, 730, 594, 722, 907, 990)
    people = layouts.people_clothing_kaggle(tmp_path / "a", LABELS, numbers=(*range(300, 310), *doubled))
    pairs = layouts.deepfashion2(tmp_path / "b", train=12, validation=0)
    for number, (raw, name) in enumerate([(people, "people-clothing"), (pairs, "deepfashion2")]):
        lists = tmp_path / f"lists{number}"
        ewardrobe("dataset", "split", raw, "--out", lists, "--share", "val=0.5")
        sources = [Source(path=str(raw), held_out=0.5, held=held) for held in (False, True)]
        rest, kept = open_sources(sources, None, name, 1)
        assert list(kept.ids) == (lists / "val.txt").read_text().split()
        assert list(rest.ids) == (lists / "train.txt").read_text().split()
        groups = [{sample.read_group() for sample in part} - {None} for part in (rest, kept)]
        assert all(groups) and not groups[0] & groups[1]
    with pytest.raises(DatasetError, match=r"holds out no photo of 16"):
        open_sources([Source(path=str(people), held_out=1e-6, held=True)], None, "people-clothing", 1)
