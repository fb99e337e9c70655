"""The wardrobe's verbs, from photos to search, undo, export and back."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from ewardrobe.wardrobe import Wardrobe
from tests.cli.conftest import Command, write_photo


def test_add_prints_what_was_found_and_skips_what_is_stored(
    command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    said = command("add", photos, "--model", model)
    assert said.code == 1
    assert "3 photos done, 1 failed" in said.err and "broken.jpg" in said.err
    assert "dress.png: 1 garment" in said.out and "pair.png: 6 garments" in said.out
    with Wardrobe.open(tmp_path / "home") as wardrobe:
        assert len(wardrobe) == 10
        assert len(wardrobe.photos()) == 3
    (photos / "broken.jpg").unlink()
    said = command("add", photos, "--model", model, "--json")
    assert said.code == 0
    records = json.loads(said.out)
    assert {record["status"] for record in records} == {"skipped"}
    assert sum(len(record["garments"]) for record in records) == 10
    with Wardrobe.open(tmp_path / "home") as wardrobe:
        assert len(wardrobe) == 10


def test_workers_add_the_same(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    homes = (tmp_path / "one", tmp_path / "two")
    for home, jobs in zip(homes, (1, 2), strict=True):
        assert "3 photos done" in command("add", photos, "--model", model, "--home", home, "--jobs", jobs).err
    found = []
    for home in homes:
        with Wardrobe.open(home) as wardrobe:
            assert wardrobe.check() == []
            found.append(sorted((item.label, item.colour, item.appearances[0].area) for item in wardrobe))
    assert found[0] == found[1] and len(found[0]) == 10


def test_a_photo_without_garments_is_said_and_not_stored(
    command: Command, model: Path, tmp_path: Path
) -> None:
    empty = write_photo(tmp_path / "empty.png", [])
    said = command("add", empty, "--model", model)
    assert said.code == 0 and "no garment found" in said.out
    assert json.loads(command("find", "--json").out) == []


def test_from_new_to_undo(command: Command) -> None:
    said = command(
        "new", "type=coat", "colour=navy", "price=39.90", "currency=EUR", "tags=office, winter", "--json"
    )
    assert said.code == 0, said.err
    garment = json.loads(said.out)
    number = garment["id"]
    assert (garment["type"], garment["colour"], garment["price"]) == ("coat", "navy", "39.90")
    assert garment["tags"] == ["office", "winter"]
    assert command("new", "type=scarf", "brand=Öko").code == 0

    assert [row["id"] for row in json.loads(command("find", "--type", "coat", "--json").out)] == [number]
    assert [row["brand"] for row in json.loads(command("find", "öko", "--json").out)] == ["Öko"]
    assert [row["id"] for row in json.loads(command("find", "--near", "#1f2a44", "--json").out)] == [number]
    table = command("find").out
    assert "coat" in table and "scarf" in table
    assert len(list(csv.DictReader(io.StringIO(command("find", "--csv").out)))) == 2

    assert command("edit", number, "status=laundry", "notes=lining torn").code == 0
    assert json.loads(command("show", number, "--json").out)["status"] == "laundry"
    shown = command("show", number).out
    assert "lining torn" in shown and "set by you" in shown
    assert "taken back: edit" in command("undo").out
    assert json.loads(command("show", number, "--json").out)["status"] == "active"

    assert command("remove", number).code == 0
    assert "coat" not in command("find").out
    assert "coat" in command("find", "--status", "removed").out
    assert command("undo").code == 0
    assert "coat" in command("find").out
    assert command("remove", number, "--purge").code == 0
    assert command("show", number).code == 1


def test_undo_with_nothing_to_undo(command: Command) -> None:
    said = command("undo")
    assert said.code == 0 and "nothing to take back" in said.out


def test_statistics(command: Command) -> None:
    for price in ("10", "20.50"):
        assert (
            command("new", "type=shirt", f"price={price}", "currency=EUR", "bought_on=2026-02-03").code == 0
        )
    numbers = json.loads(command("stats", "--json").out)
    assert numbers["garments"] == 2 and numbers["by_type"] == {"shirt": 2}
    rows = list(csv.DictReader(io.StringIO(command("stats", "--csv").out)))
    found = {(row["what"], row["which"]): row["value"] for row in rows}
    assert found["garments", ""] == "2"
    assert found["by_type", "shirt"] == "2"
    assert found["spending", "EUR"] == "30.50"
    assert found["spending_by_year", "2026 EUR"] == "30.50"


@pytest.mark.parametrize("name", ["export", "export.zip"])
def test_there_and_back_again(command: Command, model: Path, photos: Path, tmp_path: Path, name: str) -> None:
    assert command("add", photos / "person.png", "--model", model).code == 0
    assert command("new", "type=hat", "name=Sunday hat").code == 0
    said = command("export", tmp_path / name)
    assert said.code == 0, said.err
    other = tmp_path / "other"
    said = command("import", tmp_path / name, "--home", other)
    assert said.code == 0 and "imported 4 garments, 1 photos" in said.out
    said = command("import", tmp_path / name, "--home", other)
    assert said.code == 0 and "imported 0 garments" in said.out

    def known(home: Path) -> list[tuple[object, ...]]:
        with Wardrobe.open(home) as wardrobe:
            return sorted((item.uid, item.title, item.label, len(item.appearances)) for item in wardrobe)

    assert known(other) == known(tmp_path / "home")


def test_backup_and_restore(command: Command, tmp_path: Path) -> None:
    assert command("new", "type=hat").code == 0
    assert command("backup", tmp_path / "backup.zip").code == 0
    assert command("new", "type=scarf").code == 0
    assert len(json.loads(command("find", "--json").out)) == 2
    assert command("restore", tmp_path / "backup.zip").code == 0
    assert [row["type"] for row in json.loads(command("find", "--json").out)] == ["hat"]
