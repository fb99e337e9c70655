"""Boards: a layout that needs no hand, and the picture of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from ewardrobe.wardrobe import SLOTS, OutfitItem, Wardrobe
from ewardrobe.wardrobe.boards import HEIGHT, Piece, arrange, complete, draw_board, piece_of
from ewardrobe.wardrobe.vocabulary import shipped_vocabulary
from tests.wardrobe import rendered


def laid(*slots: str, aspect: float = 0.8) -> dict[str, OutfitItem]:
    items = arrange([Piece(number, slot, aspect) for number, slot in enumerate(slots, start=1)])
    assert [item.position for item in items] == list(range(len(slots)))
    return {slots[item.garment_id - 1]: item for item in items}


def y(item: OutfitItem) -> float:
    assert item.y is not None
    return item.y


def test_from_head_to_feet_with_the_bag_beside() -> None:
    found = laid("footwear", "bag", "pants", "top", "hat")
    assert [slot for slot in sorted(found, key=lambda slot: y(found[slot])) if slot != "bag"] == [
        "hat", "top", "pants", "footwear",
    ]  # fmt: skip
    assert found["bag"].x > found["top"].x + 0.3  # type: ignore[operator]
    # A coat lies behind what is worn under it, and both show.
    found = laid("top", "outerwear")
    assert found["outerwear"].position < found["top"].position
    assert abs(found["outerwear"].x - found["top"].x) > 0.15  # type: ignore[operator]


@pytest.mark.parametrize("aspect", [0.2, 1.0, 5.0])
def test_everything_stays_on_the_board(aspect: float) -> None:
    many = [("top", "top", "pants", "footwear"), tuple(SLOTS), tuple(SLOTS) * 3, ("bag",) * 7]
    for slots in (*itertools.combinations(SLOTS, 2), *many):
        pieces = [Piece(number, slot, aspect) for number, slot in enumerate(slots)]
        items = arrange(pieces)
        assert sorted(item.garment_id for item in items) == list(range(len(slots)))
        for item in items:
            assert item.x is not None and item.y is not None and item.scale is not None
            assert 0 < item.x < 1, (slots, item)
            assert 0 < item.y < HEIGHT, (slots, item)
            assert 0 < item.scale < HEIGHT, (slots, item)


def test_what_has_a_place_keeps_it() -> None:
    pieces = {number: Piece(number, "top", 1.0) for number in (1, 2)}
    mine = OutfitItem(1, 0, 0.1, 0.2, 0.3)
    first, second = complete([mine, OutfitItem(2, 1), OutfitItem(3, 2)], pieces)
    assert first == mine
    assert None not in (second.x, second.y, second.scale)
    assert (second.garment_id, second.position) == (2, 1)


def test_where_a_garment_is_worn(tmp_path: Path) -> None:
    words = shipped_vocabulary()
    with Wardrobe.open(tmp_path) as wardrobe:
        found = wardrobe.add_segmented(rendered.photo(1), [rendered.item(1, "pants")], model="m").garments[0]
        assert found.type == "shirt"
        assert piece_of(found, words).slot == "pants"  # what was seen weighs more than what was guessed
        assert piece_of(wardrobe.edit(found.id, type="coat"), words).slot == "outerwear"
        assert piece_of(wardrobe.edit(found.id, type="kilt"), words).slot == "pants"
        assert piece_of(wardrobe.new(type="boots"), words).slot == "footwear"
        assert piece_of(wardrobe.new(name="Heirloom"), words).slot == "accessories"


def test_the_picture_of_a_board(tmp_path: Path) -> None:
    with Wardrobe.open(tmp_path) as wardrobe:
        items = [rendered.item(1), rendered.item(2)]
        found = wardrobe.add_segmented(rendered.photo(1, private=True), items, model="m").garments
        typed = wardrobe.new(name="Grandma's coat")
        garments = {garment.id: garment for garment in (*found, typed)}
        below, above = found
        centre = {"x": 0.5, "y": 0.6}
        stack = [OutfitItem(below.id, 0, scale=0.4, **centre), OutfitItem(above.id, 1, scale=0.2, **centre)]
        board = draw_board(stack, garments, width=200)
        pixels = np.asarray(board)
        assert pixels.shape == (250, 200, 4)
        assert (pixels[0, 0, 3], pixels[120, 100, 3]) == (0, 255)
        # A disc 0.4 wide covers 0.04 pi of a board of 1 by 1.25.
        assert (pixels[..., 3] > 127).mean() == pytest.approx(0.04 * np.pi / 1.25, rel=0.1)
        swapped = np.asarray(draw_board(stack[::-1], garments, width=200))
        assert np.abs(swapped.astype(int) - pixels)[115:125, 95:105].max() > 20
        white = np.asarray(draw_board(stack, garments, width=200, background=(255, 255, 255), small=True))
        assert white.shape == (250, 200, 3)
        plate = np.asarray(draw_board([OutfitItem(typed.id, 0, 0.5, 0.5, 0.5)], garments, width=200))
        assert 0.15 < (plate[..., 3] > 0).mean() < 0.25
        assert len(np.unique(plate[60:140, 60:140, 0])) > 2  # its title is on it
        assert not np.asarray(draw_board([OutfitItem(99, 0, 0.5, 0.5, 0.5)], garments)).any()
