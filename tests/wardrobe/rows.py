"""Everything a wardrobe holds, rows and bytes, to compare two moments or two wardrobes."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select

from ewardrobe.wardrobe import Wardrobe
from ewardrobe.wardrobe.database import Database
from ewardrobe.wardrobe.schema import changes, history, metadata


def rows_of(wardrobe: Wardrobe, *, with_history: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    database = Database.open(wardrobe.path / "wardrobe.db")
    try:
        with database.read() as connection:
            return {
                table.name: [dict(r._mapping) for r in connection.execute(select(table).order_by(table.c.id))]
                for table in metadata.sorted_tables
                if with_history or table not in (history, changes)
            }
    finally:
        database.close()


def files_of(wardrobe: Wardrobe) -> dict[str, str]:
    """The SHA-256 of every file in the data folder, by name; the database's own files left out."""
    return {
        path.relative_to(wardrobe.path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(wardrobe.path.rglob("*"))
        if path.is_file() and path.parent != wardrobe.path and not path.name.startswith(".")
    }
