"""The development data itself: counts, classes and the spec that the taxonomies were written from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ewardrobe import taxonomy
from ewardrobe.datasets import CCP_PAIRS, open_dataset

pytestmark = pytest.mark.data


@pytest.mark.parametrize(
    ("folder", "split", "count"),
    [
        ("ccp", "train", 774),
        ("ccp", "val", 80),
        ("ccp", None, 854),
        ("ccp", "unlabelled", 1085),
        ("flatlay", "train", 2275),
        ("flatlay", "val", 150),
        ("fashionista_val", None, 300),
        ("products", None, 14868),
    ],
)
def test_every_listed_sample_is_there(data_folder: Path, folder: str, split: str | None, count: int) -> None:
    dataset = open_dataset(data_folder / folder, split=split)
    assert (len(dataset), dataset.broken) == (count, [])


@pytest.mark.parametrize("folder", ["ccp", "flatlay", "fashionista_val"])
def test_some_samples_read(data_folder: Path, folder: str) -> None:
    dataset = open_dataset(data_folder / folder, split="val")
    assert dataset.taxonomy is not None
    for index in range(0, len(dataset), 40):
        photo, label_map = dataset[index].read()
        assert label_map.shape == photo.pixels.shape[:2]
        assert np.unique(label_map).size >= 2


def test_pairs_are_on_one_side_already(data_folder: Path) -> None:
    side = {sample.id: sample.split for sample in open_dataset(data_folder / "ccp")}
    for first, second in CCP_PAIRS:
        assert side.get(first, side.get(second)) == side.get(second, side.get(first))


def test_the_map_onto_fashionista_is_the_one_in_its_spec(data_folder: Path) -> None:
    merge = json.loads((data_folder / "fashionista_val/spec.json").read_text())["merge"]
    into = taxonomy.load_map("wardrobe", "fashionista")
    assert {name: into.target_of(name) for name in merge} == merge
