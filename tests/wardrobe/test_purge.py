"""Purging leaves nothing: no row, no file, no step of the history, no byte in the database."""

from __future__ import annotations

from ewardrobe.wardrobe import Wardrobe
from tests.wardrobe import rendered
from tests.wardrobe.rows import files_of, rows_of


def test_rows_and_files_go_with_the_last_garment_of_a_photo(filled: Wardrobe) -> None:
    original = filled.photo(1).file
    first = [path for item in filled.get(1).appearances for path in (item.mask, item.cutout, item.thumbnail)]
    filled.remove(1, purge=True)
    assert original.is_file(), "garment 2 is on it too"
    assert not any(path.exists() for path in first)
    assert filled.check() == []
    filled.remove(2, purge=True)
    assert not original.exists()
    assert filled.check() == []
    rows = rows_of(filled)
    assert {row["id"] for row in rows["garments"]} == {3, 4, 5}
    assert {row["id"] for row in rows["photos"]} == {2}
    assert all(row.get("garment_id") not in (1, 2) for table in rows.values() for row in table)
    assert len(files_of(filled)) == 1 + 2 * 3


def test_the_history_knows_nothing_of_it(filled: Wardrobe) -> None:
    filled.remove(1)
    filled.remove(1, purge=True)
    rows = rows_of(filled, with_history=True)
    assert not any(row["table_name"] == "garments" and row["row_id"] == 1 for row in rows["changes"])
    assert "collar" not in str(rows)
    assert 1 not in {row["before"].get("garment_id") for row in rows["changes"] if row["before"]}


def test_what_is_left_can_still_be_walked_back(filled: Wardrobe) -> None:
    filled.outfits.edit(1, [2, 1])
    filled.remove(1, purge=True)
    while filled.undo():
        assert filled.check() == []
    assert all(rows == [] for rows in rows_of(filled, with_history=True).values())
    assert files_of(filled) == {}


def test_a_merge_with_a_purged_garment_cannot_be_taken_back(filled: Wardrobe) -> None:
    filled.merge(3, 1)
    filled.edit(3, type="tunic")
    filled.remove(1, purge=True)
    assert len(filled.get(3).appearances) == 2
    verbs = []
    while (undone := filled.undo()) is not None:
        verbs.append(undone.verb)
        assert filled.check() == []
    assert verbs == ["edit"]
    assert len(filled.get(3).appearances) == 2


def test_a_removed_garment_can_be_purged(filled: Wardrobe) -> None:
    filled.remove(5)
    filled.remove(5, purge=True)
    assert 5 not in {row["id"] for row in rows_of(filled)["garments"]}


def test_no_byte_is_left_in_the_database(wardrobe: Wardrobe) -> None:
    secret = "unmistakable-7f3a91"
    garment = wardrobe.new(type="hat", notes=secret, tags=secret, brand=secret)
    wardrobe.edit(garment.id, notes=f"{secret} again")
    wardrobe.new(type="belt", notes="stays")
    wardrobe.remove(garment.id, purge=True)
    for path in wardrobe.path.glob("wardrobe.db*"):
        assert secret.encode() not in path.read_bytes(), path.name
    assert len(wardrobe) == 1


def test_numbers_are_not_given_again(wardrobe: Wardrobe) -> None:
    garment = wardrobe.add_segmented(rendered.photo(0), [rendered.item(0)]).garments[0]
    wardrobe.remove(garment.id, purge=True)
    again = wardrobe.add_segmented(rendered.photo(0), [rendered.item(0)])
    assert not again.skipped
    assert again.garments[0].id > garment.id
