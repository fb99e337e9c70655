"""Wardrobes typed in by hand: small, exact, and quick to make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ewardrobe.wardrobe import Wardrobe

Fill = Callable[..., list[int]]


@pytest.fixture
def wardrobe(tmp_path: Path) -> Iterator[Wardrobe]:
    with Wardrobe.open(tmp_path / "home") as found:
        yield found


@pytest.fixture
def fill(wardrobe: Wardrobe) -> Fill:
    """`fill("navy jeans", "white t-shirt", ...)` stores garments, the first word their colour; gives their numbers."""

    def store(*garments: str, **fields: str) -> list[int]:
        numbers = []
        for words in garments:
            colour, kind = words.split(" ", 1)
            numbers.append(wardrobe.new(type=kind, colour=colour, **fields).id)
        return numbers

    return store
