"""Garments typed in: fields, filters, colours, who said what."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ewardrobe.attributes.values import UNKNOWN, Value
from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.wardrobe import FIELDS, STATUSES, Wardrobe
from tests.wardrobe import rendered


def test_typed_in_values_become_typed(wardrobe: Wardrobe) -> None:
    garment = wardrobe.new(
        name="  The   good one ",
        label="outerwear",
        type="Trench Coat",
        colour="Navy, #ffffff",
        brand="Acmé",
        price="1.234,5".replace(".", ""),
        currency="eur",
        bought_on="2025-12-31",
        tags="a, b,,a , c d",
        quantity="2",
        favourite="yes",
        notes="line one\nline two",
        status="Lent",
        status_reason="to Kim",
    )
    assert garment.name == "The good one"
    assert (garment.label, garment.type, garment.brand) == ("outerwear", "trench coat", "Acmé")
    assert (garment.price, garment.currency) == (Decimal("1234.50"), "EUR")
    assert garment.bought_on == date(2025, 12, 31)
    assert garment.tags == ("a", "b", "c d")
    assert (garment.quantity, garment.favourite) == (2, True)
    assert garment.notes == "line one\nline two"
    assert (garment.status, garment.status_reason) == ("lent", "to Kim")
    assert [(colour.name, colour.share) for colour in garment.colours] == [("navy", 0.5), ("white", 0.5)]
    assert garment.colour == "navy"


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("label", "skin", "must be one of hat"),
        ("label", "shirt", "must be one of"),
        ("colour", "blurple", "hex code or one of"),
        ("colour", "#12345", "hex code or one of"),
        ("price", "cheap", "amount"),
        ("price", "-1", "amount from 0"),
        ("price", "NaN", "amount"),
        ("price", "Infinity", "amount"),
        ("currency", "EURO", "three letters"),
        ("bought_on", "31.12.2025", "2026-05-31"),
        ("bought_on", 20251231, "date"),
        ("quantity", "0", "whole number"),
        ("quantity", "1.5", "whole number"),
        ("quantity", True, "whole number"),
        ("favourite", "maybe", "yes or no"),
        ("status", "eaten", "active, laundry"),
        ("status", "", "cannot be empty"),
        ("type", 5, "must be text"),
        ("notes", "lone \udcff surrogate", "must be text"),
        ("brand", "nul \0", "must be text"),
        ("type", "x" * 61, "longer than 60"),
        ("tags", 5, "list of words"),
        ("tags", {"a": 1}, "list of words"),
    ],
)
def test_values_a_field_cannot_hold(wardrobe: Wardrobe, field: str, value: Any, complaint: str) -> None:
    garment = wardrobe.new(type="hat")
    with pytest.raises(UsageError, match=complaint) as error:
        wardrobe.edit(garment.id, **{field: value})
    assert field in str(error.value)
    assert "\n" not in str(error.value)
    assert wardrobe.get(garment.id) == garment


def test_an_unknown_field_suggests_the_nearest(wardrobe: Wardrobe) -> None:
    with pytest.raises(UsageError, match="did you mean material"):
        wardrobe.new(materiel="silk")
    with pytest.raises(UsageError, match=", ".join(FIELDS)):
        wardrobe.new(uid="0")


def test_fields_can_be_emptied(wardrobe: Wardrobe) -> None:
    garment = wardrobe.new(type="hat", colour="red", tags="a,b", price="3")
    emptied = wardrobe.edit(garment.id, type="", color=None, tag="", price=None)
    assert (emptied.type, emptied.colour, emptied.colours, emptied.tags, emptied.price) == (
        None,
        None,
        (),
        (),
        None,
    )


def test_american_spelling(wardrobe: Wardrobe) -> None:
    assert wardrobe.new(color="red", favorite=True).favourite
    assert wardrobe.find(colour="red")


def test_an_edit_that_changes_nothing_leaves_no_trace(wardrobe: Wardrobe) -> None:
    garment = wardrobe.new(type="hat", colour="red", tags="a")
    assert wardrobe.edit(garment.id, type="hat", colour="red", tags=["a"]) == garment
    assert len(wardrobe.history()) == 1


def test_find_by_every_filter(filled: Wardrobe) -> None:
    def ids(text: str | None = None, **filters: Any) -> set[int]:
        return {garment.id for garment in filled.find(text, **filters)}

    assert ids() == {1, 2, 3, 4, 5}
    assert ids(label="pants") == {2, 4}
    assert ids(type="COAT") == {5}
    assert ids(colour="white") == {1, 2, 3, 4}
    assert ids(pattern="striped", style="casual", season="summer", occasion="everyday") == {1, 2, 3, 4}
    assert ids(brand="ÜNIQUE") == {5}
    assert ids(tag="WOOL") == {5}
    assert ids(favourite=True) == {1}
    assert ids(status="laundry") == {4}
    assert ids("collar hand") == {1}
    assert ids("unique warm") == {5}
    assert ids(near_colour="#1f2a44", label="top") == {1, 3}
    assert ids(like=1, label="pants") == {2, 4}
    assert ids(style="formal") == set()


def test_status_decides_what_is_shown(wardrobe: Wardrobe) -> None:
    ids = {status: wardrobe.new(type="hat", status=status).id for status in STATUSES}
    removed = wardrobe.new(type="hat").id
    wardrobe.remove(removed)
    shown = {garment.id for garment in wardrobe.find()}
    assert shown == {ids[status] for status in ("active", "laundry", "repair", "lent")}
    assert {garment.id for garment in wardrobe.find(status="any")} == set(ids.values())
    assert [garment.id for garment in wardrobe.find(status="removed")] == [removed]
    with pytest.raises(UsageError, match="active, laundry"):
        wardrobe.find(status="eaten")


def test_sorting(wardrobe: Wardrobe) -> None:
    first = wardrobe.new(name="b", price="2", bought_on="2025-01-01").id
    second = wardrobe.new(name="a", price="10").id
    third = wardrobe.new(name="c").id
    wardrobe.wears.add([third], on="2026-01-01")
    wardrobe.wears.add([third], on="2026-01-02")
    wardrobe.wears.add([first], on="2026-01-03")

    def order(sort: str | None) -> list[int]:
        return [garment.id for garment in wardrobe.find(sort=sort)]

    assert order(None) == [third, second, first]
    assert order("name") == [second, first, third]
    assert order("price") == [first, second, third]
    assert order("-price") == [second, first, third]
    assert order("-worn") == [third, first, second]
    assert order("-last-worn") == [first, third, second]
    assert order("bought")[0] == first
    with pytest.raises(UsageError, match="sorts: id"):
        order("smell")
    with pytest.raises(UsageError, match="leave out sort"):
        wardrobe.find(near_colour="red", sort="name")


def test_colours_near_come_nearest_first(wardrobe: Wardrobe) -> None:
    red, dark, blue = (wardrobe.new(type="hat", colour=c).id for c in ("#ff0000", "#d01515", "#0000ff"))
    found = wardrobe.find(near_colour=(250, 5, 5))
    assert [garment.id for garment in found] == [red, dark]
    assert 0 < found[0].colour_distance < found[1].colour_distance <= 30
    assert blue not in {garment.id for garment in found}
    with pytest.raises(UsageError, match="near_colour must be a hex code"):
        wardrobe.find(near_colour="blurple")
    with pytest.raises(UsageError, match="there is no colour"):
        wardrobe.find(colour="blurple")


def test_the_owner_is_never_overwritten(wardrobe: Wardrobe) -> None:
    result = wardrobe.add_segmented(rendered.photo(0), [rendered.item(0)], model=rendered.MODEL)
    garment = result.garments[0]
    said = garment.provenance["type"]
    assert (said.source, said.confidence, said.runner_up) == ("model", 0.81, "blouse")
    assert garment.provenance["colour"].source == "pixels"
    assert "material" not in garment.provenance
    mine = wardrobe.edit(garment.id, type="blouse", colour="red")
    assert mine.provenance["type"].source == "owner"
    newer = rendered.attributes(
        0,
        type=Value("t-shirt", 0.99, None, "model"),
        pattern=Value("dotted", 0.95, None, "pixels"),
        material=Value("denim", 0.7, None, "model"),
        style=Value(UNKNOWN, 0.0),
    )
    again = wardrobe.describe_again(garment.id, newer)
    assert (again.type, again.colour) == ("blouse", "red")
    assert [colour.name for colour in again.colours] == ["red"]
    assert (again.pattern, again.material, again.style) == ("dotted", "denim", "casual")
    assert again.provenance["pattern"].confidence == 0.95


def test_emptied_by_the_owner_stays_empty(wardrobe: Wardrobe) -> None:
    garment = wardrobe.add_segmented(rendered.photo(0), [rendered.item(0)]).garments[0]
    wardrobe.edit(garment.id, style="")
    assert wardrobe.describe_again(garment.id, rendered.attributes(0)).style is None


def test_merging(filled: Wardrobe) -> None:
    filled.outfits.new([3, 1], name="both")
    filled.wears.add([3], on="2026-04-01")
    kept = filled.merge(1, 3)
    assert [item.photo_id for item in kept.appearances] == [1, 2]
    assert kept.wear_count == 3
    assert [item.garment_id for item in filled.outfits.find("both")[0].items] == [1]
    assert 3 not in {garment.id for garment in filled.find(status="any")}
    with pytest.raises(UsageError, match="itself"):
        filled.merge(1, 1)
    with pytest.raises(NotFoundError):
        filled.merge(1, 3)


def test_a_removed_garment_is_gone_for_every_verb_but_get(filled: Wardrobe) -> None:
    filled.remove(1)
    assert filled.get(1).removed_at is not None
    for verb in (
        lambda: filled.remove(1),
        lambda: filled.edit(1, type="hat"),
        lambda: filled.wears.add([1]),
        lambda: filled.outfits.new([1]),
        lambda: filled.merge(2, 1),
    ):
        with pytest.raises(NotFoundError, match="no garment 1"):
            verb()


def test_json_of_a_garment(filled: Wardrobe) -> None:
    import json

    record = json.loads(json.dumps(filled.get(1).to_dict()))
    assert record["id"] == 1
    assert record["title"] == "navy shirt"
    assert record["price"] == "30.00"
    assert record["colours"][0]["rgb"] == [28, 36, 70]
    assert record["provenance"]["type"]
    assert record["appearances"][0]["box"] == list(filled.get(1).appearances[0].box)
    assert "embedding" not in record["appearances"][0]
    assert record["picture"].endswith(".png")


def test_dataframe_types(filled: Wardrobe) -> None:
    frame = filled.to_dataframe(sort="id").set_index("id")
    assert frame.loc[5, "price"] == 120.5
    assert frame["price"].sum() == 150.5
    assert frame.loc[1, "colours"] == ["navy", "white"]
    assert frame.loc[5, "bought_on"].year == 2024
    assert frame["wear_count"].to_dict() == {1: 2, 2: 1, 3: 0, 4: 0, 5: 1}
    assert len(filled.to_dataframe(label="pants")) == 2
