"""Packing: few garments, an outfit for each day."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from ewardrobe.errors import UsageError
from ewardrobe.stylist import Day, pack
from ewardrobe.wardrobe import Wardrobe
from tests.stylist.conftest import Fill

MAY = date(2026, 5, 4)


def trip(*occasions: str, temperature: float = 18) -> list[Day]:
    return [
        Day(MAY + timedelta(days=number), occasion, temperature=temperature)
        for number, occasion in enumerate(occasions)
    ]


@pytest.fixture
def large(wardrobe: Wardrobe, fill: Fill) -> Wardrobe:
    colours = ("white", "navy", "black", "grey", "beige", "blue")
    fill(*(f"{colour} {kind}" for colour in colours for kind in ("shirt", "t-shirt", "trousers", "sneakers")))
    fill("black dress shoes", "black blazer", "black jacket", "black sweatpants", "tan handbag")
    return wardrobe


def test_few_garments_make_many_outfits(large: Wardrobe) -> None:
    found = pack(large, trip(*["everyday"] * 6))
    bases = [(outfit.garments["top"].id, outfit.garments["bottom"].id) for _, outfit in found.days if outfit]
    assert len(bases) == len(set(bases)) == 6
    assert len(found.garments) <= 9, [item.title for _, item, _ in found.garments]
    assert found.outfits >= 6
    assert all(count <= 2 for count in Counter(top for top, _ in bases).values())
    assert len([slot for slot, _, _ in found.garments if slot == "shoes"]) == 1


def test_what_is_listed_is_what_is_worn(large: Wardrobe) -> None:
    found = pack(large, trip("work", "sport", "everyday"))
    worn = Counter(number for _, outfit in found.days if outfit for number in outfit.ids)
    assert {item.id: count for _, item, count in found.garments} == dict(worn)
    work, sport, _ = (outfit for _, outfit in found.days)
    assert work is not None and work.garments["shoes"].type == "dress shoes"
    assert sport is not None and sport.garments["bottom"].type == "sweatpants"
    assert [day.occasion for day, _ in found.days] == ["work", "sport", "everyday"]


def test_the_same_seed_packs_the_same(large: Wardrobe) -> None:
    days = trip("everyday", "everyday")
    assert pack(large, days, seed=3).to_dict() == pack(large, days, seed=3).to_dict()


def test_a_small_wardrobe_repeats_itself(wardrobe: Wardrobe, fill: Fill) -> None:
    fill("white shirt", "navy jeans")
    found = pack(wardrobe, trip("everyday", "everyday"))
    assert [outfit.ids for _, outfit in found.days if outfit] == [(1, 2), (1, 2)]
    assert found.missing == ("shoes",)


def test_an_empty_wardrobe_and_no_days(wardrobe: Wardrobe) -> None:
    found = pack(wardrobe, trip("everyday"))
    assert found.garments == () and found.days[0][1] is None and found.outfits == 0
    for days in ([], trip(*["everyday"] * 32)):
        with pytest.raises(UsageError, match="1 to 31 days"):
            pack(wardrobe, days)
