"""The model that ships: what it promises, and that it does it on real photos."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ewardrobe import taxonomy
from ewardrobe.segmentation import Segmenter, info, read_description

SHIPPED = info("default").path
pytestmark = pytest.mark.skipif(SHIPPED is None, reason="the default model is not in this checkout")
WORN, FLAT = 4, 6


@pytest.fixture(scope="module")
def default() -> Segmenter:
    return Segmenter(threads=2)


def test_it_describes_itself() -> None:
    assert SHIPPED is not None
    about = read_description(SHIPPED)
    assert (about.name, about.taxonomy, about.task) == ("default", "wardrobe", "semantic")
    assert {spec.kind for spec in about.outputs.values()} == {"logits", "features", "presence"}
    assert set(about.sizes) >= {"full", "live"} and about.sizes["live"] < about.sizes["full"]
    assert about.licence == "Apache-2.0"
    assert SHIPPED.stat().st_size <= 30e6


@pytest.mark.parametrize("size", ["full", "live"])
def test_it_runs_on_any_shape(size: str) -> None:
    segmenter = Segmenter(size=size)
    for shape in ((40, 300), (301, 217)):
        result = segmenter.segment(np.full((*shape, 3), 128, np.uint8))
        assert result.label_map.shape == shape
        assert result.features is not None and result.presence is not None


@pytest.mark.data
def test_people_are_found_and_dressed(default: Segmenter, data_folder: Path) -> None:
    photos = (data_folder / "ccp" / "val.txt").read_text().split()[:WORN]
    table = taxonomy.load_map("people-clothing", "wardrobe")
    for name in photos:
        result = default.segment(data_folder / "ccp" / "photos" / f"{name}.jpg")
        truth = table.apply(np.asarray(Image.open(data_folder / "ccp" / "labels" / f"{name}.png")))
        both, either = (truth != 0) & result.person_mask(), (truth != 0) | result.person_mask()
        assert both.sum() / either.sum() > 0.85, name
        assert {item.person for item in result.garments} == {1}, name
        labels = [item.label for item in result.garments if item.label not in ("bag", "accessories", "hat")]
        assert len(labels) == len(set(labels)) >= 2, name
        assert all(0.3 < item.score <= 1 for item in result.garments), name


@pytest.mark.data
def test_a_garment_on_a_bed_is_one_item(default: Segmenter, data_folder: Path) -> None:
    with (data_folder / "flatlay" / "items.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"][:FLAT]
    single = 0
    for row in rows:
        result = default.segment(data_folder / "flatlay" / "photos" / f"{row['image']}.jpg")
        truth = np.asarray(Image.open(data_folder / "flatlay" / "alpha" / f"{row['image']}.png")) > 127
        mask = result.person_mask()
        assert (truth & mask).sum() / (truth | mask).sum() > 0.85, row
        assert np.abs(result.person_alpha() - truth).mean() < 0.06, row
        single += len(result.garments) == 1
    assert single >= FLAT - 1
