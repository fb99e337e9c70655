"""A full disk, a folder that cannot be written, a file gone: one line, and nothing lost or left behind."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ewardrobe.errors import StoreError
from ewardrobe.wardrobe import Wardrobe
from tests.wardrobe import rendered
from tests.wardrobe.rows import files_of, rows_of

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for about a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=1400k", "tmpfs", str(place)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("a small file system can be mounted only as root on Linux")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk(small_disk: Path, empty_home: Path) -> None:
    shutil.copytree(empty_home, small_disk / "home")
    stored: list[str] = []
    with Wardrobe.open(small_disk / "home") as wardrobe:
        with pytest.raises(StoreError, match=r"the disk is full.*free some space") as error:
            for number in range(200):
                result = wardrobe.add_segmented(rendered.photo(number), [rendered.item(number)], model="m")
                assert result.photo is not None
                stored.append(result.photo.sha256)
        assert "\n" not in str(error.value)
        assert stored, "the first photos fit"
        assert {photo.sha256 for photo in wardrobe.photos()} == set(stored)
        assert wardrobe.check() == []
        assert list(small_disk.joinpath("home/incoming").glob("*/*")) == []
    with Wardrobe.open(small_disk / "home") as wardrobe:
        _fill(small_disk / "ballast")
        # To the last byte: reading goes on, writing says why it cannot, and with room it all works again.
        assert len(wardrobe) == len(stored)
        with pytest.raises(StoreError, match="the disk is full"):
            wardrobe.add_segmented(rendered.photo(999), [rendered.item(999)])
        with pytest.raises(StoreError, match="the disk is full"):
            for _ in range(50):
                wardrobe.new(type="hat", notes="long " * 1000)
        with pytest.raises(StoreError, match="the disk is full"):
            wardrobe.backup(small_disk / "all.zip")
        with pytest.raises(StoreError, match="the disk is full"):
            wardrobe.export(small_disk / "out")
        assert sorted(path.name for path in small_disk.iterdir()) == ["ballast", "home"]
        (small_disk / "ballast").unlink()
        wardrobe.new(type="scarf")
        assert wardrobe.check() == []


def test_opening_on_a_full_disk(small_disk: Path, empty_home: Path) -> None:
    shutil.copytree(empty_home, small_disk / "home")
    _fill(small_disk / "ballast")
    for folder in ("home", "new"):
        with pytest.raises(StoreError, match="the disk is full") as error:
            Wardrobe.open(small_disk / folder)
        assert "\n" not in str(error.value)
    (small_disk / "ballast").unlink()
    for folder in ("home", "new"):
        with Wardrobe.open(small_disk / folder) as wardrobe:
            assert wardrobe.check() == []


def _fill(ballast: Path) -> None:
    with ballast.open("wb") as file, pytest.raises(OSError, match="No space"):
        while True:
            os.write(file.fileno(), bytes(1024))


_LIMITED = """
import resource, signal, sys
from ewardrobe.errors import StoreError
from ewardrobe.wardrobe import Wardrobe
from tests.wardrobe import rendered
with Wardrobe.open(sys.argv[1]) as wardrobe:
    photo, item = rendered.photo(1), rendered.item(1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    try:
        wardrobe.add_segmented(photo, [item])
    except StoreError as error:
        print(error)
"""


@pytest.mark.parametrize("limit", [1000, 20_000])
def test_a_file_size_limit(filled: Wardrobe, limit: int) -> None:
    """The smaller limit stops the photo's own files, the larger one only the database's."""
    filled.close()
    with Wardrobe.open(filled.path) as wardrobe:
        rows, files = rows_of(wardrobe, with_history=True), files_of(wardrobe)
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(filled.path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "nothing was stored" in done.stdout and done.stdout.count("\n") == 1
    with Wardrobe.open(filled.path) as wardrobe:
        assert rows_of(wardrobe, with_history=True) == rows
        assert files_of(wardrobe) == files
        assert wardrobe.check() == []


@pytest.mark.skipif(IS_ROOT, reason="root writes where permissions forbid it")
def test_a_read_only_folder(wardrobe: Wardrobe) -> None:
    wardrobe.close()
    wardrobe.path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be written"):
            Wardrobe.open(wardrobe.path)
    finally:
        wardrobe.path.chmod(0o700)


def test_a_read_only_disk(small_disk: Path, empty_home: Path) -> None:
    shutil.copytree(empty_home, small_disk / "home")
    if subprocess.run(
        ["mount", "-o", "remount,ro", str(small_disk)], capture_output=True, check=False
    ).returncode:
        pytest.skip("a file system cannot be remounted here")
    for folder in ("home", "new"):
        with pytest.raises(StoreError, match=r"cannot be (written|opened)") as error:
            Wardrobe.open(small_disk / folder).new(type="hat")
        assert "\n" not in str(error.value)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a letter")
    with pytest.raises(StoreError) as error:
        Wardrobe.open(tmp_path / "home")
    assert "\n" not in str(error.value)
    assert (tmp_path / "home").read_text() == "a letter"


def test_an_item_that_fails_takes_the_photo_with_it(filled: Wardrobe) -> None:
    rows, files = rows_of(filled, with_history=True), files_of(filled)

    def items() -> Iterator[object]:
        yield rendered.item(40)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filled.add_segmented(rendered.photo(40), items())
    assert rows_of(filled, with_history=True) == rows
    assert files_of(filled) == files


def test_what_a_dead_process_left_is_swept_but_a_living_ones_is_not(filled: Wardrobe) -> None:
    files = files_of(filled)
    staging = filled._storage.folder.stage()
    staging.write("masks/zz/living.png", b"living")
    dead = filled.path / "incoming" / "dead"
    dead.mkdir()
    (dead / "0").write_bytes(b"half a photo")
    orphan = filled.path / "masks" / "orphan.png"
    orphan.write_bytes(b"placed, never committed")
    used = next(iter(files))
    (dead / "names.json").write_text(
        f'["masks/orphan.png", "{used}", "masks/never-placed.png", "../../etc/passwd", "wardrobe.db"]'
    )
    with Wardrobe.open(filled.path) as again:
        assert not dead.exists() and not orphan.exists()
        assert again.check() == []
    assert len(list((filled.path / "incoming").iterdir())) == 2, "the gate, and what is still being written"
    staging.close()
    assert files_of(filled) == files


def test_limits_of_this_process_are_untouched() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
