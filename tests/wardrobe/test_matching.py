"""Recognising owned garments in a photo, and logging the photo."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.wardrobe import SegmentedItem, Wardrobe
from ewardrobe.wardrobe.matching import SURE, Match, assign, may_be
from tests.wardrobe import rendered


def turned(seed: int, cosine: float) -> SegmentedItem:
    """A garment whose embedding has this cosine to that of garment `seed`."""
    own = rendered.attributes(seed).embedding
    other = np.random.default_rng(seed + 77).standard_normal(len(own)).astype(np.float32)
    other -= (other @ own) * own
    mixed = cosine * own + np.sqrt(1 - cosine**2) * other / np.linalg.norm(other)
    return rendered.item(seed, attributes=rendered.attributes(seed, embedding=mixed.astype(np.float32)))


def test_the_surest_pair_first_and_no_garment_twice() -> None:
    found = [[Match(1, 0.9), Match(2, 0.8)], [Match(1, 0.95), Match(2, 0.5)], [Match(1, 0.99)], []]
    chosen = assign(found, 0.75)
    assert [match and match.garment_id for match in chosen] == [2, None, 1, None]
    assert assign(found, 1.1) == [None] * 4


@pytest.mark.parametrize(
    ("label", "labels", "expected"),
    [
        ("top", {"top"}, True),
        ("top", {"outerwear"}, True),
        ("dress", {"skirt"}, True),
        ("pants", {"top"}, False),
        ("footwear", {"hat"}, False),
        ("bag", {"bag", "top"}, True),
    ],
)
def test_what_may_be_what(label: str, labels: set[str], expected: bool) -> None:
    assert may_be(label, labels) is expected


def test_owned_garments_are_recognised(tmp_path: Path) -> None:
    with Wardrobe.open(tmp_path) as wardrobe:
        model = rendered.MODEL
        items = [rendered.item(1), rendered.item(2), rendered.item(3, "footwear")]
        shirt, other, shoes = wardrobe.add_segmented(rendered.photo(1), items, model=model).garments
        alike, unlike = turned(1, SURE + 0.05), turned(2, SURE - 0.1)
        seen = wardrobe.wears.recognise([alike, unlike], model)
        assert seen[0].proposed is not None
        assert (seen[0].proposed.garment_id, seen[0].proposed.score) == (
            shirt.id,
            pytest.approx(SURE + 0.05, abs=1e-4),
        )
        assert seen[1].proposed is None
        assert seen[1].candidates[0].garment_id == other.id  # offered, not proposed
        # Shoes are no shirt, however alike; what is sold or of another model is not looked at.
        (as_top,) = wardrobe.wears.recognise([rendered.item(3)], model)
        assert shoes.id not in [match.garment_id for match in as_top.candidates]
        assert wardrobe.wears.recognise([alike], "another")[0].candidates == ()
        wardrobe.edit(shirt.id, status="sold")
        assert wardrobe.wears.recognise([alike], model)[0].proposed is None
        bare = rendered.item(1, attributes=None)
        assert wardrobe.wears.recognise([bare], model)[0].candidates == ()


def test_a_photo_is_logged_in_one_step(tmp_path: Path) -> None:
    with Wardrobe.open(tmp_path) as wardrobe:
        (shirt,) = wardrobe.add_segmented(rendered.photo(1), [rendered.item(1)], model="m").garments
        wardrobe.edit(shirt.id, type="blouse")
        items = [
            rendered.item(1, garment_id=shirt.id),
            rendered.item(5, "pants", tagged=False, attributes=None),
        ]
        result = wardrobe.wears.add_photo(rendered.photo(2), items, on="2026-05-01", model="m")
        again, new = result.garments
        assert (again.id, len(again.appearances), again.type) == (shirt.id, 2, "blouse")
        assert (new.label, new.type, new.appearances[0].label) == (None, None, "pants")
        assert result.look_alikes == ()
        worn = wardrobe.wears.find(since=date(2026, 5, 1))
        assert {wear.garment_id for wear in worn} == {again.id, new.id}
        with pytest.raises(UsageError, match="in the wardrobe already"):
            wardrobe.wears.add_photo(rendered.photo(2), items)
        undone = wardrobe.undo()
        assert undone is not None and undone.verb == "wear"
        assert (len(wardrobe), len(wardrobe.photos()), wardrobe.wears.find()) == (1, 1, [])
        assert wardrobe.check() == []
        with pytest.raises(NotFoundError, match="no garment 99"):
            wardrobe.wears.add_photo(rendered.photo(3), [rendered.item(1, garment_id=99)])
        with pytest.raises(UsageError, match="once"):
            wardrobe.wears.add_photo(rendered.photo(3), [rendered.item(1, garment_id=shirt.id)] * 2)
        assert len(wardrobe.photos()) == 1
        assert wardrobe.check() == []


def test_numbers_over_time(tmp_path: Path) -> None:
    with Wardrobe.open(tmp_path) as wardrobe:
        one = wardrobe.new(type="shirt", colour="navy", price=20, currency="EUR", bought_on="2026-01-05").id
        two = wardrobe.new(type="coat", price="80.50", currency="EUR", bought_on="2026-03-09").id
        outfit = wardrobe.outfits.new([one, two]).id
        for day in ("2026-01-31", "2026-02-01"):
            wardrobe.wears.add([one], on=day)
        wardrobe.wears.add(outfit=outfit, on="2026-02-01")  # the shirt is counted once on that day
        numbers = wardrobe.stats()
        assert numbers.wears_by_month == {"2026-01": 1, "2026-02": 2}
        assert numbers.worn_by == {"type": {"shirt": 2, "coat": 1}, "colour": {"navy": 2}, "season": {}}
        assert numbers.least_worn == ((two, 1), (one, 2))
        assert {month: str(amounts["EUR"]) for month, amounts in numbers.spending_by_month.items()} == {
            "2026-01": "20.00",
            "2026-03": "80.50",
        }
