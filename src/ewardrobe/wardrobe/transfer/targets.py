"""Where exports and backups go: a folder or a ZIP that is there whole at the end, or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from ewardrobe.errors import StoreError, UsageError
from ewardrobe.wardrobe.database import storage_error
from ewardrobe.wardrobe.files import is_safe_name, sync_folder

__all__ = ["FolderSource", "Source", "Target", "ZipSource", "open_target"]

_THEN = (1980, 1, 1, 0, 0, 0)  # one date for every member: the same wardrobe gives the same bytes


class Target(Protocol):
    """Takes files by relative name."""

    def write(self, name: str, data: bytes) -> None:
        """Write a whole file."""
        ...

    def copy(self, name: str, path: Path) -> None:
        """Copy a file from disk."""
        ...


class _FolderTarget:
    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, data: bytes) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def copy(self, name: str, path: Path) -> None:
        target = self._root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


class _ZipTarget:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def write(self, name: str, data: bytes) -> None:
        self._archive.writestr(self._info(name), data)

    def copy(self, name: str, path: Path) -> None:
        with path.open("rb") as source, self._archive.open(self._info(name), "w", force_zip64=True) as target:
            shutil.copyfileobj(source, target, 1 << 20)

    @staticmethod
    def _info(name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, _THEN)
        # Images are compressed already; the text is not.
        info.compress_type = zipfile.ZIP_DEFLATED if name.endswith((".json", ".db")) else zipfile.ZIP_STORED
        info.external_attr = 0o644 << 16
        return info


@contextmanager
def open_target(path: Path, *, archive: bool) -> Iterator[Target]:
    """A new ZIP (`archive`; it replaces an old one) or folder (new or empty) at `path`.

    Everything goes beside it first, and takes its name when all is written; a failure leaves nothing.
    """
    if not archive and path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise UsageError(f"{path} is there already; choose a new folder, or a name ending in .zip")
    if archive and path.is_dir():
        raise UsageError(f"{path} is a folder; choose a file name")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if archive:
            with part.open("wb") as file:
                with zipfile.ZipFile(file, "w") as written:
                    yield _ZipTarget(written)
                file.flush()
                os.fsync(file.fileno())
        else:
            part.mkdir()
            yield _FolderTarget(part)
            if path.is_dir():
                path.rmdir()
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(error, path.parent) from error
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


class Source(Protocol):
    """Gives files by relative name."""

    def open(self, name: str) -> BinaryIO:
        """A file to read from; `StoreError` when it is missing or its name leads outside."""
        ...


class FolderSource:
    """Files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, name: str) -> BinaryIO:
        """See `Source`."""
        path = self._root / name
        if not is_safe_name(name) or not path.resolve().is_relative_to(self._root.resolve()):
            raise StoreError(f"{self._root}: {name!r} leads outside the folder")
        try:
            return path.open("rb")
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}") from error


class ZipSource:
    """Members of a ZIP."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def open(self, name: str) -> BinaryIO:
        """See `Source`."""
        if not is_safe_name(name):
            raise StoreError(f"{self._archive.filename}: {name!r} leads outside the file")
        try:
            return self._archive.open(name)  # type: ignore[return-value]
        except KeyError:
            raise StoreError(f"{self._archive.filename} has no {name}") from None

    def has(self, name: str) -> bool:
        """Whether there is a member of that name."""
        return name in self._archive.namelist()
