"""The manifest of an export: rows as JSON a person can read, and back, checked field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer, String, Table, Text
from sqlalchemy.engine import RowMapping

from ewardrobe.errors import StoreError
from ewardrobe.wardrobe.schema import (
    appearances,
    from_json,
    garment_colours,
    garments,
    outfit_items,
    outfits,
    photos,
    provenance,
    to_json,
    wears,
)

__all__ = ["FORMAT", "MANIFEST", "VERSION", "columns_of", "entries_of", "from_entry", "to_entry"]

FORMAT = "ewardrobe-export"
VERSION = 1
MANIFEST = "manifest.json"

# What an export leaves out: what is derived, and what the place in the document says already.
_LEFT_OUT = {
    photos: {"file", "file_sha256", "size_bytes"},
    garments: {"search_text", "removed_at"},
    garment_colours: {"id", "garment_id", "position"},
    provenance: {"id", "garment_id"},
    appearances: {"garment_id", "photo_id", "mask_file", "cutout_file", "thumbnail_file"},
    outfits: {"removed_at"},
    outfit_items: {"id", "outfit_id", "position", "garment_id"},
    wears: {"garment_id", "outfit_id"},
}


def columns_of(table: Table) -> list[Column[Any]]:
    """The columns of a table that an export carries."""
    return [column for column in table.columns if column.name not in _LEFT_OUT[table]]


def to_entry(table: Table, row: RowMapping) -> dict[str, Any]:
    """A row as JSON; empty fields are left out."""
    found = {column.name: to_json(column, row[column.name]) for column in columns_of(table)}
    return {name: value for name, value in found.items() if value is not None}


def from_entry(table: Table, entry: Any, where: str) -> dict[str, Any]:
    """An entry as a row's values; raises `StoreError` that names the first field that is wrong."""
    if not isinstance(entry, Mapping):
        raise StoreError(f"{MANIFEST}: {where} is not an object")
    values: dict[str, Any] = {}
    for column in columns_of(table):
        value = entry.get(column.name)
        try:
            values[column.name] = _checked(column, value)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise StoreError(f"{MANIFEST}: {where}.{column.name}: {error or 'not valid'}") from error
    return values


def entries_of(document: Mapping[str, Any], name: str, where: str = "") -> list[Any]:
    """The list `name` of a document; empty when it is left out."""
    found = document.get(name, [])
    if not isinstance(found, list):
        raise StoreError(f"{MANIFEST}: {where}{name} is not a list")
    return found


def _checked(column: Column[Any], value: Any) -> Any:
    if value is None:
        if not column.nullable:
            raise ValueError("is missing")
        return None
    wanted: tuple[type[Any], ...] = _wanted(column)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise ValueError(f"cannot be {value!r}"[:80])
    limit = getattr(column.type, "length", None)
    if isinstance(value, str) and isinstance(column.type, String) and limit and len(value) > limit:
        raise ValueError(f"is longer than {limit} characters")
    if column.name in {"uid", "sha256"} and not re.fullmatch("[0-9a-f]{32}|[0-9a-f]{64}", str(value)):
        raise ValueError("is not lower-case hexadecimal")
    if column.name == "id" and not int(value) > 0:
        raise ValueError("is not a positive number")
    return from_json(column, value)


def _wanted(column: Column[Any]) -> tuple[type[Any], ...]:
    if isinstance(column.type, Boolean):
        return (bool,)
    if isinstance(column.type, (String, Text)):
        return (str,)
    if isinstance(column.type, Float):
        return (int, float)
    if isinstance(column.type, Integer):
        return (int,)
    return (str,)  # times, dates, amounts and bytes are text in JSON
