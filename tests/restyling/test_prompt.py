"""Prompts: what is understood, and what is said when something is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe.attributes import colour_names
from ewardrobe.attributes.perceptual import oklab_from_srgb
from ewardrobe.errors import UsageError
from ewardrobe.restyling.changes import Recolour
from ewardrobe.restyling.colour_words import SHADES, colour_of_phrase
from ewardrobe.restyling.prompt import parse_prompt
from ewardrobe.restyling.wordlists import garment_of_phrase, words
from ewardrobe.taxonomy import load

UNDERSTOOD = {
    "make the shirt red": ["shirt → red"],
    "Black and white stripes on the dress.": ["dress → horizontal white stripes on black"],
    "Remove the bag.": ["bag → removed"],
    "everything but the shoes in black": ["everything but not shoes → black"],
    "make everything black except the shoes and the bag": ["everything but not shoes or bag → black"],
    "make the shirt red and the pants blue": ["shirt → red", "pants → blue"],
    "make the shirt and the pants red": ["shirt and pants → red"],
    "red shirt and pants": ["shirt and pants → red"],
    "shirt red, pants and shoes black": ["shirt → red", "pants and shoes → black"],
    "make the red shirt blue": ["shirt → blue"],
    "make the denim jacket red": ["jacket → red"],
    "white dots on the red dress": ["dress → white dots on red"],
    "red dress with white polka dots": ["dress → white dots on red"],
    "red and white checked shirt": ["shirt → white checks on red"],
    "make the left person's dress #0F8": ["dress of the person on the left → #00ff88"],
    "turn the woman on the right's skirt into a mint one": ["skirt of the person on the right → mint"],
    "make the fancy shirt dark green": ["shirt → dark green (not understood: fancy)"],
    "a darker coat": ["coat → darker"],
    "thin navy pinstripes on the jacket, remove the hat; shoes white": [
        "jacket → thin vertical navy stripes on its own colour",
        "hat → removed",
        "shoes → white",
    ],
    "dress shoes brown": ["dress shoes → brown"],
    "make the top wider vertical white and navy stripes": [
        "top → vertical navy stripes on white (not understood: wider)"
    ],
    "wide diagonal yellow stripes on the T-shirt": [
        "t shirt → wide diagonal yellow stripes on its own colour"
    ],
    "make the coat red. make it darker": ["coat → red", "coat → darker"],
    "A denim jacket instead of the coat.": ["coat → “denim jacket”"],
    "replace the coat with a denim jacket": ["coat → “denim jacket”"],
    "make the jacket leather": ["jacket → “leather”"],
    "make the dress sparkly": ["dress → “sparkly”"],
}


@pytest.mark.parametrize("prompt", UNDERSTOOD)
def test_what_is_understood_is_what_is_meant(prompt: str) -> None:
    assert [str(change) for change in parse_prompt(prompt)] == UNDERSTOOD[prompt]


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("mach das Hemd rot", "in English"),
        ("rends la robe rouge", "in English"),
        ("сделай рубашку красной", "in English"),
        ("シャツを赤に", "in English"),
        ("make it red", "no garment is named"),
        ("make the flurb red", "'flurb' is no garment"),
        ("make the hair blue", "hair is no garment"),
        ("don't make the shirt red", "say what is"),
        ("dark red and navy shirt", "dark red and navy at once"),
        ("make the shirt #12345", "'#12345' is no colour"),
        ("striped shirt", "no colour is named"),
        ("red, green and blue stripes on the shirt", "3 colours"),
        ("make the shirt", "what becomes of it"),
        ("red " * 400, "fewer words"),
    ],
)
def test_what_is_not_understood_is_said_in_one_line(prompt: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_prompt(prompt)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_garment_option_stands_in_where_the_prompt_names_none() -> None:
    assert [str(change) for change in parse_prompt("make it red", garment="trousers")] == ["trousers → red"]
    assert [str(change) for change in parse_prompt("sparkly", garment="top")] == ["top → “sparkly”"]
    with pytest.raises(UsageError, match="'flurb' is no garment"):
        parse_prompt("make it red", garment="flurb")


PARTS = [
    "make",
    "the",
    "red",
    "shirt",
    "and",
    ",",
    ";",
    "#",
    "but",
    "white",
    "dots",
    "with",
    "instead of",
    "it",
]


@given(st.text(max_size=60) | st.lists(st.sampled_from(PARTS)).map(" ".join))
def test_any_text_gives_changes_or_one_line(prompt: str) -> None:
    try:
        changes = parse_prompt(prompt)
    except UsageError as error:
        assert str(error).isprintable()
    else:
        assert changes and all(change.target.words for change in changes)


@pytest.mark.parametrize("taxonomy", ["wardrobe", "people-clothing", "deepfashion2", "flat-lay"])
def test_every_garment_of_the_taxonomies_can_be_named(taxonomy: str) -> None:
    for item in load(taxonomy):
        if item.kind == "garment":
            for form in (item.name, item.name.upper(), f"{item.name}s"):
                change = parse_prompt(f"make the {form} red")[0]
                assert change.target.words[0].classes, form


def test_every_word_leads_to_classes_of_wardrobe() -> None:
    wardrobe = load("wardrobe")
    for word, meaning in words().garments.items():
        assert all(wardrobe[name].kind == "garment" for name in meaning.classes), word
        assert garment_of_phrase(word) is not None


@pytest.mark.parametrize("name", [name for name in colour_names() if name != "multicolour"])
def test_every_colour_name_and_its_shades_can_be_asked_for(name: str) -> None:
    for words_ in (name, *(f"{shade} {name}" for shade in SHADES)):
        how = parse_prompt(f"make the top {words_}")[0].how
        assert isinstance(how, Recolour) and how.colour.name == words_


@pytest.mark.parametrize(
    "name", ["red", "green", "brown", "pink", "purple", "teal", "blue", "orange", "grey"]
)
def test_dark_is_darker_and_light_lighter(name: str) -> None:
    def lightness(text: str) -> float:
        colour = colour_of_phrase(text.split())
        assert colour is not None
        return float(oklab_from_srgb(colour.rgb)[0])

    assert lightness(f"dark {name}") < lightness(name) - 0.05
    assert lightness(f"light {name}") > lightness(name) + 0.05
    assert lightness(f"pale {name}") > lightness(name) + 0.1
