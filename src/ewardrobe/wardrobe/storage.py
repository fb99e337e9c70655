"""Folder and database as one: transactions in which rows and files come and go together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, select

from ewardrobe.errors import StoreError
from ewardrobe.wardrobe.database import Database
from ewardrobe.wardrobe.files import DataFolder, Staging
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.reading import unreferenced
from ewardrobe.wardrobe.schema import FILE_COLUMNS

__all__ = ["Storage"]


class Storage:
    """What a wardrobe stands on; `Storage.open` clears away what an interrupted process left behind."""

    def __init__(self, folder: DataFolder, database: Database) -> None:
        self.folder = folder
        self.database = database

    @classmethod
    def open(cls, root: Path) -> Storage:
        """The storage in a folder, made or upgraded when needed; errors as for `Wardrobe.open`."""
        folder = DataFolder(root)
        storage = cls(folder, Database.open(folder.database))
        for staging in folder.abandoned():
            with staging:
                storage._recover(staging)
        return storage

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot to read from."""
        with self.database.read() as connection:
            yield connection

    @contextmanager
    def acting(self, verb: str, detail: str | None = None) -> Iterator[Action]:
        """A transaction on rows alone, which goes into the history as one action."""
        with self.database.write() as connection:
            action = Action(connection, verb, detail)
            yield action
            action.close()

    @contextmanager
    def writing(self, staging: Staging) -> Iterator[Connection]:
        """A transaction with files: they are put in place at its end, or nothing of it remains."""
        try:
            with self.database.write() as connection:
                yield connection
                staging.seal()
        except BaseException:
            self._recover(staging)
            raise
        if staging.committed():
            self._recover(staging)

    def check(self) -> list[str]:
        """What is wrong, one line each: SQLite's own checks, files without a row, rows without a file."""
        lines = self.database.check()
        with self.reading() as connection:
            named = {name for column in FILE_COLUMNS for name in connection.execute(select(column)).scalars()}
        stored = set(self.folder.stored())
        lines += [f"{name} is missing" for name in sorted(named - stored)]
        return lines + [f"{name} belongs to nothing" for name in sorted(stored - named)]

    def _recover(self, staging: Staging) -> None:
        # Where this fails (a full disk, a lock) the staging folder stays, and the next start tries again.
        with contextlib.suppress(StoreError, OSError), self.database.write() as connection:
            staging.recover(lambda names: unreferenced(connection, names))
