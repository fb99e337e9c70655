"""Exports and backups: there and back again, field by field and byte by byte."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ewardrobe.errors import NewerStoreError, NotFoundError, StoreError, UsageError
from ewardrobe.imaging import open_photo
from ewardrobe.wardrobe import DamagedStoreError, Wardrobe, restore
from tests.wardrobe import rendered
from tests.wardrobe.rows import files_of, rows_of

FROM_EXPORT = ("file", "file_sha256", "size_bytes")
"""Columns of a photo that differ after an export when the photo carried camera data."""


@pytest.fixture
def other(tmp_path: Path, empty_home: Path) -> Iterator[Wardrobe]:
    shutil.copytree(empty_home, tmp_path / "other")
    with Wardrobe.open(tmp_path / "other") as opened:
        yield opened


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_round_trip_compares_every_field_and_byte(
    filled: Wardrobe, other: Wardrobe, tmp_path: Path, name: str
) -> None:
    filled.add_segmented(
        rendered.photo(8, kind="PNG"), [rendered.item(8)], model="m"
    )  # nothing private in it
    filled.export(tmp_path / name)
    result = other.import_(tmp_path / name)
    assert (result.photos, result.garments, result.outfits, result.wears, result.skipped) == (3, 6, 1, 4, 0)
    assert other.check() == []
    mine, theirs = rows_of(filled), rows_of(other)
    for table, skipped in (
        ("garment_colours", "id"),
        ("garment_tags", "id"),
        ("provenance", "id"),
        ("outfit_items", "id"),
    ):
        for row in [*mine[table], *theirs[table]]:
            del row[skipped]
        key = lambda row: str(sorted(row.items(), key=str))  # noqa: E731
        mine[table].sort(key=key)
        theirs[table].sort(key=key)
    stripped = 0
    for before, after in zip(mine["photos"], theirs["photos"], strict=True):
        kept_as_it_was = before["file_sha256"] == after["file_sha256"]
        stripped += not kept_as_it_was
        for column in () if kept_as_it_was else FROM_EXPORT:
            before.pop(column), after.pop(column)
    assert stripped == 2
    assert mine == theirs
    without_originals = {k: v for k, v in files_of(filled).items() if not k.startswith("originals/")}
    assert {k: v for k, v in files_of(other).items() if not k.startswith("originals/")} == without_originals
    for photo, clean in zip(filled.photos(), other.photos(), strict=True):
        np.testing.assert_array_equal(open_photo(photo.file).pixels, open_photo(clean.file).pixels)


def test_an_export_of_the_import_is_the_same_bytes(filled: Wardrobe, other: Wardrobe, tmp_path: Path) -> None:
    filled.export(tmp_path / "first.zip")
    other.import_(tmp_path / "first.zip")
    other.export(tmp_path / "second.zip")
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_nothing_private_leaves(filled: Wardrobe, tmp_path: Path) -> None:
    filled.add_segmented(rendered.photo(20, private=True, orientation=6), [rendered.item(9)])
    assert b"SecretCam" in filled.photo(1).file.read_bytes()
    filled.export(tmp_path / "out")
    photos = sorted((tmp_path / "out" / "photos").iterdir())
    assert len(photos) == 3
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"SecretCam" not in content and b"SecretComment" not in content and b"GPS" not in content
    for path in photos:
        exif = Image.open(path).getexif()
        assert set(exif) <= {0x0112}
        assert exif.get_ifd(0x8825) == {}
    np.testing.assert_array_equal(open_photo(photos[2]).pixels, open_photo(filled.photo(3).file).pixels)


def test_the_same_photo_is_known_after_an_import(filled: Wardrobe, other: Wardrobe, tmp_path: Path) -> None:
    filled.export(tmp_path / "out")
    other.import_(tmp_path / "out")
    assert other.add_segmented(rendered.photo(0, private=True), [rendered.item(0)]).skipped


def test_importing_again_brings_nothing(filled: Wardrobe, tmp_path: Path) -> None:
    filled.export(tmp_path / "out")
    rows, files = rows_of(filled, with_history=True), files_of(filled)
    result = filled.import_(tmp_path / "out")
    assert (result.garments, result.photos, result.skipped) == (0, 0, 5)
    assert rows_of(filled, with_history=True) == rows
    assert files_of(filled) == files


def test_importing_beside_other_garments_gives_new_numbers(
    filled: Wardrobe, other: Wardrobe, tmp_path: Path
) -> None:
    mine = other.new(type="kilt")
    other.add_segmented(rendered.photo(70), [rendered.item(70)])
    outfit = other.outfits.new([mine.id], name="mine")
    before = rows_of(other)
    filled.export(tmp_path / "out")
    other.import_(tmp_path / "out")
    assert other.check() == []
    assert len(other) == 7
    imported = other.outfits.find("office")[0]
    assert imported.id != outfit.id
    types = [other.get(item.garment_id).uid for item in imported.items]
    assert types == [filled.get(item.garment_id).uid for item in filled.outfits.get(1).items]
    other.undo()
    assert rows_of(other) == before
    assert other.check() == []


def test_removed_garments_stay_home(filled: Wardrobe, tmp_path: Path) -> None:
    filled.remove(3)
    filled.remove(4)
    filled.export(tmp_path / "out")
    document = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert [garment["id"] for garment in document["garments"]] == [1, 2, 5]
    assert [photo["id"] for photo in document["photos"]] == [1]
    assert len(list((tmp_path / "out" / "garments").iterdir())) == 2


def test_names_are_readable(filled: Wardrobe, tmp_path: Path) -> None:
    filled.edit(2, name="Großmutters Rock / 1950")
    filled.export(tmp_path / "out")
    assert (tmp_path / "out" / "garments" / "0001-navy-shirt.png").is_file()
    assert (tmp_path / "out" / "garments" / "0002-gromutters-rock-1950.png").is_file()


def test_an_export_never_overwrites_a_folder(filled: Wardrobe, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="there already"):
        filled.export(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["letter.txt"]


def _edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        document = json.loads((folder / "manifest.json").read_text("utf-8"))
        change(document)
        (folder / "manifest.json").write_text(json.dumps(document), "utf-8")

    return apply


def _first(folder: Path, kind: str) -> Path:
    return sorted((folder / kind).iterdir())[0]


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "manifest.json cannot be read"),
    "no json": (lambda f: (f / "manifest.json").write_text("{"), "is not JSON"),
    "other json": (lambda f: (f / "manifest.json").write_text("[]"), "not an eWardrobe export"),
    "a later format": (_edit(lambda d: d.update(version=2)), "pip install -U"),
    "no version": (_edit(lambda d: d.pop("version")), "version None"),
    "garments is no list": (_edit(lambda d: d.update(garments={})), "garments is not a list"),
    "a garment is no object": (_edit(lambda d: d["garments"].append(3)), r"garments\[5\] is not an object"),
    "no uid": (_edit(lambda d: d["garments"][0].pop("uid")), r"garments\[0\].uid: is missing"),
    "a wrong uid": (_edit(lambda d: d["garments"][0].update(uid="../..")), "hexadecimal"),
    "a wrong price": (_edit(lambda d: d["garments"][0].update(price="dear")), r"garments\[0\].price"),
    "a wrong date": (_edit(lambda d: d["garments"][0].update(bought_on="May")), r"garments\[0\].bought_on"),
    "a wrong status": (_edit(lambda d: d["garments"][0].update(status="eaten")), "none of active"),
    "a long type": (_edit(lambda d: d["garments"][0].update(type="x" * 99)), "longer than 60"),
    "a number for text": (_edit(lambda d: d["garments"][0].update(type=5)), r"garments\[0\].type"),
    "text for a number": (_edit(lambda d: d["garments"][0].update(quantity="5")), r"garments\[0\].quantity"),
    "yes for a number": (_edit(lambda d: d["garments"][0].update(quantity=True)), r"garments\[0\].quantity"),
    "tags are no words": (_edit(lambda d: d["garments"][0].update(tags=[1])), "different words"),
    "tags twice": (_edit(lambda d: d["garments"][0].update(tags=["a", "a"])), "different words"),
    "a broken embedding": (
        _edit(lambda d: d["garments"][0]["appearances"][0].update(embedding="AAA=")),
        "embedding is not float32",
    ),
    "a file outside": (
        _edit(lambda d: d["garments"][0]["appearances"][0].update(mask="../../secret")),
        "outside the folder",
    ),
    "a file by its full path": (
        _edit(lambda d: d["photos"][0].update(file="/etc/passwd")),
        "outside the folder",
    ),
    "an unknown photo": (_edit(lambda d: d["garments"][0]["appearances"][0].update(photo=99)), "no photo 99"),
    "an unknown garment": (_edit(lambda d: d["wears"][0].update(garment=99)), "no garment 99"),
    "two with one id": (_edit(lambda d: d["garments"][1].update(id=1)), "same id"),
    "two with one uid": (
        _edit(lambda d: d["garments"][1].update(uid=d["garments"][0]["uid"])),
        "same uid",
    ),
    "a missing photo": (lambda f: _first(f, "photos").unlink(), "cannot be read"),
    "a missing mask": (lambda f: _first(f, "masks").unlink(), "cannot be read"),
    "another photo": (lambda f: _first(f, "photos").write_bytes(rendered.photo_bytes(99)), "SHA-256 differs"),
    "a cut-out that is none": (
        lambda f: _first(f, "garments").write_bytes(b"\x89PNG\r\n\x1a\nno"),
        "not a PNG",
    ),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(empty_home, folder / "home")
    with Wardrobe.open(folder / "home") as wardrobe:
        wardrobe.add_segmented(rendered.photo(0), [rendered.item(0), rendered.item(1)], model="m")
        for name in ("a", "b", "c"):
            wardrobe.new(name=name, tags="x", price="1")
        wardrobe.outfits.new([1, 3])
        wardrobe.wears.add(outfit=1, on="2026-01-01")
        wardrobe.export(folder / "out")
    return folder / "out"


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_export_is_refused_whole(
    other: Wardrobe, exported: Path, tmp_path: Path, case: str
) -> None:
    damage, message = DAMAGE[case]
    folder = tmp_path / "damaged"
    shutil.copytree(exported, folder)
    damage(folder)
    with pytest.raises(StoreError, match=message) as error:
        other.import_(folder)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, NewerStoreError) == (case == "a later format")
    assert all(rows == [] for rows in rows_of(other, with_history=True).values())
    assert files_of(other) == {}


def test_what_is_no_export(other: Wardrobe, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 and then nothing")
    for path, message in ((tmp_path / "x.zip", "whole ZIP"), (tmp_path / "nowhere", "not there")):
        with pytest.raises(StoreError, match=message):
            other.import_(path)


def test_backup_and_restore_keep_everything(filled: Wardrobe, other: Wardrobe, tmp_path: Path) -> None:
    filled.remove(2)
    filled.backup(tmp_path / "all.zip")
    rows, files = rows_of(filled, with_history=True), files_of(filled)
    other.new(type="gone after the restore")
    other.add_segmented(rendered.photo(30), [rendered.item(30)])
    other.restore(tmp_path / "all.zip")
    assert rows_of(other, with_history=True) == rows
    assert files_of(other) == files
    assert other.check() == []
    undone = other.undo()
    assert undone is not None and undone.verb == "remove"


def test_a_backup_replaces_the_last_one(filled: Wardrobe, tmp_path: Path) -> None:
    filled.backup(tmp_path / "all.zip")
    filled.new(type="hat")
    filled.backup(tmp_path / "all.zip")
    filled.undo()
    filled.restore(tmp_path / "all.zip")
    assert len(filled) == 6
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


@pytest.mark.parametrize("damage", ["flip", "cut", "member", "export", "text"])
def test_a_damaged_backup_changes_nothing(
    filled: Wardrobe, other: Wardrobe, tmp_path: Path, damage: str
) -> None:
    file = tmp_path / "all.zip"
    filled.backup(file)
    data = bytearray(file.read_bytes())
    if damage == "flip":
        at = data.index(b"IDAT") + 20
        data[at] ^= 0xFF
    elif damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "text":
        data[:] = b"not a zip"
    elif damage == "export":
        filled.export(file)
        data[:] = file.read_bytes()
    else:
        target = io.BytesIO()
        with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
            for name in [n for n in old.namelist() if not n.startswith("masks/")]:
                new.writestr(name, old.read(name))
        data[:] = target.getvalue()
    file.write_bytes(data)
    other.new(type="stays")
    rows = rows_of(other, with_history=True)
    with pytest.raises(StoreError) as error:
        other.restore(file)
    assert "\n" not in str(error.value)
    assert rows_of(other, with_history=True) == rows
    assert files_of(other) == {}


def test_a_backup_of_an_older_version(tmp_path: Path, other: Wardrobe) -> None:
    from tests.wardrobe.killing import make_old_wardrobe

    make_old_wardrobe(tmp_path / "old", 3)
    description = {"format": "ewardrobe-backup", "revision": "0001", "files": 0}
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("backup.json", json.dumps(description))
        archive.write(tmp_path / "old" / "wardrobe.db", "wardrobe.db")
    other.restore(tmp_path / "old.zip")
    assert len(other.find("uberwurf")) == 3


def test_restoring_over_a_damaged_database(filled: Wardrobe, tmp_path: Path) -> None:
    filled.backup(tmp_path / "all.zip")
    rows = rows_of(filled)
    filled.close()
    database = filled.path / "wardrobe.db"
    database.write_bytes(b"garbage" * 1000)
    with pytest.raises(DamagedStoreError):
        Wardrobe.open(filled.path)
    with pytest.raises(StoreError, match="not there"):
        restore(filled.path, tmp_path / "nowhere.zip")
    assert database.read_bytes().startswith(b"garbage")
    restore(filled.path, tmp_path / "all.zip")
    with Wardrobe.open(filled.path) as again:
        assert rows_of(again) == rows
        assert again.check() == []
    assert (filled.path / "wardrobe.db.damaged").read_bytes().startswith(b"garbage")


def test_a_backup_with_a_file_missing_says_so(filled: Wardrobe, tmp_path: Path) -> None:
    missing = filled.get(1).appearances[0].mask
    missing.unlink()
    assert any("is missing" in line for line in filled.check())
    with pytest.raises(StoreError, match="is missing"):
        filled.backup(tmp_path / "all.zip")
    assert not (tmp_path / "all.zip").exists()


def test_while_a_backup_reads_nothing_is_deleted(filled: Wardrobe) -> None:
    folder = filled.path
    original = filled.photo(1).file
    keeping = filled._storage.folder.keeping()
    keeping.acquire()
    filled.remove(1, purge=True)
    filled.remove(2, purge=True)
    assert original.is_file()
    keeping.release()
    filled.close()
    with Wardrobe.open(folder) as again:
        assert not original.exists()
        assert again.check() == []
        with pytest.raises(NotFoundError):
            again.get(1)
