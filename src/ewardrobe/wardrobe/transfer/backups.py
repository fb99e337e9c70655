"""Backup and restore: one ZIP with the database and every file, as they were at one moment."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, delete, insert, select

from ewardrobe.errors import StoreError
from ewardrobe.wardrobe.database import DamagedStoreError, Database
from ewardrobe.wardrobe.files import KINDS, DataFolder, Staging, is_safe_name
from ewardrobe.wardrobe.schema import FILE_COLUMNS, metadata
from ewardrobe.wardrobe.transfer.targets import ZipSource, open_target

__all__ = ["Backup", "BackupError", "open_backup", "put_beside", "replace_rows", "restore", "write_backup"]

_DESCRIPTION = "backup.json"
_DATABASE = "wardrobe.db"
_FORMAT = "ewardrobe-backup"
_BESIDE = ("settings.json", "stylist.json")
"""Small files that are kept beside the database; each goes with a backup where it is."""
_LARGEST_BESIDE = 64 << 20


class BackupError(StoreError):
    """A file that is no backup of a wardrobe, or not a whole one."""


def write_backup(database: Database, folder: DataFolder, staging: Staging, file: Path) -> Path:
    """Write `file`; the caller holds `folder.keeping()`, so no file of the snapshot is deleted meanwhile."""
    copy = staging.scratch(_DATABASE)
    database.snapshot(copy)
    snapshot = Database.open(copy)
    try:
        with snapshot.read() as connection:
            names = _files(connection)
        description = {"format": _FORMAT, "revision": snapshot.revision(), "files": len(names)}
    finally:
        snapshot.close()
    with open_target(file, archive=True) as target:
        target.write(_DESCRIPTION, json.dumps(description).encode())
        target.copy(_DATABASE, copy)
        for name in sorted(names):
            if not folder.path(name).is_file():
                raise StoreError(
                    f"{folder.path(name)} is missing; nothing was backed up (see: ewardrobe doctor)"
                )
            target.copy(name, folder.path(name))
        for name in _BESIDE:
            if folder.path(name).is_file():
                target.copy(name, folder.path(name))
    return file


class Backup:
    """A backup that was opened: its rows in a database of this version, its files in the ZIP."""

    def __init__(self, source: ZipSource, database: Database) -> None:
        self._source = source
        self.database = database
        with database.read() as connection:
            self.files = _files(connection)

    def stage_files(self, staging: Staging) -> None:
        """Read every file into the staging folder; the ZIP's checksums are checked on the way."""
        for name in sorted(self.files):
            with _member(self._source, name) as file:
                staging.write(name, partial(shutil.copyfileobj, file))

    def beside(self) -> dict[str, bytes | None]:
        """The small files beside the database, None for those it has not; `put_beside` takes them."""
        found: dict[str, bytes | None] = dict.fromkeys(_BESIDE)
        for name in _BESIDE:
            if self._source.has(name):
                with _member(self._source, name) as file:
                    found[name] = file.read(_LARGEST_BESIDE)
        return found


def put_beside(folder: DataFolder, files: Mapping[str, bytes | None]) -> None:
    """Write small files beside the database, each whole or not at all; None takes one away."""
    from ewardrobe.imaging import write_atomically

    for name, data in files.items():
        if data is None:
            folder.path(name).unlink(missing_ok=True)
        else:
            write_atomically(folder.path(name), data)


@contextmanager
def open_backup(file: Path, staging: Staging) -> Iterator[Backup]:
    """Open a backup, one by an older version too; `BackupError` when it is none or is damaged."""
    with _opened(file) as source:
        copy = staging.scratch(_DATABASE)
        with _member(source, _DATABASE) as packed, copy.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
        try:
            database = Database.open(copy)
        except DamagedStoreError as error:
            raise BackupError(f"{file} is damaged: {error}") from error
        try:
            if problems := database.check():
                raise BackupError(f"{file} is damaged: {problems[0]}")
            yield Backup(source, database)
        finally:
            database.close()


@contextmanager
def _opened(file: Path) -> Iterator[ZipSource]:
    try:
        with zipfile.ZipFile(file) as archive:
            source = ZipSource(archive)
            _check(source, file)
            yield source
    except zipfile.BadZipFile as error:
        raise BackupError(f"{file} is not a whole backup: {error}") from error
    except FileNotFoundError:
        raise BackupError(f"{file} is not there; give a file that `ewardrobe backup` wrote") from None


def replace_rows(connection: Connection, backup: Backup) -> set[str]:
    """Put the backup's rows in the place of all rows; returns the files that are no longer named."""
    old = _files(connection)
    for table in reversed(metadata.sorted_tables):
        connection.execute(delete(table))
    with backup.database.read() as source:
        for table in metadata.sorted_tables:
            result = source.execution_options(yield_per=1000).execute(select(table).order_by(table.c.id))
            for batch in result.partitions():
                connection.execute(insert(table), [dict(row._mapping) for row in batch])
    return old - backup.files


def restore(path: str | os.PathLike[str] | None, file: str | os.PathLike[str]) -> None:
    """Restore a backup into the wardrobe at `path`, also where its database is damaged.

    A damaged database is kept beside the new one as `wardrobe.db.damaged`.
    """
    from ewardrobe.wardrobe.store import Wardrobe, home

    try:
        wardrobe = Wardrobe.open(path)
    except DamagedStoreError:
        root = home() if path is None else Path(path).expanduser()
        with _opened(Path(file)):  # before anything is moved
            pass
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                (root / f"{_DATABASE}{suffix}").replace(root / f"{_DATABASE}{suffix}.damaged")
        wardrobe = Wardrobe.open(path)
    with wardrobe:
        wardrobe.restore(file)


def _check(source: ZipSource, file: Path) -> None:
    try:
        with source.open(_DESCRIPTION) as description:
            if json.loads(description.read(1 << 16)).get("format") == _FORMAT:
                return
    except (StoreError, ValueError, AttributeError):
        pass
    raise BackupError(f"{file} is not a backup of a wardrobe; an export is brought in with: ewardrobe import")


def _files(connection: Connection) -> set[str]:
    names = {name for column in FILE_COLUMNS for name in connection.execute(select(column)).scalars()}
    if unsafe := [name for name in names if not is_safe_name(name) or name.split("/")[0] not in KINDS]:
        raise StoreError(f"the database names a file outside its folder: {unsafe[0]!r}")
    return names


def _member(source: ZipSource, name: str) -> BinaryIO:
    try:
        return source.open(name)
    except StoreError as error:
        raise BackupError(str(error)) from error
