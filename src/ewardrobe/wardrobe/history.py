"""The history: every user action writes down what it did to which rows, and `undo` walks it back.

All writing to a wardrobe goes through an `Action`. For each row it keeps what the row held before, so taking an
action back needs to know nothing about what the action meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, RowMapping, Table, delete, func, insert, select, update

from ewardrobe.wardrobe.files import Staging
from ewardrobe.wardrobe.records import HistoryEntry
from ewardrobe.wardrobe.schema import FILE_COLUMNS, changes, from_json, history, metadata, to_json

__all__ = ["KEPT_ACTIONS", "Action", "entries", "files_of", "forget", "undo"]

KEPT_ACTIONS = 1000
"""How many actions can be taken back; older ones are forgotten."""


class Action:
    """One user action: inserts, updates and deletes rows, and remembers what it takes to undo that.

    `detail` is the line a person reads in the history; it may be set until `close`.
    """

    def __init__(self, connection: Connection, verb: str, detail: str | None = None) -> None:
        self.connection = connection
        self.at = datetime.now(UTC)
        self.detail = detail
        self._verb = verb
        self._changes: list[dict[str, Any]] = []

    def insert(self, table: Table, values: Mapping[str, Any]) -> int:
        """Insert a row and return its number."""
        result = self.connection.execute(insert(table).values(**values))
        key = result.inserted_primary_key
        assert key is not None
        self._remember("insert", table, int(key[0]), None)
        return int(key[0])

    def update(self, table: Table, row_id: int, values: Mapping[str, Any]) -> bool:
        """Set the columns that differ; False when none does."""
        row = _row(self.connection, table, row_id)
        different = {name: value for name, value in values.items() if row[name] != value}
        if not different:
            return False
        self.connection.execute(update(table).where(table.c.id == row_id).values(**different))
        self._remember("update", table, row_id, {name: row[name] for name in different})
        return True

    def delete(self, table: Table, row_id: int) -> None:
        """Delete a row."""
        row = _row(self.connection, table, row_id)
        self.connection.execute(delete(table).where(table.c.id == row_id))
        self._remember("delete", table, row_id, row)

    def delete_where(self, table: Table, condition: ColumnElement[bool]) -> None:
        """Delete every row that fits."""
        for row_id in self.connection.execute(select(table.c.id).where(condition)).scalars().all():
            self.delete(table, row_id)

    def close(self) -> None:
        """Write the action into the history; one that changed nothing leaves no entry."""
        if not self._changes:
            return
        entry = {"at": self.at, "verb": self._verb, "detail": self.detail and self.detail[:255]}
        key = self.connection.execute(insert(history).values(**entry)).inserted_primary_key
        assert key is not None
        self.connection.execute(
            insert(changes), [{**change, "history_id": key[0]} for change in self._changes]
        )
        self._forget_oldest()

    def _remember(self, kind: str, table: Table, row_id: int, before: Mapping[str, Any] | None) -> None:
        self._changes.append(
            {
                "position": len(self._changes),
                "kind": kind,
                "table_name": table.name,
                "row_id": row_id,
                "before": before and {name: to_json(table.c[name], value) for name, value in before.items()},
            }
        )

    def _forget_oldest(self) -> None:
        last = select(history.c.id).order_by(history.c.id.desc()).offset(KEPT_ACTIONS).limit(1)
        oldest = self.connection.execute(last).scalar()
        if oldest is not None:
            self.connection.execute(delete(changes).where(changes.c.history_id <= oldest))
            self.connection.execute(delete(history).where(history.c.id <= oldest))


def entries(connection: Connection, limit: int) -> list[HistoryEntry]:
    """The actions that can be taken back, the latest first."""
    query = (
        select(history, func.count(changes.c.id).label("changes"))
        .join(changes, changes.c.history_id == history.c.id)
        .group_by(history.c.id)
        .order_by(history.c.id.desc())
        .limit(limit)
    )
    return [HistoryEntry(**row._mapping) for row in connection.execute(query)]


def undo(connection: Connection, staging: Staging) -> HistoryEntry | None:
    """Take back the latest action; None when there is none. Files it brought are marked for deletion."""
    latest = entries(connection, 1)
    if not latest:
        return None
    entry = latest[0]
    steps = select(changes).where(changes.c.history_id == entry.id).order_by(changes.c.position.desc())
    for step in connection.execute(steps).all():
        table = metadata.tables[step.table_name]
        before = {name: from_json(table.c[name], value) for name, value in (step.before or {}).items()}
        if step.kind == "insert":
            staging.discard(files_of(table, _row(connection, table, step.row_id)))
            connection.execute(delete(table).where(table.c.id == step.row_id))
        elif step.kind == "update":
            if any(column.table is table and column.name in before for column in FILE_COLUMNS):
                staging.discard(files_of(table, _row(connection, table, step.row_id)))
            connection.execute(update(table).where(table.c.id == step.row_id).values(**before))
        else:
            connection.execute(insert(table).values(**before))
    connection.execute(delete(changes).where(changes.c.history_id == entry.id))
    connection.execute(delete(history).where(history.c.id == entry.id))
    return entry


def forget(connection: Connection, rows: Iterable[tuple[Table, int]]) -> None:
    """Strike rows out of the history, with every earlier state that points at them, and the lines about them.

    Where a row that stays once belonged to one of these, as after a merge, nothing older can be taken back.
    """
    steps = connection.execute(select(changes).order_by(changes.c.id)).all()
    gone = {(table.name, row_id) for table, row_id in rows}
    # A row deleted earlier that pointed at one of these can never come back either.
    gone |= {(s.table_name, s.row_id) for s in steps if s.kind == "delete" and _points_at(s, gone)}
    moved = [s.history_id for s in steps if (s.table_name, s.row_id) not in gone and _points_at(s, gone)]
    struck = [s for s in steps if (s.table_name, s.row_id) in gone or s.history_id <= max(moved, default=0)]
    for step in struck:
        connection.execute(delete(changes).where(changes.c.id == step.id))
    for history_id in {step.history_id for step in struck}:
        connection.execute(update(history).where(history.c.id == history_id).values(detail=None))
    connection.execute(delete(history).where(history.c.id.not_in(select(changes.c.history_id))))


def files_of(table: Table, row: Mapping[str, Any] | RowMapping) -> list[str]:
    """The files a row refers to."""
    return [row[column.name] for column in FILE_COLUMNS if column.table is table]


def _points_at(step: Row[Any], gone: set[tuple[str, int]]) -> bool:
    before = step.before or {}
    return any(
        (key.column.table.name, before.get(column.name)) in gone
        for column in metadata.tables[step.table_name].columns
        for key in column.foreign_keys
    )


def _row(connection: Connection, table: Table, row_id: int) -> dict[str, Any]:
    row = connection.execute(select(table).where(table.c.id == row_id)).one()
    return dict(row._mapping)
