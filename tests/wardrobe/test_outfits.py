"""Outfits and wears, and the numbers made of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.wardrobe import OutfitItem, Wardrobe


def test_an_outfit_keeps_order_and_places(filled: Wardrobe) -> None:
    placed = OutfitItem(3, 0, x=0.5, y=0.25, scale=1.5)
    outfit = filled.outfits.new([5, placed, 1], name=" Monday ", occasion="Work", favourite="yes")
    assert outfit == filled.outfits.get(outfit.id)
    assert [item.garment_id for item in outfit.items] == [5, 3, 1]
    assert [item.position for item in outfit.items] == [0, 1, 2]
    assert (outfit.items[1].x, outfit.items[1].y, outfit.items[1].scale) == (0.5, 0.25, 1.5)
    assert (outfit.name, outfit.occasion, outfit.favourite) == ("Monday", "work", True)


def test_finding_outfits(filled: Wardrobe) -> None:
    other = filled.outfits.new([4], name="Über", notes="for the rain")
    assert [outfit.id for outfit in filled.outfits.find()] == [other.id, 1]
    assert [outfit.id for outfit in filled.outfits.find("uber rain")] == [other.id]
    assert [outfit.id for outfit in filled.outfits.find(garment=5)] == [1]
    assert [outfit.id for outfit in filled.outfits.find(season="autumn", favourite=False)] == [1]
    filled.outfits.remove(1)
    assert [outfit.id for outfit in filled.outfits.find()] == [other.id]
    assert filled.wears.find(outfit=1), "what was worn stays worn"


@pytest.mark.parametrize("items", [[], [1, 1]])
def test_outfits_that_make_no_sense(filled: Wardrobe, items: list[int]) -> None:
    with pytest.raises(UsageError, match="at least one"):
        filled.outfits.new(items)
    with pytest.raises(UsageError, match="at least one"):
        filled.outfits.edit(1, items)
    assert len(filled.outfits.find()) == 1


def test_unknown_numbers(filled: Wardrobe) -> None:
    for verb in (
        lambda: filled.outfits.get(9),
        lambda: filled.outfits.edit(9, name="x"),
        lambda: filled.outfits.remove(9),
        lambda: filled.outfits.new([9]),
        lambda: filled.wears.add(outfit=9),
        lambda: filled.wears.add([9]),
        lambda: filled.wears.remove(9),
    ):
        with pytest.raises(NotFoundError, match="9"):
            verb()
    with pytest.raises(UsageError, match="no field 'colour'"):
        filled.outfits.edit(1, colour="red")


def test_wearing_an_outfit_wears_its_garments(filled: Wardrobe) -> None:
    worn = filled.wears.add(outfit=1, on=date(2026, 6, 1), notes="party")
    assert [wear.garment_id for wear in worn] == [1, 2, 5]
    filled.outfits.edit(1, [3])
    assert [wear.garment_id for wear in filled.wears.find(outfit=1, since=date(2026, 6, 1))] == [5, 2, 1]
    assert filled.get(5).last_worn == date(2026, 6, 1)


def test_logging_twice_changes_nothing(filled: Wardrobe) -> None:
    first = filled.wears.add(outfit=1, on="2026-06-01")
    entries = len(filled.history())
    assert filled.wears.add(outfit=1, on="2026-06-01") == first
    assert len(filled.history()) == entries


def test_wears_need_garments_or_an_outfit(filled: Wardrobe) -> None:
    with pytest.raises(UsageError, match="not both"):
        filled.wears.add()
    with pytest.raises(UsageError, match="not both"):
        filled.wears.add([1], outfit=1)
    with pytest.raises(UsageError, match="2026-05-31"):
        filled.wears.add([1], on="yesterday")


def test_today_is_the_default(filled: Wardrobe) -> None:
    assert filled.wears.add([3])[0].worn_on in {date.today()}


def test_wears_in_a_span(filled: Wardrobe) -> None:
    assert [wear.worn_on.day for wear in filled.wears.find(garment=1)] == [2, 1]
    assert [wear.worn_on.day for wear in filled.wears.find(garment=1, until=date(2026, 3, 1))] == [1]
    assert [wear.worn_on.day for wear in filled.wears.find(garment=1, since=date(2026, 3, 2))] == [2]
    assert len(filled.wears.find(limit=2)) == 2


def test_statistics(filled: Wardrobe) -> None:
    filled.wears.add([1], on="2026-03-01")  # also worn in the outfit that day: one wear
    filled.new(type="boots", price="80", currency="USD", quantity=2, status="sold", bought_on="2020-01-01")
    filled.remove(3)
    found = filled.stats()
    assert (found.garments, found.photos, found.outfits) == (4, 2, 1)
    assert found.by_type == {"shirt": 3, "coat": 1}
    assert found.by_colour == {"navy": 3}
    assert found.by_season == {"summer": 3}
    assert found.by_status == {"active": 3, "laundry": 1, "sold": 1}
    assert found.wears == 4
    assert found.most_worn == ((1, 2), (2, 1), (5, 1))
    assert found.never_worn == (4,)
    assert found.cost_per_wear == {1: Decimal("15.00"), 5: Decimal("120.50")}
    assert found.spending == {"": Decimal("30.00"), "EUR": Decimal("120.50"), "USD": Decimal("160.00")}
    assert found.spending_by_year == {
        "2020": {"USD": Decimal("160.00")},
        "2024": {"EUR": Decimal("120.50")},
        "2025": {"": Decimal("30.00")},
    }


def test_statistics_of_nothing(wardrobe: Wardrobe) -> None:
    found = wardrobe.stats()
    assert (found.garments, found.wears, found.never_worn, found.spending) == (0, 0, (), {})
