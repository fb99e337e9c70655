"""A plain wardrobe.json into a wardrobe."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ewardrobe.errors import StoreError
from ewardrobe.wardrobe import Wardrobe
from tests.wardrobe import rendered
from tests.wardrobe.rows import files_of, rows_of


@pytest.fixture
def items(tmp_path: Path) -> Path:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "shirt.jpg").write_bytes(rendered.photo_bytes(1))
    rgba = np.zeros((20, 10, 4), np.uint8)
    rgba[5:15, 2:8] = (200, 10, 10, 255)
    Image.fromarray(rgba).save(folder / "cut.png")
    shirt = {"id": 1, "type": "T-shirt", "color": "blue", "material": "cotton", "style": "casual"}
    gizmo = {"id": "b", "type": "gizmo", "color": "blurple", "price": 12.5, "washed": ["30", "40"]}
    belt = {"id": 3, "type": "belt", "color": ["black", "brown"], "notes": "old", "size": 5}
    images = ("shirt.jpg", "cut.png", "lost.jpg")
    found = [{**item, "image": image} for item, image in zip((shirt, gizmo, belt), images, strict=True)]
    (folder / "wardrobe.json").write_text(json.dumps(found), "utf-8")
    return folder / "wardrobe.json"


def test_items_become_garments(wardrobe: Wardrobe, items: Path) -> None:
    result = wardrobe.import_(items)
    assert (result.garments, result.photos, result.skipped) == (3, 2, 0)
    assert wardrobe.check() == []
    shirt, gizmo, belt = wardrobe.find(sort="id")
    assert (shirt.type, shirt.colour, shirt.material, shirt.style) == ("t-shirt", "blue", "cotton", "casual")
    assert shirt.provenance["type"].source == "owner"
    assert shirt.appearances[0].label == "top"
    assert (gizmo.price, gizmo.colour, gizmo.notes) == (
        Decimal("12.50"),
        None,
        "color: blurple\nwashed: 30, 40",
    )
    (seen,) = gizmo.appearances
    assert (seen.label, seen.box, seen.area) == ("accessories", (2, 5, 6, 10), 60)
    assert np.asarray(Image.open(seen.cutout))[..., 3].max() == 255
    assert [colour.name for colour in belt.colours] == ["black", "brown"]
    assert (belt.appearances, belt.notes) == ((), "old\nsize: 5")


def test_a_second_import_brings_nothing_and_one_undo_takes_all_back(wardrobe: Wardrobe, items: Path) -> None:
    wardrobe.import_(items)
    rows, files = rows_of(wardrobe), files_of(wardrobe)
    assert wardrobe.import_(items).skipped == 3
    assert (rows_of(wardrobe), files_of(wardrobe)) == (rows, files)
    undone = wardrobe.undo()
    assert undone is not None and undone.verb == "import"
    assert files_of(wardrobe) == {} and len(wardrobe) == 0


def test_a_file_that_is_no_list_is_refused(wardrobe: Wardrobe, items: Path) -> None:
    items.write_text('{"format": "something"}', "utf-8")
    with pytest.raises(StoreError, match="not a list of items"):
        wardrobe.import_(items)
    with pytest.raises(StoreError, match="not there"):
        wardrobe.import_(items.with_name("nothing.json"))
    assert len(wardrobe) == 0
