"""Many garments at once: all or none, and one step back."""

from __future__ import annotations

import pytest

from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.wardrobe import Filters, Wardrobe
from tests.wardrobe.rows import rows_of


def test_thirty_garments_in_one_step(wardrobe: Wardrobe) -> None:
    ids = [wardrobe.new(type="shirt", tags=f"own {number}").id for number in range(30)]
    other = wardrobe.new(type="hat").id
    rows, steps = rows_of(wardrobe), len(wardrobe.history())
    changed = wardrobe.many.edit(
        ids, status="archived", status_reason="summer", season="winter", favourite=True, add_tags=["box 4"]
    )
    assert changed == 30
    assert {(g.status, g.status_reason, g.season, g.favourite) for g in map(wardrobe.get, ids)} == {
        ("archived", "summer", "winter", True)
    }
    assert wardrobe.get(ids[3]).tags == ("own 3", "box 4")
    assert wardrobe.get(ids[3]).provenance["season"].source == "owner"
    assert wardrobe.get(other).status == "active"
    assert len(wardrobe.history()) == steps + 1
    assert wardrobe.history()[0].detail == "30 garments: status, status_reason, season, favourite, tags"
    assert len(wardrobe.find("box 4", status="archived")) == 30
    wardrobe.undo()
    assert rows_of(wardrobe) == rows


def test_by_what_they_are(filled: Wardrobe) -> None:
    assert filled.many.edit(Filters(type="shirt", status="any"), add_tags=["a"], drop_tags=["b"]) == 4
    assert filled.many.edit(Filters(type="shirt", status="any"), add_tags=["a"]) == 0
    assert filled.many.edit([5], drop_tags=["warm"]) == 1
    assert filled.get(5).tags == ("wool",)
    assert filled.many.remove(Filters(tag="a", status="any")) == 4
    assert [garment.id for garment in filled.find(status="any")] == [5]
    filled.undo()
    assert len(filled.find(status="any")) == 5


def test_all_or_none(filled: Wardrobe) -> None:
    rows = rows_of(filled, with_history=True)
    for wrong in ([1, 99], [99]):
        with pytest.raises(NotFoundError, match="no garment 99; nothing was changed"):
            filled.many.edit(wrong, status="archived")
        with pytest.raises(NotFoundError):
            filled.many.remove(wrong)
    for values in (
        {},
        {"status": "gone"},
        {"shoe": "x"},
        {"tags": "a", "add_tags": ["b"]},
        {"add_tags": ["x" * 101]},
    ):
        with pytest.raises(UsageError):
            filled.many.edit([1], **values)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="removed"):
        filled.many.edit(Filters(status="removed"), status="active")
    assert rows_of(filled, with_history=True) == rows
