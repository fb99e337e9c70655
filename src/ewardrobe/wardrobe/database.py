"""The database of a wardrobe: opening it, bringing it up to date, transactions, and errors a person can read.

Readers never wait (WAL). A writer takes SQLite's write lock when it begins (`BEGIN IMMEDIATE`), so nothing it has
read can change under it, and whatever is done to the files between begin and commit is done by one process at a time.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from ewardrobe.errors import NewerStoreError, StoreError
from ewardrobe.wardrobe.locks import FileLock
from ewardrobe.wardrobe.schema import REVISIONS

__all__ = ["DamagedStoreError", "Database", "storage_error", "upgrade"]

BUSY_SECONDS = 30.0
_FULL = "the disk is full: nothing was stored in {}; free some space and try again"
_ROOM = 256 * 1024  # SQLite reports no more than an I/O error when its shared memory file finds no room
_MIGRATIONS = Path(__file__).parent / "migrations"


class DamagedStoreError(StoreError):
    """A database that SQLite cannot make sense of; a backup can be restored over it."""


class Database:
    """One SQLite file behind SQLAlchemy; `open` it, then use `read` and `write`."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine
        self._writer = engine.execution_options(begin="BEGIN IMMEDIATE")

    @classmethod
    def open(cls, path: Path) -> Database:
        """Open `path`, creating it or upgrading it to the last revision when needed.

        Raises `NewerStoreError` when a newer version wrote it, `StoreError` when it is damaged or not a wardrobe.
        """
        database = cls(path, _engine(path))
        try:
            if database.revision() != REVISIONS[-1]:
                database._bring_up_to_date()
        except BaseException:
            database.close()
            raise
        return database

    def revision(self) -> str | None:
        """The revision the file has; None for a new one."""
        with self.read() as connection:
            tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars())
            if "alembic_version" not in tables:
                if tables:
                    raise StoreError(
                        f"{self.path} is a database, but not a wardrobe's; choose another folder"
                    )
                return None
            revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if revision is None:
            raise StoreError(f"{self.path} has no revision; restore a backup (ewardrobe restore FILE)")
        return str(revision)

    def _bring_up_to_date(self) -> None:
        # Two processes may find the same old file; the second waits here and then has nothing left to do.
        with FileLock(self.path.with_name("migration.lock")):
            revision = self.revision()
            if revision == REVISIONS[-1]:
                return
            if revision is not None and revision not in REVISIONS:
                raise NewerStoreError(
                    f"{self.path} was written by a newer eWardrobe (revision {revision}, this one knows up to "
                    f"{REVISIONS[-1]}); update with: pip install -U ewardrobe"
                )
            with _translated(self.path):
                upgrade(self.path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: everything read inside belongs to one moment."""
        with _translated(self.path), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first line; commits at the end, or leaves no trace."""
        with _translated(self.path), self._writer.connect() as connection:
            transaction = _begin(connection)
            try:
                yield connection
            except BaseException:
                transaction.rollback()
                raise
            transaction.commit()

    def wipe_log(self) -> None:
        """Fold the write-ahead log into the database and empty it, so deleted data is in neither."""
        with _translated(self.path), self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def snapshot(self, target: Path) -> None:
        """Write a consistent copy of the database to `target` while others go on working."""
        with _translated(self.path), self._engine.connect() as connection:
            source: Any = connection.connection.driver_connection
            copy = sqlite3.connect(target)
            try:
                source.backup(copy)
                # A single file travels; a log beside it would not.
                copy.execute("PRAGMA journal_mode=DELETE")
            finally:
                copy.close()

    def check(self) -> list[str]:
        """What SQLite's own integrity and foreign key checks find wrong, one line each."""
        with self.read() as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        lines = [line for line in found if line != "ok"]
        return lines + [f"row {row[1]} of {row[0]} points at a missing row of {row[2]}" for row in broken]

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def upgrade(path: Path, revision: str = "head") -> None:
    """Run the migrations on `path` up to `revision`, all in one transaction; Alembic is imported only here."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    # Rebuilding a table, as SQLite's ALTER TABLE often needs, must not fire its foreign keys.
    engine = _engine(path, foreign_keys=False).execution_options(begin="BEGIN IMMEDIATE")
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA journal_mode=WAL")
            with connection.begin():
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise StoreError(
                        f"{path} could not be upgraded: rows point at missing rows; it is unchanged"
                    )
    finally:
        engine.dispose()


def _engine(path: Path, *, foreign_keys: bool = True) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself: `_emit_begin` says how they begin.
        connection.isolation_level = None
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def _emit_begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _begin(connection: Connection) -> Any:
    """Begin, trying again while another process holds the lock; nothing has run yet, so this is safe."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return connection.begin()
        except DBAPIError as error:
            if _code(error.orig) not in {"SQLITE_BUSY", "SQLITE_LOCKED"} or time.monotonic() > deadline:
                raise
            connection.rollback()
            time.sleep(0.05)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise _database_error(path, error.orig) from error
    except sqlite3.Error as error:
        raise _database_error(path, error) from error


def _code(error: BaseException | None) -> str:
    name = getattr(error, "sqlite_errorname", None) or ""
    # Extended codes (SQLITE_IOERR_WRITE) start with the plain one.
    return "_".join(name.split("_")[:2])


def _database_error(path: Path, error: BaseException | None) -> StoreError:
    code = _code(error)
    if code == "SQLITE_FULL" or (code in {"SQLITE_IOERR", "SQLITE_CANTOPEN"} and _is_full(path.parent)):
        return StoreError(_FULL.format(path.parent))
    lines = {
        "SQLITE_READONLY": f"{path} cannot be written; check the permissions of {path.parent}",
        "SQLITE_CANTOPEN": f"{path} cannot be opened; check that {path.parent} is a folder you may write to",
        "SQLITE_CORRUPT": f"{path} is damaged; restore a backup (ewardrobe restore FILE)",
        "SQLITE_NOTADB": f"{path} is damaged or not a database; restore a backup (ewardrobe restore FILE)",
        "SQLITE_BUSY": f"{path} is in use by another process; try again when it is done",
        "SQLITE_IOERR": f"{path} cannot be read or written (a quota, or a failing disk?); nothing was stored",
    }
    kind = DamagedStoreError if code in {"SQLITE_CORRUPT", "SQLITE_NOTADB"} else StoreError
    return kind(lines.get(code, f"{path}: {error}".replace("\n", " ")))


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _ROOM
    except OSError:
        return False


def storage_error(error: OSError, folder: Path) -> StoreError:
    """The one line for a failed file operation in a wardrobe's folder."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return StoreError(_FULL.format(folder))
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StoreError(f"{folder} cannot be written; check its permissions or set EWARDROBE_HOME")
    return StoreError(f"{folder}: {error.strerror or error}; nothing was stored")
