"""The data folder, and how files get into it and out of it without ever leaving one behind.

A file of the folder is written once, under its final name or not at all, and belongs to a row of the database. Between
the two stands a staging folder, `incoming/<token>/`, held by a lock while its process lives:

1. new files are written into it and synced to disk;
2. inside the database's write transaction, `seal` writes down which names it is about to touch, then renames the
   files to them; the transaction commits;
3. files no longer needed go, and the staging folder with them.

Whatever dies on the way leaves a staging folder without a living owner. `abandoned` finds it at the next start, and
every name it wrote down that no row refers to is deleted (`Staging.recover`).
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO

from ewardrobe.errors import StoreError
from ewardrobe.wardrobe.database import storage_error
from ewardrobe.wardrobe.locks import FileLock

__all__ = ["KINDS", "DataFolder", "Staging", "is_safe_name", "sync_folder"]

KINDS = ("originals", "masks", "cutouts", "thumbnails")
_NAMES = "names.json"
_LOCK = "lock"


class DataFolder:
    """The folder of one wardrobe; makes it when missing. Raises `StoreError` where it cannot be."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "wardrobe.db"
        self.incoming = root / "incoming"
        try:
            # The photos are of a person: nobody else on the machine needs to read them.
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.incoming.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_error(error, root) from error

    def path(self, name: str) -> Path:
        """Where the file `name`, relative to the folder, lies."""
        return self.root / name

    def stage(self) -> Staging:
        """A new staging folder, locked by this process."""
        try:
            with FileLock(self._gate):
                staging = Staging(self, uuid.uuid4().hex)
                staging.create()
        except OSError as error:
            raise storage_error(error, self.root) from error
        return staging

    def abandoned(self) -> Iterator[Staging]:
        """The staging folders whose process is gone, each locked by this one now."""
        if not any(path.is_dir() for path in self.incoming.iterdir()):
            return
        with FileLock(self._gate):
            found = [Staging(self, path.name) for path in sorted(self.incoming.iterdir()) if path.is_dir()]
            mine = [staging for staging in found if staging.take()]
        yield from mine

    def deleting(self) -> FileLock:
        """Held (not shared) while files are deleted."""
        return FileLock(self.root / "files.lock")

    def keeping(self) -> FileLock:
        """Held (shared) while a backup reads files: whatever is deleted meanwhile goes at a later start."""
        return FileLock(self.root / "files.lock", shared=True)

    def stored(self) -> Iterator[str]:
        """The name of every file there is, relative to the folder."""
        for kind in KINDS:
            for path in sorted((self.root / kind).rglob("*")):
                if path.is_file():
                    yield path.relative_to(self.root).as_posix()

    @property
    def _gate(self) -> Path:
        # A staging folder is made and locked, or found and taken, by one process at a time.
        return self.incoming / ".lock"


class Staging:
    """Files on their way in and names on their way out, for one transaction."""

    def __init__(self, folder: DataFolder, token: str) -> None:
        self._folder = folder
        self._place = folder.incoming / token
        self._lock = FileLock(self._place / _LOCK)
        self._numbers = itertools.count()
        self._new: dict[str, Path] = {}
        self._old: set[str] = set()
        self._settled = True

    def create(self) -> None:
        """Make the folder and lock it; `DataFolder.stage` calls this."""
        self._place.mkdir()
        self._lock.acquire()

    def take(self) -> bool:
        """Lock a folder found at the start; False when its process still lives."""
        self._settled = False
        return self._lock.acquire(blocking=False)

    def write(self, name: str, write: bytes | Callable[[BinaryIO], object]) -> None:
        """Write a file that `seal` will put at `name`; on disk when this returns."""
        part = self._place / str(next(self._numbers))
        try:
            with part.open("wb") as file:
                if callable(write):
                    write(file)
                else:
                    file.write(write)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise storage_error(error, self._folder.root) from error
        self._new[name] = part

    def discard(self, names: Iterable[str]) -> None:
        """Mark files for deletion after the commit; those a row still refers to then will stay."""
        self._old.update(names)

    def keep_only(self, names: Iterable[str]) -> None:
        """Of the new files, put only these in place."""
        wanted = set(names)
        self._new = {name: part for name, part in self._new.items() if name in wanted}

    def scratch(self, name: str) -> Path:
        """A path inside the staging folder for work that must not outlive it."""
        return self._place / name

    def seal(self) -> None:
        """Put the new files in place; to be called inside the write transaction, as its last step."""
        if not self._new and not self._old:
            return
        self._settled = False
        try:
            self._write_down([*self._new, *self._old])
            folders = {self._folder.path(name).parent for name in self._new}
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            for name, part in self._new.items():
                part.replace(self._folder.path(name))
            for folder in folders | {folder.parent for folder in folders}:
                sync_folder(folder)
        except OSError as error:
            raise storage_error(error, self._folder.root) from error

    def recover(self, unreferenced: Callable[[list[str]], Iterable[str]]) -> None:
        """Delete the names written down that `unreferenced` returns, then the staging folder.

        To be called inside a write transaction, so that no other process is between placing a file and committing
        its row. While a backup reads, nothing is deleted; the staging folder stays for the next start.
        """
        deleting = self._folder.deleting()
        names = self._written_down()
        if names and not deleting.acquire(blocking=False):
            return
        try:
            for name in unreferenced(names):
                self._folder.path(name).unlink(missing_ok=True)
        finally:
            deleting.release()
        self._settled = True

    def committed(self) -> bool:
        """To be called after the commit; whether `recover` has files to delete."""
        self._settled = not self._old
        return bool(self._old)

    def close(self) -> None:
        """Let go of the staging folder: it goes, unless files it wrote down are yet to be looked at."""
        if self._settled:
            shutil.rmtree(self._place, ignore_errors=True)
        self._lock.release()

    def _write_down(self, names: list[str]) -> None:
        part = self._place / f"{_NAMES}.part"
        with part.open("w", encoding="utf-8") as file:
            json.dump(names, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._place / _NAMES)
        sync_folder(self._place)

    def _written_down(self) -> list[str]:
        try:
            names = json.loads((self._place / _NAMES).read_text("utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise StoreError(f"{self._place / _NAMES} cannot be read: {error}") from error
        return [name for name in names if is_safe_name(name) and name.split("/")[0] in KINDS]

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_safe_name(name: object) -> bool:
    """Whether `name` is a relative path that stays where it is put; foreign manifests may say anything."""
    if not isinstance(name, str) or not name or "\\" in name or ":" in name or "\0" in name:
        return False
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable; Windows cannot and does not need to."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
