"""`Inbox`: photos on their way into a wardrobe, kept on disk until each is in it, whatever stops in between.

    <wardrobe>/inbox/inbox.db      one row per photo that was handed in, and what became of it
    <wardrobe>/inbox/photos/<id>   the photo, until it is finished
    <wardrobe>/inbox/arriving/     photos that are still being received; cleared at every start

A photo is on disk, synced, and has its row before `receive` returns. One that was under way when its process died waits
again at the next start.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from ewardrobe.errors import NewerStoreError, NotFoundError, StoreError
from ewardrobe.wardrobe.database import storage_error
from ewardrobe.wardrobe.files import sync_folder
from ewardrobe.wardrobe.locks import FileLock

__all__ = ["FINISHED", "Inbox", "Status", "Upload"]

Status = Literal["waiting", "working", "done", "skipped", "failed", "cancelled"]
FINISHED: tuple[Status, ...] = ("done", "skipped", "failed", "cancelled")
STATUSES: tuple[Status, ...] = get_args(Status)

_ATTEMPTS = 3
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS uploads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL,
    name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    garments TEXT NOT NULL DEFAULT '[]',
    attempts INTEGER NOT NULL DEFAULT 0,
    added_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_uploads_status ON uploads (status, id);
CREATE INDEX IF NOT EXISTS ix_uploads_sha256 ON uploads (sha256);
"""


@dataclass(frozen=True, slots=True)
class Upload:
    """One photo that was handed in.

    Attributes:
        status: `waiting`, `working`, then `done`, `skipped` (in the wardrobe already), `failed` or `cancelled`.
        reason: one line, where there is something to say.
        garments: one record per garment found, as `jobs.adding.garment_records` makes them.
    """

    id: int
    sha256: str
    name: str
    size_bytes: int
    status: Status
    reason: str
    garments: tuple[dict[str, Any], ...]
    attempts: int
    added_at: datetime
    changed_at: datetime


