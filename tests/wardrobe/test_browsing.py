"""Browsing, from columns in memory, against finding, from the database: the same garments in the same order."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from ewardrobe.errors import UsageError
from ewardrobe.wardrobe import FACETS, SORTS, OwnedGarment, Wardrobe
from ewardrobe.wardrobe.fields import STATUSES
from tests.wardrobe import rendered

WORDS: dict[str, tuple[str, ...]] = {
    "type": ("shirt", "coat", "jeans"),
    "colour": ("navy", "red", "beige"),
    "season": ("summer", "winter"),
    "brand": ("Ünique", "Unique", "Acme"),
    "name": ("the old one", "Äußerst", "b"),
    "status": STATUSES,
    "price": ("3.50", "120", "7"),
    "bought_on": ("2024-11-30", "2026-02-01"),
    "tags": ("warm", "warm,wool", "Wool"),
    "favourite": ("yes", "no"),
    "notes": ("collar turned", "moth hole"),
}
ASKED: dict[str, tuple[Any, ...]] = {
    **{name: WORDS[name] for name in ("type", "colour", "season", "brand")},
    "text": ("wool", "UNIQUE co", "turned collar", "nothing has this", "äuss"),
    "tag": ("WARM", "wool"),
    "favourite": (True, False),
    "status": (*STATUSES, "any", "removed"),
}


def change(chance: random.Random, wardrobe: Wardrobe, here: list[int]) -> None:
    """One verb, at random."""
    one = chance.choice(here) if here else None
    fields = {name: chance.choice(WORDS[name]) for name in chance.sample(list(WORDS), 4)}
    verb = chance.choice(
        ("new", "new", "edit", "edit", "edit", "remove", "undo", "undo", "wear", "unwear", "merge", "purge")
    )
    if one is None or verb == "new":
        wardrobe.new(**fields)
    elif verb == "edit":
        wardrobe.edit(one, **fields)
    elif verb == "remove" or (verb == "purge" and chance.random() < 0.5):
        wardrobe.remove(one, purge=verb == "purge")
    elif verb == "wear":
        wardrobe.wears.add([one], on=f"2026-0{chance.randint(1, 9)}-11")
    elif verb == "unwear" and (worn := wardrobe.wears.find()):
        wardrobe.wears.remove(chance.choice(worn).id)
    elif verb == "merge" and len(here) > 1:
        wardrobe.merge(*chance.sample(here, 2))
    else:
        wardrobe.undo()


def same(wardrobe: Wardrobe, asked: dict[str, Any], sort: str) -> None:
    """`browse` gives what `find` gives, and counts what `find` would find."""
    wanted = wardrobe.find(sort=sort, **asked)
    page = wardrobe.browse(sort=sort, limit=3, offset=1, **asked)
    assert list(page.garments) == wanted[1:4], (asked, sort)
    assert page.total == len(wanted)
    for name in FACETS:
        others = {key: value for key, value in asked.items() if key != name}
        if name == "status":
            others["status"] = "removed" if asked.get("status") == "removed" else "any"
        found = wardrobe.find(**others)
        counts = {
            value: sum(value in values_of(garment, name) for garment in found) for value in page.facets[name]
        }
        assert page.facets[name] == counts and all(counts.values()), (name, asked)
        assert {value for garment in found for value in values_of(garment, name)} == set(counts), (
            name,
            asked,
        )
        assert list(page.facets[name].items()) == sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def values_of(garment: OwnedGarment, name: str) -> set[str]:
    values = {getattr(garment, name)} - {None}
    return values | {c.name for c in garment.colours if c.share >= 0.15} if name == "colour" else values


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_columns_say_what_the_database_says(filled: Wardrobe, seed: int) -> None:
    chance = random.Random(seed)
    with Wardrobe.open(filled.path) as other:  # another process's view of the same wardrobe
        for _ in range(30):
            for _ in range(chance.choice((1, 1, 1, 5))):
                changing = chance.choice((filled, other))
                change(chance, changing, [garment.id for garment in changing.find(status="any")])
            asked = {
                name: chance.choice(ASKED[name]) for name in chance.sample(list(ASKED), chance.randint(0, 3))
            }
            sort = chance.choice(("", "-")) + chance.choice(SORTS)
            same(chance.choice((filled, other)), asked, sort)


def test_added_photos_and_restored_backups_are_seen(filled: Wardrobe, tmp_path: Path) -> None:
    filled.browse()
    backup = filled.backup(tmp_path / "before.zip")
    filled.add_segmented(rendered.photo(7), [rendered.item(9)], model=rendered.MODEL)
    same(filled, {}, "-added")
    filled.edit(2, type="gilet")
    filled.restore(backup)
    same(filled, {"status": "any"}, "type")


def test_only_what_changed_is_read_again(wardrobe: Wardrobe, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        wardrobe.new(type=f"type {number}")
    wardrobe.browse()
    from ewardrobe.wardrobe import columns

    read: list[Any] = []
    whole = columns._read
    monkeypatch.setattr(columns, "_read", lambda *given: read.append(given[2:]) or whole(*given))
    wardrobe.browse()
    assert read == []
    wardrobe.edit(3, type="cape")
    page = wardrobe.browse(type="cape")
    assert [garment.id for garment in page.garments] == [3]
    assert [part.tolist() for (part,) in read] == [[3]]
    wardrobe.undo()
    assert wardrobe.browse(type="cape").total == 0
    assert read[1:] == [()]


def test_what_cannot_be_asked_for(filled: Wardrobe) -> None:
    for asked, line in (
        ({"sort": "weight"}, "cannot sort by 'weight'"),
        ({"status": "eaten"}, "there is no status 'eaten'"),
        ({"colour": "blurple"}, "there is no colour 'blurple'"),
        ({"offset": -1}, "cannot be negative"),
    ):
        with pytest.raises(UsageError, match=line):
            filled.browse(**asked)
    nothing = filled.browse(limit=0)
    assert nothing.garments == () and nothing.total == 5
