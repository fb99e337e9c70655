"""The journal of finished photos: it forgets nothing that is finished, and believes nothing that is not."""

from __future__ import annotations

import os
from pathlib import Path

from ewardrobe.jobs.journal import JOURNAL_NAME, Journal


def finished(tmp_path: Path) -> tuple[Path, Path, Path]:
    photo, out = tmp_path / "photo.jpg", tmp_path / "out"
    photo.write_bytes(b"photo")
    (out / "sub").mkdir(parents=True)
    file = out / "sub" / "photo.json"
    file.write_text("{}")
    Journal(out, {"model": "a"}).writer.add(photo, [file])
    return photo, out, file


def test_a_finished_photo_is_known_to_the_next_run(tmp_path: Path) -> None:
    photo, out, file = finished(tmp_path)
    assert Journal(out, {"model": "a"}).files_of(photo) == [file]


def test_other_settings_another_photo_or_a_lost_file_are_work_to_do(tmp_path: Path) -> None:
    photo, out, file = finished(tmp_path)
    assert Journal(out, {"model": "b"}).files_of(photo) is None
    assert Journal(out, {"model": "a"}).files_of(tmp_path / "other.jpg") is None
    status = photo.stat()
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert Journal(out, {"model": "a"}).files_of(photo) is None
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert Journal(out, {"model": "a"}).files_of(photo) is not None
    file.unlink()
    assert Journal(out, {"model": "a"}).files_of(photo) is None


def test_a_photo_without_garments_is_finished_too(tmp_path: Path) -> None:
    photo, out, _ = finished(tmp_path)
    Journal(out, {"model": "c"}).writer.add(photo, [])
    assert Journal(out, {"model": "c"}).files_of(photo) == []


def test_a_torn_line_costs_only_its_own_photo(tmp_path: Path) -> None:
    photo, out, file = finished(tmp_path)
    journal = out / JOURNAL_NAME
    whole = journal.read_text()
    for cut in range(1, len(whole)):
        journal.write_text(whole + whole[:cut])
        assert Journal(out, {"model": "a"}).files_of(photo) == [file]
    journal.write_text(whole[:-10] + "\n[1, 2]\nnull\n{}\n\x00\n")
    assert Journal(out, {"model": "a"}).files_of(photo) is None


def test_the_folder_may_be_moved(tmp_path: Path) -> None:
    photo, out, _ = finished(tmp_path)
    out.rename(tmp_path / "elsewhere")
    found = Journal(tmp_path / "elsewhere", {"model": "a"}).files_of(photo)
    assert found == [tmp_path / "elsewhere" / "sub" / "photo.json"]


def test_many_writers_at_once(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    photos = [tmp_path / f"{number}.jpg" for number in range(200)]
    for photo in photos:
        photo.write_bytes(b"x")
    writer = Journal(tmp_path, {}).writer
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda photo: writer.add(photo, [photo]), photos))
    journal = Journal(tmp_path, {})
    assert all(journal.files_of(photo) == [photo] for photo in photos)
