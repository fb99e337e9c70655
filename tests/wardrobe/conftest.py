"""A wardrobe in a fresh folder, empty or with something in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ewardrobe.wardrobe import Wardrobe
from tests.wardrobe import rendered


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new wardrobe's folder, to copy: migrating once is enough."""
    home = tmp_path_factory.mktemp("empty") / "home"
    Wardrobe.open(home).close()
    return home


@pytest.fixture
def wardrobe(tmp_path: Path, empty_home: Path) -> Iterator[Wardrobe]:
    shutil.copytree(empty_home, tmp_path / "home")
    with Wardrobe.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def filled(wardrobe: Wardrobe) -> Wardrobe:
    """Two photos with two garments each (1 to 4), one garment typed in (5), an outfit, wears, edits."""
    for number in range(2):
        wardrobe.add_segmented(
            rendered.photo(number, private=True),
            [rendered.item(2 * number), rendered.item(2 * number + 1, "pants")],
            model=rendered.MODEL,
        )
    wardrobe.new(
        type="coat", brand="Ünique", price="120.50", currency="eur", tags="warm,wool", bought_on="2024-11-30"
    )
    wardrobe.edit(1, notes="collar turned\nby hand", favourite=True, price="30", bought_on="2025-03-01")
    wardrobe.edit(4, status="laundry", status_reason="wine")
    outfit = wardrobe.outfits.new([1, 2, 5], name="office", season="autumn")
    wardrobe.wears.add(outfit=outfit.id, on="2026-03-01")
    wardrobe.wears.add([1], on="2026-03-02", notes="rain")
    return wardrobe
