"""The engine `wardrobe`: which garment is taken, and that nothing but its place changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ewardrobe.errors import UsageError
from ewardrobe.restyling import read_provenance, restyle_from
from ewardrobe.restyling.candidates import Candidate, Wish, best_of
from ewardrobe.segmentation import Segmenter
from ewardrobe.wardrobe import SegmentedItem, Wardrobe
from tests.segmentation.models import write_colour_model
from tests.tryon.conftest import Standing, flat_piece, standing
from tests.wardrobe import rendered

__all__ = ["standing"]


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    return Segmenter(write_colour_model(tmp_path_factory.mktemp("model") / "colours.onnx"))


def candidate(
    name: str, label: str = "outerwear", rgb: tuple[int, int, int] = (0, 0, 0), *words: str
) -> Candidate:
    return Candidate(name, label, frozenset(words), (rgb,), lambda: flat_piece("top"))


def test_a_wish_is_a_garment_a_colour_and_words() -> None:
    wish = Wish.of("a dark red denim jacket")
    assert (wish.garment.word, str(wish.colour), wish.words) == ("jacket", "dark red", ("denim",))
    with pytest.raises(UsageError, match="no garment that can be tried on"):
        Wish.of("a leather handbag")


def test_type_colour_and_words_decide() -> None:
    there = [
        candidate("coat", "outerwear", (40, 60, 120), "coat", "wool"),
        candidate("red", "outerwear", (200, 30, 40), "jacket", "denim"),
        candidate("blue", "outerwear", (40, 60, 120), "jacket", "denim"),
        candidate("shirt", "top", (40, 60, 120), "shirt", "denim"),  # a jacket may be a top
    ]
    best, why = best_of(there, Wish.of("a blue denim jacket"), None, "m")
    assert best.name == "blue"
    assert why == "blue, the best of 4: is jacket, near blue, denim"
    assert best_of(there, Wish.of("a wool coat"), None, "m")[0].name == "coat"
    with pytest.raises(UsageError, match="no garment fits “a skirt”; there are: outerwear, top"):
        best_of(there, Wish.of("a skirt"), None, "m")


def test_likeness_parts_those_that_are_equal_otherwise() -> None:
    one, two = (np.eye(4, dtype=np.float32)[number] for number in (0, 1))
    there = [
        Candidate(name, "top", frozenset({"shirt"}), (), lambda: flat_piece("top"), vector, "m")
        for name, vector in (("first", one), ("second", two))
    ]
    assert best_of(there, Wish.of("a shirt"), two, "m")[0].name == "second"
    assert best_of(there, Wish.of("a shirt"), two, "another model")[0].name == "first"


def owned(home: Path) -> Wardrobe:
    """A wardrobe with a green and a red T-shirt."""
    wardrobe = Wardrobe.open(home)
    for number, (name, colour) in enumerate((("green", (20, 160, 40)), ("red", (200, 30, 40)))):
        piece = flat_piece("top", colour=colour)
        mask = np.zeros((rendered.SIZE[1], rendered.SIZE[0]), bool)
        mask[10:60, 10:40] = True
        cutout = Image.fromarray(np.dstack([piece.pixels, piece.alpha]))
        item = SegmentedItem("top", 0.9, (10, 10, 30, 50), mask, cutout, rendered.attributes(number))
        garment = wardrobe.add_segmented(rendered.photo(number), [item], model="m").garments[0]
        wardrobe.edit(garment.id, type="t-shirt", colour=name)
    return wardrobe


def test_an_owned_garment_takes_the_place_of_another(
    tmp_path: Path, standing: Standing, segmenter: Segmenter
) -> None:
    seen = standing(items=("outerwear", "top", "pants"))
    prompt = "a green t-shirt instead of the top"
    with owned(tmp_path / "home") as wardrobe:
        made = restyle_from(wardrobe, seen, prompt, model=segmenter)
        again = restyle_from(wardrobe, seen, prompt, model=segmenter)
    assert "garment 1 (t-shirt), the best of 2: is t shirt" in made.done[0]
    assert np.array_equal(made.pixels, again.pixels)
    changed = (made.pixels != seen.photo.pixels).any(axis=2)
    assert 0.005 < changed.mean() < 0.4
    assert not changed[made.mask == 0].any()
    green = made.pixels[130:170, 112:128].reshape(-1, 3).astype(int)
    assert (green[:, 1] > green[:, 0]).mean() > 0.9
    provenance = read_provenance(made.save(tmp_path / "made.png"))
    assert provenance is not None
    assert (provenance["engine"], provenance["garments"]) == ("wardrobe", ["garment 1 (t-shirt)"])


def test_what_it_cannot_do_is_one_line(tmp_path: Path, standing: Standing, segmenter: Segmenter) -> None:
    seen = standing()
    for said, prompt in (
        ("takes garments for others", "make the top red"),
        ("no skirt in this photo", "a dress instead of the skirt"),
        ("no folder with pictures", "a jacket instead of the top"),
    ):
        with pytest.raises(UsageError, match=said):
            restyle_from(tmp_path, seen, prompt, model=segmenter)
