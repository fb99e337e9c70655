"""What is suggested: slots, layers, weather, occasion, wear, status, chance."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ewardrobe.errors import UsageError
from ewardrobe.stylist import Day, Stylist, Suggestion
from ewardrobe.wardrobe import Wardrobe
from tests.stylist.conftest import Fill

MAY = date(2026, 5, 4)
BASICS = ("white shirt", "navy jeans", "brown boots", "grey t-shirt", "black trousers", "white sneakers")


def slots(outfit: Suggestion) -> set[str]:
    return set(outfit.garments)


def titles(outfit: Suggestion) -> set[str]:
    return {item.title for item in outfit.garments.values()}


def test_an_outfit_covers_a_person_once(wardrobe: Wardrobe, fill: Fill) -> None:
    fill(*BASICS, "red dress", "black coat", "black blazer", "tan handbag")
    found = Stylist(wardrobe).suggest(Day(MAY, temperature=8), count=12)
    assert len(found.outfits) >= 5 and found.missing == () and found.notes == ()
    for outfit in found.outfits:
        assert ("dress" in slots(outfit)) != ({"top", "bottom"} <= slots(outfit))
        assert not ("dress" in slots(outfit) and "bottom" in slots(outfit))
        assert {"shoes", "bag"} <= slots(outfit)
    assert any("dress" in slots(outfit) for outfit in found.outfits)


def test_each_is_another_outfit_and_not_only_another_bag(wardrobe: Wardrobe, fill: Fill) -> None:
    fill(
        "white shirt",
        "navy jeans",
        "black skirt",
        "white sneakers",
        "black boots",
        "tan handbag",
        "red clutch",
    )
    found = Stylist(wardrobe).suggest(Day(MAY), count=12)
    assert len(found.outfits) == 2
    assert {outfit.garments["bottom"].type for outfit in found.outfits} == {"jeans", "skirt"}


def test_the_weather_decides_on_layers(wardrobe: Wardrobe, fill: Fill) -> None:
    fill(*BASICS, "grey sweater", "blue shorts", "black coat", "blue scarf", "brown sandals", "black tights")
    stylist = Stylist(wardrobe)
    cold = stylist.suggest(Day(MAY, temperature=-5, wind=20)).outfits[0]
    assert {"outer", "scarf"} <= slots(cold) and "grey sweater" in titles(cold)
    hot = stylist.suggest(Day(MAY, temperature=32)).outfits[0]
    assert not {"outer", "scarf", "legs"} & slots(hot) and "blue shorts" in titles(hot)
    wet = stylist.suggest(Day(MAY, temperature=20, rain=True)).outfits[0]
    assert wet.garments["shoes"].type == "boots"


def test_nobody_wears_tights_under_trousers(wardrobe: Wardrobe, fill: Fill) -> None:
    fill("white shirt", "navy jeans", "grey skirt", "brown boots", "black tights", "black coat")
    found = Stylist(wardrobe).suggest(Day(MAY, temperature=0), count=12)
    for outfit in found.outfits:
        assert outfit.garments["bottom"].type == "skirt" or "legs" not in slots(outfit)
    assert any("legs" in slots(outfit) for outfit in found.outfits)


def test_the_occasion_decides_on_formality(wardrobe: Wardrobe, fill: Fill) -> None:
    fill(*BASICS, "black blazer", "black dress shoes", "grey hoodie", "black sweatpants")
    stylist = Stylist(wardrobe)
    work = stylist.suggest(Day(MAY, "work", temperature=15)).outfits[0]
    assert {"white shirt", "black trousers"} <= titles(work)
    sport = stylist.suggest(Day(MAY, "sport", temperature=18)).outfits[0]
    assert {"white sneakers", "black sweatpants"} <= titles(sport)
    assert "relaxed" in sport.sentence


def test_what_was_worn_yesterday_rests(wardrobe: Wardrobe, fill: Fill) -> None:
    first, second, *rest = fill("navy shirt", "navy shirt", "grey trousers", "black boots")
    wardrobe.wears.add(rest, on=MAY - timedelta(days=40))
    for worn, other in ((first, second), (second, first)):
        wardrobe.wears.add([worn], on=MAY - timedelta(days=1))
        found = Stylist(wardrobe).suggest(Day(MAY), seed=7).outfits[0]
        assert found.garments["top"].id == other
        wardrobe.undo()


def test_what_is_in_the_laundry_or_put_away_is_left_out(wardrobe: Wardrobe, fill: Fill) -> None:
    numbers = fill(*BASICS)
    wardrobe.edit(numbers[0], status="laundry")
    wardrobe.edit(numbers[1], status="archived")
    wardrobe.remove(numbers[2])
    found = Stylist(wardrobe).suggest(Day(MAY), count=12)
    assert {number for outfit in found.outfits for number in outfit.ids} == set(numbers[3:])
    assert found.aside == {"laundry": 1} and found.notes == ("Left out: 1 laundry.",)


def test_the_same_seed_gives_the_same_and_another_gives_others(wardrobe: Wardrobe, fill: Fill) -> None:
    colours = ("white", "grey", "black", "navy", "beige")
    fill(*(f"{colour} {kind}" for colour in colours for kind in ("shirt", "trousers", "boots")))
    stylist = Stylist(wardrobe)

    def ids(seed: int | None) -> list[tuple[int, ...]]:
        return [outfit.ids for outfit in stylist.suggest(Day(MAY), seed=seed).outfits]

    assert ids(None) == ids(None) == ids(MAY.toordinal())
    assert len({tuple(ids(seed)) for seed in range(6)}) > 3


def test_garments_that_must_or_must_not_be_worn(wardrobe: Wardrobe, fill: Fill) -> None:
    shirt, jeans, _, tee, *_ = fill(*BASICS)
    dress, coat = fill("red dress", "black coat")
    stylist = Stylist(wardrobe)
    for outfit in stylist.suggest(Day(MAY, temperature=25), wearing=[shirt, coat], without=[jeans]).outfits:
        assert {shirt, coat} <= set(outfit.ids) and jeans not in outfit.ids
    with pytest.raises(UsageError, match="cannot be worn at once"):
        stylist.suggest(Day(MAY), wearing=[shirt, tee])
    with pytest.raises(UsageError, match="a dress is worn without"):
        stylist.suggest(Day(MAY), wearing=[dress, jeans])
    with pytest.raises(UsageError, match="both worn and left out"):
        stylist.suggest(Day(MAY), wearing=[shirt], without=[shirt])
    with pytest.raises(UsageError, match="garment 99 cannot be worn"):
        stylist.suggest(Day(MAY), wearing=[99])


@pytest.mark.parametrize(
    ("garments", "missing", "some"),
    [
        ((), ("top", "bottom", "shoes"), False),
        (("white shirt",), ("bottom", "shoes"), True),
        (("navy jeans", "black boots"), ("top",), True),
        (("red dress",), ("shoes",), True),
        (("tan handbag",), ("top", "bottom", "shoes"), False),
    ],
)
def test_a_small_wardrobe_says_what_it_lacks(
    wardrobe: Wardrobe, fill: Fill, garments: tuple[str, ...], missing: tuple[str, ...], some: bool
) -> None:
    fill(*garments)
    found = Stylist(wardrobe).suggest(Day(MAY))
    assert found.missing == missing and bool(found.outfits) == some
    assert "Nothing to wear as" in found.notes[0]
    assert all(outfit.missing == missing for outfit in found.outfits)


def test_a_garment_of_unknown_type_is_counted_and_not_guessed(wardrobe: Wardrobe, fill: Fill) -> None:
    fill("white shirt", "navy jeans", "brown boots", "red thing")
    wardrobe.new(name="mystery")
    found = Stylist(wardrobe).suggest(Day(MAY))
    assert found.unplaced == 2 and "2 without a type" in found.notes[0]


def test_nightwear_stays_at_home(wardrobe: Wardrobe, fill: Fill) -> None:
    wardrobe.new(type="nightwear", label="top", colour="white", occasion="sleep")
    fill("white shirt", "navy jeans", "brown boots")
    stylist = Stylist(wardrobe)
    assert stylist.suggest(Day(MAY)).outfits[0].garments["top"].type == "shirt"
    assert stylist.suggest(Day(MAY, "sleep")).outfits[0].garments["top"].type == "nightwear"


def test_sentences(wardrobe: Wardrobe, fill: Fill) -> None:
    shirt, trousers = fill("navy shirt", "tan trousers")
    (coat,) = fill("black coat")
    wardrobe.wears.add([coat], on=date(2026, 1, 20))
    wardrobe.wears.add([shirt, trousers], on=MAY - timedelta(days=20))
    (outfit,) = Stylist(wardrobe).suggest(Day(MAY, temperature=4)).outfits
    assert outfit.sentence == (
        "Navy, tan and black, all quiet colours, all smart; you have not worn the coat since January."
    )
    wardrobe.edit(trousers, colour="mustard")
    wardrobe.edit(shirt, colour="blue")
    (outfit,) = Stylist(wardrobe).suggest(Day(MAY, temperature=4)).outfits
    assert outfit.sentence.startswith("Blue and mustard set each other off, with black, all smart")


@pytest.mark.parametrize(
    "wrong",
    [
        {"on": date(9999, 12, 31)},
        {"occasion": "moon landing"},
        {"temperature": 99.0},
        {"temperature": float("nan")},
        {"wind": -1.0},
        {"wind": float("inf")},
    ],
)
def test_a_day_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Day(**{"on": MAY, **wrong})  # type: ignore[arg-type]


def test_days() -> None:
    assert Day(date(2026, 1, 5)).season == "winter" and Day(date(2026, 1, 5), south=True).season == "summer"
    assert Day(date(2026, 12, 5)).date_season == "winter" and Day(date(2026, 7, 31)).date_season == "summer"
    assert Day(date(2026, 1, 5), temperature=15).season == "spring"
    # Environment Canada's table: -10 degrees in 30 km/h feel like -20.
    assert Day(MAY, temperature=-10, wind=30).felt == pytest.approx(-19.5, abs=0.5)
    assert Day(MAY, temperature=20, wind=30).felt == 20
    assert Day(MAY, temperature=0).clo > Day(MAY, temperature=20).clo
