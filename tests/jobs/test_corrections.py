"""What was mended or accepted, as a dataset; and what the dataset room reads of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ewardrobe import taxonomy
from ewardrobe.datasets import open_dataset
from ewardrobe.errors import UsageError
from ewardrobe.jobs.corrections import export_corrections
from ewardrobe.taxonomy import IGNORE
from ewardrobe.wardrobe import Wardrobe
from tests.wardrobe import rendered


def describe(_: Any, garment: Any) -> Any:
    return rendered.attributes(garment.area)


@pytest.fixture
def wardrobe(tmp_path: Path) -> Wardrobe:
    """A worn photo (1, 2), a flat one (3), and one of which nothing was checked (4)."""
    wardrobe = Wardrobe.open(tmp_path / "home")
    worn = [rendered.item(0, person=1), rendered.item(1, "pants", person=1)]
    for number, items in enumerate((worn, [rendered.item(2)], [rendered.item(3)])):
        wardrobe.add_segmented(rendered.photo(number, private=True), items, model=rendered.MODEL)
    return wardrobe


def test_only_what_was_checked_is_labelled(wardrobe: Wardrobe, tmp_path: Path) -> None:
    classes = taxonomy.load("wardrobe")
    mask = np.zeros((72, 96), np.bool_)
    mask[10:50, 20:60] = True
    first = wardrobe.appearances.mask(1)
    wardrobe.appearances.set_mask(1, mask, describe=describe)
    wardrobe.edit(1, label="dress")
    wardrobe.appearances.accept(3)
    done = export_corrections(wardrobe, tmp_path / "out")
    assert (dict(done.photos), dict(done.garments)) == ({"worn": 1, "flat": 1}, {"dress": 1, "top": 1})
    dataset = open_dataset(tmp_path / "out" / "worn")
    assert (dataset.format, dataset.kind, len(dataset), dataset.broken) == ("label-maps", "worn", 1, [])
    photo, labels = dataset[0].read()
    assert (labels[mask] == classes.index("dress")).all() and (labels[~mask] == IGNORE).all()
    assert (photo.pixels == rendered.photo(0, private=True).pixels).all()
    assert b"SecretCam" not in next((tmp_path / "out" / "worn" / "photos").iterdir()).read_bytes()
    flat = open_dataset(tmp_path / "out" / "flat")
    assert (flat.kind, len(flat)) == ("flat", 1)
    assert (flat[0].read()[1] == np.where(wardrobe.appearances.mask(3), classes.index("top"), IGNORE)).all()
    # What was taken away becomes background where that is asked for, and only that.
    export_corrections(wardrobe, tmp_path / "erased", erased=True)
    labels = open_dataset(tmp_path / "erased" / "worn")[0].read()[1]
    assert (labels[first & ~mask] == 0).all() and (first & ~mask).any()
    assert (labels[~first & ~mask] == IGNORE).all() and (labels[mask] == classes.index("dress")).all()


def test_nothing_half_written(wardrobe: Wardrobe, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no cut-out was mended or accepted yet"):
        export_corrections(wardrobe, tmp_path / "out")
    wardrobe.appearances.accept(1)
    wardrobe.appearances.accept(3)
    wardrobe.photos()[1].file.unlink()
    with pytest.raises(Exception, match="nothing was written"):
        export_corrections(wardrobe, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x").touch()
    with pytest.raises(UsageError, match="is there already"):
        export_corrections(wardrobe, tmp_path / "there")


def test_a_garment_that_was_removed_is_left_out(wardrobe: Wardrobe, tmp_path: Path) -> None:
    for number in (1, 2):
        wardrobe.appearances.accept(number)
    wardrobe.remove(2)
    export_corrections(wardrobe, tmp_path / "out")
    labels = np.asarray(Image.open(next((tmp_path / "out" / "worn" / "labels").iterdir())))
    assert set(np.unique(labels)) == {taxonomy.load("wardrobe").index("top"), IGNORE}
    assert json.loads((tmp_path / "out" / "worn" / "dataset.json").read_text())["kind"] == "worn"