class Inbox:
    """The inbox of the wardrobe at `home`; one process at a time has it, several threads of it may use it.

    Raises `StoreError` when another process has it, or the folder cannot be written.
    """

    def __init__(self, home: Path) -> None:
        self._root = home / "inbox"
        self._photos = self._root / "photos"
        self._arriving = self._root / "arriving"
        self._guard = threading.RLock()
        try:
            for folder in (self._root, self._photos, self._arriving):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = FileLock(self._root / "lock")
            taken = self._lock.acquire(blocking=False)
        except OSError as error:
            raise storage_error(error, self._root) from error
        if not taken:
            raise StoreError(f"{home} is served by another process already; stop that one first")
        try:
            self._database = self._connect()
            self._recover()
        except BaseException:
            self._lock.release()
            raise

    def close(self) -> None:
        """Close the database and let another process have the inbox."""
        with self._guard:
            self._database.close()
            self._lock.release()

    def receive(self, stream: BinaryIO, name: str) -> Upload:
        """Take a photo in; when this returns it cannot get lost. The same photo is not taken in twice at once.

        Raises `StoreError` on a full disk; nothing is left behind then.
        """
        part = self._arriving / uuid.uuid4().hex
        try:
            sha256, size = _copy(stream, part)
            with self._writing() as database:
                known = database.execute(
                    "SELECT * FROM uploads WHERE sha256 = ? AND status IN ('waiting', 'working')", (sha256,)
                ).fetchone()
                if known is not None:
                    return _upload(known)
                now = datetime.now(UTC).isoformat()
                cursor = database.execute(
                    "INSERT INTO uploads (sha256, name, size_bytes, status, added_at, changed_at)"
                    " VALUES (?, ?, ?, 'waiting', ?, ?)",
                    (sha256, _clean_name(name), size, now, now),
                )
                upload_id = int(cursor.lastrowid or 0)
                part.replace(self.file(upload_id))
                sync_folder(self._photos)
            return self.get(upload_id)
        except OSError as error:
            raise storage_error(error, self._root) from error
        finally:
            part.unlink(missing_ok=True)

    def file(self, upload_id: int) -> Path:
        """Where the photo lies until it is finished."""
        return self._photos / str(upload_id)

    def get(self, upload_id: int) -> Upload:
        """One photo's state; `NotFoundError` when there is none of that number."""
        rows = self._read("SELECT * FROM uploads WHERE id = ?", (upload_id,))
        if not rows:
            raise NotFoundError(f"there is no upload {upload_id}")
        return rows[0]

    def uploads(self, limit: int = 200) -> list[Upload]:
        """The latest first."""
        return self._read("SELECT * FROM uploads ORDER BY id DESC LIMIT ?", (limit,))

    def counts(self) -> dict[Status, int]:
        """How many photos there are of each status."""
        with self._guard:
            rows = self._database.execute("SELECT status, count(*) FROM uploads GROUP BY status").fetchall()
        found = {row[0]: int(row[1]) for row in rows}
        return {status: found.get(status, 0) for status in STATUSES}

    def take(self) -> Upload | None:
        """The photo that waits longest, now `working`; None when none waits.

        One at which the program ended comes after those at which it did not.
        """
        with self._writing() as database:
            row = database.execute(
                "SELECT id FROM uploads WHERE status = 'waiting' ORDER BY attempts, id LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            database.execute("UPDATE uploads SET attempts = attempts + 1 WHERE id = ?", (row["id"],))
            _set(database, row["id"], "working")
        return self.get(row["id"])

    def finish(
        self, upload_id: int, status: Status, reason: str = "", garments: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Write down what became of a photo; the copy here goes."""
        with self._writing() as database:
            _set(database, upload_id, status, reason, garments)
        self.file(upload_id).unlink(missing_ok=True)

    def put_back(self, upload_id: int, reason: str) -> None:
        """Let a photo that was taken wait again: what stopped it was not its own fault."""
        with self._writing() as database:
            database.execute("UPDATE uploads SET attempts = attempts - 1 WHERE id = ?", (upload_id,))
            _set(database, upload_id, "waiting", reason)

    def cancel(self, upload_id: int) -> bool:
        """Give up a photo that waits; False when it does not wait any more."""
        with self._writing() as database:
            waits = self.get(upload_id).status == "waiting"
            if waits:
                _set(database, upload_id, "cancelled")
        if waits:
            self.file(upload_id).unlink(missing_ok=True)
        return waits

    def forget_finished(self) -> int:
        """Strike the finished ones off the list; how many there were."""
        with self._writing() as database:
            marks = ", ".join("?" * len(FINISHED))
            return database.execute(f"DELETE FROM uploads WHERE status IN ({marks})", FINISHED).rowcount

    def _connect(self) -> sqlite3.Connection:
        path = self._root / "inbox.db"
        try:
            database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            database.row_factory = sqlite3.Row
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise NewerStoreError(f"{path} was written by a newer eWardrobe; update this one")
            database.executescript(_SCHEMA)
            database.execute(f"PRAGMA user_version = {_VERSION}")
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be opened: {error}; delete it to start anew") from error
        return database

    def _recover(self) -> None:
        """Let wait again what was under way, unless it stopped the program every time; clear what has no row."""
        with self._writing() as database:
            for row in database.execute("SELECT * FROM uploads WHERE status = 'working'").fetchall():
                if row["attempts"] < _ATTEMPTS:
                    _set(database, row["id"], "waiting")
                else:
                    _set(database, row["id"], "failed", f"the program ended {_ATTEMPTS} times at this photo")
            rows = database.execute("SELECT id FROM uploads WHERE status = 'waiting'").fetchall()
            waiting = {str(row["id"]) for row in rows}
        for path in (*self._arriving.iterdir(), *self._photos.iterdir()):
            if path.parent == self._arriving or path.name not in waiting:
                path.unlink(missing_ok=True)

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Upload]:
        with self._guard:
            return [_upload(row) for row in self._database.execute(query, values).fetchall()]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    yield self._database
                except BaseException:
                    self._database.execute("ROLLBACK")
                    raise
                self._database.execute("COMMIT")
            except sqlite3.Error as error:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                full = getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
                line = (
                    "the disk is full: nothing was stored"
                    if full
                    else f"the inbox cannot be written: {error}"
                )
                raise StoreError(line) from error


def _copy(stream: BinaryIO, target: Path) -> tuple[str, int]:
    """Copy to a file, synced; hex SHA-256 and size in bytes."""
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        while block := stream.read(1 << 20):
            digest.update(block)
            size += len(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def _clean_name(name: str) -> str:
    """A file's name without folders and control characters, at most 200 characters."""
    last = name.replace("\\", "/").rpartition("/")[2].encode("utf-8", "replace").decode()
    shown = "".join(letter for letter in last if letter.isprintable()).strip()
    return shown[:200] or "photo"


def _set(
    database: sqlite3.Connection,
    upload_id: int,
    status: Status,
    reason: str = "",
    garments: Sequence[dict[str, Any]] = (),
) -> None:
    database.execute(
        "UPDATE uploads SET status = ?, reason = ?, garments = ?, changed_at = ? WHERE id = ?",
        (status, reason, json.dumps(list(garments)), datetime.now(UTC).isoformat(), upload_id),
    )


def _upload(row: sqlite3.Row) -> Upload:
    values = dict(row)
    values["garments"] = tuple(json.loads(values["garments"]))
    for name in ("added_at", "changed_at"):
        values[name] = datetime.fromisoformat(values[name])
    return Upload(**values)
