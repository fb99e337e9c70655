"""The sheet to sell a garment by."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ewardrobe.errors import StoreError
from ewardrobe.stylist import ResaleSheet
from ewardrobe.stylist.board import HEIGHT, WIDTH, lay_out
from ewardrobe.stylist.slots import SLOTS
from ewardrobe.wardrobe import Wardrobe
from tests.wardrobe import rendered

NOTES = "Collar a little worn.\nChest: 52 cm\nlength = 71,5 cm\nSee: the photo"


def test_text(wardrobe: Wardrobe) -> None:
    shirt = wardrobe.new(
        type="shirt", colour="navy, white", brand="Ünique", size="M", price="39.90", currency="EUR",
        bought_on="2025-03-02", notes=NOTES,
    )  # fmt: skip
    wardrobe.wears.add([shirt.id], on="2026-01-01")
    assert ResaleSheet.of(wardrobe.get(shirt.id)).text() == (
        "Ünique navy shirt\n\nType: shirt\nBrand: Ünique\nSize: M\nColours: navy, white\nChest: 52 cm\n"
        "Length: 71,5 cm\nWorn: 1 time\nBought: March 2025, for 39.90 EUR\n\nCollar a little worn.\nSee: the photo\n"
    )
    bare = wardrobe.new(type="hat")
    assert ResaleSheet.of(bare).text() == "hat\n\nType: hat\nWorn: never\n"


def drawn(sheet: ResaleSheet) -> tuple[bytes, np.ndarray]:
    data = sheet.pdf()
    start = data.index(b"\xff\xd8\xff")
    return data, np.asarray(Image.open(io.BytesIO(data[start:])).convert("L"))


def test_the_pdf_is_one_page_with_the_garment_on_white(wardrobe: Wardrobe) -> None:
    (garment,) = wardrobe.add_segmented(rendered.photo(0), [rendered.item(0)], model="m").garments
    with_picture, page = drawn(ResaleSheet.of(garment))
    assert with_picture.startswith(b"%PDF-") and with_picture.count(b"/Type /Page\n") == 1
    assert page.shape == (2339, 1654) and page[:100].min() > 250
    _, without = drawn(ResaleSheet.of(wardrobe.new(type="shirt")))
    assert (page < 200).mean() > (without < 200).mean() > 0


def test_any_letters_and_any_length_fit(wardrobe: Wardrobe) -> None:
    long = wardrobe.new(type="shirt", brand="w" * 200, notes="мех <b>毛</b> " * 3000, name="n" * 200)
    _, page = drawn(ResaleSheet.of(long))
    assert page[:, :100].min() > 250 and page[:, -100:].min() > 250 and page[-60:].min() > 250


def test_a_missing_picture_is_said(wardrobe: Wardrobe) -> None:
    (garment,) = wardrobe.add_segmented(rendered.photo(0), [rendered.item(0)], model="m").garments
    assert isinstance(garment.picture, Path)
    garment.picture.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        ResaleSheet.of(garment).pdf()


@pytest.mark.parametrize("without", ["outer", "dress", "nothing"])
def test_nothing_lies_off_the_board(without: str) -> None:
    places = lay_out([slot for slot in SLOTS if slot != without])
    assert {place.slot for place in places} == {slot for slot in SLOTS if slot != without}
    for place in places:
        assert place.x >= 0 and place.x + place.width <= WIDTH, place
        assert place.y >= 0 and place.y + place.height <= HEIGHT, place
    order = [place.slot for place in places]
    assert order.index("bottom") < order.index("top")
