"""The tables of a wardrobe, in types that SQLite and PostgreSQL both know.

Every table has an integer key `id` that is never used twice, so the history can name any row by table and number;
what an export must recognise again elsewhere also carries a `uid`. Times are UTC. Changing anything here takes a
migration in `migrations/versions` and its revision in `REVISIONS`; a test compares the two.
"""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

__all__ = [
    "FILE_COLUMNS",
    "REVISIONS",
    "Money",
    "UtcDateTime",
    "appearances",
    "changes",
    "earlier_cutouts",
    "from_json",
    "garment_colours",
    "garment_tags",
    "garments",
    "history",
    "metadata",
    "outfit_items",
    "outfits",
    "photos",
    "provenance",
    "to_json",
    "wears",
]

REVISIONS = ("0001", "0002", "0003")
"""Every revision this version can read, oldest first; the last is what it writes."""


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, aware and in UTC in Python, naive UTC in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Drop the zone after moving to UTC; a naive value is taken for UTC."""
        if value is None or value.tzinfo is None:
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say again that it is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Money(TypeDecorator[Decimal]):
    """An amount with two decimals, kept as whole hundredths because SQLite has no exact decimals."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Turn 39.90 into 3990."""
        return None if value is None else int((value * 100).to_integral_value())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Turn 3990 into 39.90."""
        return None if value is None else (Decimal(value) / 100).quantize(Decimal("0.01"))


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _uid() -> Column[str]:
    return Column("uid", String(32), nullable=False, unique=True)


def _of(table: str, name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Integer, ForeignKey(f"{table}.id"), nullable=nullable, index=True)


photos = Table(
    "photos",
    metadata,
    _key(),
    _uid(),
    # What the owner gave; the identity of a photo. `file_sha256` is what is kept: the same, unless the photo came
    # back from an export, which carries it without camera data.
    Column("sha256", String(64), nullable=False, unique=True),
    Column("file_sha256", String(64), nullable=False),
    Column("file", String(255), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("name", String(255), nullable=False),
    Column("format", String(20)),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("taken_at", DateTime),
    Column("added_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

garments = Table(
    "garments",
    metadata,
    _key(),
    _uid(),
    Column("name", String(200)),
    Column("label", String(60), index=True),
    Column("type", String(60), index=True),
    Column("colour", String(60), index=True),
    Column("pattern", String(60)),
    Column("material", String(60)),
    Column("style", String(60)),
    Column("occasion", String(60)),
    Column("season", String(60)),
    Column("brand", String(200)),
    Column("size", String(60)),
    Column("price", Money),
    Column("currency", String(3)),
    Column("bought_on", Date),
    Column("notes", Text),
    Column("quantity", Integer, nullable=False),
    Column("status", String(20), nullable=False, index=True),
    Column("status_reason", Text),
    Column("favourite", Boolean, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
    # Everything a text search looks at, folded; derived, see `search.search_text`.
    Column("search_text", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

garment_colours = Table(
    "garment_colours",
    metadata,
    _key(),
    _of("garments", "garment_id"),
    Column("position", Integer, nullable=False),
    Column("name", String(60), nullable=False, index=True),
    Column("share", Float, nullable=False),
    Column("red", Integer, nullable=False),
    Column("green", Integer, nullable=False),
    Column("blue", Integer, nullable=False),
    Column("lab_l", Float, nullable=False),
    Column("lab_a", Float, nullable=False),
    Column("lab_b", Float, nullable=False),
    sqlite_autoincrement=True,
)

garment_tags = Table(
    "garment_tags",
    metadata,
    _key(),
    _of("garments", "garment_id"),
    Column("position", Integer, nullable=False),
    Column("tag", String(100), nullable=False, index=True),
    UniqueConstraint("garment_id", "tag"),
    sqlite_autoincrement=True,
)

provenance = Table(
    "provenance",
    metadata,
    _key(),
    _of("garments", "garment_id"),
    Column("field", String(40), nullable=False),
    Column("source", String(20), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("runner_up", String(60)),
    UniqueConstraint("garment_id", "field"),
    sqlite_autoincrement=True,
)

appearances = Table(
    "appearances",
    metadata,
    _key(),
    _uid(),
    _of("garments", "garment_id"),
    _of("photos", "photo_id"),
    Column("number", Integer, nullable=False),
    Column("label", String(60), nullable=False),
    Column("score", Float, nullable=False),
    Column("box_x", Integer, nullable=False),
    Column("box_y", Integer, nullable=False),
    Column("box_width", Integer, nullable=False),
    Column("box_height", Integer, nullable=False),
    Column("area", Integer, nullable=False),
    Column("person", Integer),
    Column("model", String(120)),
    Column("mask_file", String(255), nullable=False),
    Column("cutout_file", String(255), nullable=False),
    Column("thumbnail_file", String(255), nullable=False),
    # float32, little-endian, L2-normalised; comparable only within one `embedding_model`.
    Column("embedding", LargeBinary),
    Column("embedding_model", String(120)),
    # When the owner last painted or accepted the cut-out; empty while only a model has vouched for it.
    Column("checked_at", UtcDateTime),
    sqlite_autoincrement=True,
)

# What an appearance showed before its mask was changed. The first row of an appearance is what was found in the photo.
earlier_cutouts = Table(
    "earlier_cutouts",
    metadata,
    _key(),
    _of("appearances", "appearance_id"),
    Column("score", Float, nullable=False),
    Column("model", String(120)),
    Column("mask_file", String(255), nullable=False),
    Column("cutout_file", String(255), nullable=False),
    Column("thumbnail_file", String(255), nullable=False),
    Column("replaced_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

outfits = Table(
    "outfits",
    metadata,
    _key(),
    _uid(),
    Column("name", String(200)),
    Column("notes", Text),
    Column("occasion", String(60)),
    Column("season", String(60)),
    Column("favourite", Boolean, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
    sqlite_autoincrement=True,
)

outfit_items = Table(
    "outfit_items",
    metadata,
    _key(),
    _of("outfits", "outfit_id"),
    _of("garments", "garment_id"),
    # `position` is the order; x, y (of the centre) and scale place it on a board of width 1.
    Column("position", Integer, nullable=False),
    Column("x", Float),
    Column("y", Float),
    Column("scale", Float),
    UniqueConstraint("outfit_id", "garment_id"),
    sqlite_autoincrement=True,
)

wears = Table(
    "wears",
    metadata,
    _key(),
    _uid(),
    Column("worn_on", Date, nullable=False, index=True),
    _of("garments", "garment_id"),
    # Set when it was worn as part of an outfit. One row per garment: changing the outfit later rewrites no past.
    _of("outfits", "outfit_id", nullable=True),
    Column("notes", Text),
    sqlite_autoincrement=True,
)

history = Table(
    "history",
    metadata,
    _key(),
    Column("at", UtcDateTime, nullable=False),
    Column("verb", String(40), nullable=False),
    Column("detail", String(255)),
    sqlite_autoincrement=True,
)

changes = Table(
    "changes",
    metadata,
    _key(),
    _of("history", "history_id"),
    Column("position", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("table_name", String(40), nullable=False),
    Column("row_id", Integer, nullable=False),
    Column("before", JSON),
    sqlite_autoincrement=True,
)
Index("ix_changes_row", changes.c.table_name, changes.c.row_id)

FILE_COLUMNS: tuple[Column[Any], ...] = (
    photos.c.file,
    appearances.c.mask_file,
    appearances.c.cutout_file,
    appearances.c.thumbnail_file,
    earlier_cutouts.c.mask_file,
    earlier_cutouts.c.cutout_file,
    earlier_cutouts.c.thumbnail_file,
)
"""Every column that names a file of the data folder, relative to it and with forward slashes."""


def to_json(column: Column[Any], value: Any) -> Any:
    """A column's value as JSON knows it: text for times, dates and amounts, base64 for bytes."""
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def from_json(column: Column[Any], value: Any) -> Any:
    """The inverse of `to_json`; raises ValueError or TypeError for what the column cannot hold."""
    if value is None:
        return None
    kind = column.type
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value, validate=True)
    if isinstance(kind, (UtcDateTime, DateTime)):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return Decimal(value) if isinstance(kind, Money) else value
