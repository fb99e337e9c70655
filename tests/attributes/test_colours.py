"""Palettes, names and light, on pictures whose colours are known because they are drawn here."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.attributes.colours import estimate_light, main_colour, palette
from ewardrobe.attributes.perceptual import linear_from_srgb, oklab_from_srgb, srgb_from_oklab, to_cielab
from ewardrobe.attributes.vocabulary import MULTICOLOUR, colour_names, colour_of_word, name_colour, vocabulary

EVERYWHERE = np.ones((80, 60), bool)


def plain(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((80, 60, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((12, 12, 14), "black"),
        ((245, 245, 245), "white"),
        ((150, 150, 152), "grey"),
        ((28, 36, 72), "navy"),
        ((40, 90, 185), "blue"),
        ((108, 24, 40), "burgundy"),
        ((200, 25, 35), "red"),
        ((98, 96, 50), "olive"),
        ((35, 130, 60), "green"),
        ((240, 120, 30), "orange"),
        ((248, 220, 60), "yellow"),
        ((206, 156, 44), "mustard"),
        ((100, 60, 140), "purple"),
        ((205, 35, 125), "fuchsia"),
        ((98, 60, 36), "brown"),
        ((15, 108, 114), "teal"),
    ],
)
def test_everyday_colours_have_their_everyday_names(colour: tuple[int, int, int], name: str) -> None:
    assert name_colour(colour) == name
    assert main_colour(palette(plain(colour), EVERYWHERE)).name == name


def test_vocabulary_is_what_it_says() -> None:
    names = colour_names()
    assert 28 <= len(names) <= 36
    assert names[-1] == MULTICOLOUR
    assert len(set(names)) == len(names)
    for label, right in vocabulary().labels.items():
        assert set(right) <= set(names), label
    document = json.loads(
        (resources.files("ewardrobe.attributes") / "data" / "colours.json").read_text("utf-8")
    )
    assert all(rule["reason"] for rule in document["labels"].values())


def test_the_swatch_of_a_name_has_that_name() -> None:
    words = vocabulary()
    assert [name_colour(swatch) for swatch in words.swatches] == list(words.names)


def test_no_word_stands_for_two_names() -> None:
    document = json.loads(
        (resources.files("ewardrobe.attributes") / "data" / "colours.json").read_text("utf-8")
    )
    words = [word for entry in document["names"] for word in (entry["name"], *entry["words"])]
    assert sorted(words) == sorted(set(words))


def test_words_people_type_find_the_name() -> None:
    assert colour_of_word("Maroon") == "burgundy"
    assert colour_of_word("off-white") == "cream"
    assert colour_of_word("gray") == "grey"
    assert colour_of_word("multicolor") == MULTICOLOUR
    assert colour_of_word("seven") is None


def test_shadow_does_not_make_a_second_colour() -> None:
    light = np.linspace(1.0, 0.45, 60)[None, :, None]
    linear = linear_from_srgb((190, 40, 50)) * light * np.ones((80, 1, 1))
    shaded = (255 * np.clip(linear, 0, 1) ** (1 / 2.2)).astype(np.uint8)
    colours = palette(shaded, EVERYWHERE)
    assert colours[0].name in {"red", "burgundy"}
    assert sum(colour.share for colour in colours if colour.name in {"red", "burgundy"}) > 0.95


def test_shares_of_stripes() -> None:
    striped = plain((20, 30, 70))
    striped[:20] = striped[40:60] = (240, 240, 238)
    colours = palette(striped, EVERYWHERE)
    assert {colour.name for colour in colours} == {"navy", "white"}
    assert sum(colour.share for colour in colours) == pytest.approx(1.0, abs=1e-3)
    assert colours[0].share == pytest.approx(0.5, abs=0.08)


def test_only_the_mask_counts() -> None:
    pixels = plain((40, 90, 185))
    pixels[:, 30:] = (200, 25, 35)
    mask = np.zeros_like(EVERYWHERE)
    mask[:, :30] = True
    assert [colour.name for colour in palette(pixels, mask)] == ["blue"]


def test_a_patch_of_skin_is_left_out_but_skin_coloured_cloth_is_not() -> None:
    pixels = plain((30, 110, 60))
    pixels[:24, 15:45] = (214, 160, 130)
    assert [colour.name for colour in palette(pixels, EVERYWHERE)] == ["green"]
    assert len(palette(plain((214, 160, 130)), EVERYWHERE)) == 1


def test_many_colours_are_multicolour_and_two_are_not() -> None:
    cloth = np.zeros((80, 60, 3), np.uint8)
    for number, colour in enumerate(
        [(200, 25, 35), (40, 90, 185), (248, 220, 60), (35, 130, 60), (240, 240, 240)]
    ):
        cloth[number * 16 : number * 16 + 16] = colour
    assert main_colour(palette(cloth, EVERYWHERE)).name == MULTICOLOUR
    cloth[:50], cloth[50:] = (40, 90, 185), (245, 245, 245)
    assert main_colour(palette(cloth, EVERYWHERE)).name == "blue"


def test_nothing_masked_is_unknown() -> None:
    assert palette(plain((1, 2, 3)), np.zeros_like(EVERYWHERE)) == ()
    assert main_colour(()).name == "unknown"
    assert main_colour(()).confidence == 0.0


def test_warm_light_is_taken_back() -> None:
    room = np.full((120, 120, 3), (244, 236, 220), np.uint8)
    mask = np.zeros((120, 120), bool)
    mask[30:90, 30:90] = True
    gains = estimate_light(room, mask)
    assert gains[2] > gains[1] > gains[0]
    white = palette(room, mask, light=gains)[0]
    assert abs(white.lab[2]) < abs(to_cielab((244, 236, 220))[2])


def test_a_white_studio_changes_nothing() -> None:
    studio = np.full((120, 120, 3), 255, np.uint8)
    studio[30:90, 30:90] = (216, 198, 168)
    mask = np.zeros((120, 120), bool)
    mask[30:90, 30:90] = True
    assert estimate_light(studio, mask) == pytest.approx(np.ones(3))


def test_a_red_bed_does_not_turn_grey_cloth_green() -> None:
    bed = np.full((120, 120, 3), (200, 40, 35), np.uint8)
    bed[::7] = (120, 20, 20)
    bed[30:90, 30:90] = (128, 128, 130)
    mask = np.zeros((120, 120), bool)
    mask[30:90, 30:90] = True
    colours = palette(bed, mask, light=estimate_light(bed, mask))
    assert main_colour(colours).name in {"grey", "charcoal"}


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_colour_survives_oklab_and_has_a_name(colour: tuple[int, int, int]) -> None:
    assert np.abs(srgb_from_oklab(oklab_from_srgb(colour)).astype(int) - colour).max() <= 1
    assert name_colour(colour) in vocabulary().names


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_palettes_of_noise_are_well_formed_and_repeatable(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (int(rng.integers(1, 40)), int(rng.integers(1, 40)), 3), np.uint8)
    mask = rng.random(pixels.shape[:2]) < 0.5
    colours = palette(pixels, mask)
    assert colours == palette(pixels, mask)
    assert len(colours) <= 6
    if mask.any():
        assert sum(colour.share for colour in colours) == pytest.approx(1.0, abs=1e-3)
        assert 0.0 <= main_colour(colours).confidence <= 1.0
