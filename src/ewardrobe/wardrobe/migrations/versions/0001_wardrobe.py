"""The wardrobe: photos, garments, appearances, outfits, wears, and the history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _key(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    ]


def _uid(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("uid", sa.String(32), nullable=False),
        sa.UniqueConstraint("uid", name=f"uq_{table}_uid"),
    ]


def _of(table: str, column: str, other: str, *, nullable: bool = False) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column(column, sa.Integer, nullable=nullable),
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}"),
    ]


def _create(table: str, *items: sa.schema.SchemaItem, indexes: tuple[str, ...] = ()) -> None:
    op.create_table(table, *_key(table), *items, sqlite_autoincrement=True)
    for column in indexes:
        op.create_index(f"ix_{table}_{column}", table, [column])


def upgrade() -> None:
    _create(
        "photos",
        *_uid("photos"),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("file", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("format", sa.String(20)),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("taken_at", sa.DateTime),
        sa.Column("added_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("sha256", name="uq_photos_sha256"),
    )
    _create(
        "garments",
        *_uid("garments"),
        sa.Column("name", sa.String(200)),
        sa.Column("label", sa.String(60)),
        sa.Column("type", sa.String(60)),
        sa.Column("colour", sa.String(60)),
        sa.Column("pattern", sa.String(60)),
        sa.Column("material", sa.String(60)),
        sa.Column("style", sa.String(60)),
        sa.Column("occasion", sa.String(60)),
        sa.Column("season", sa.String(60)),
        sa.Column("brand", sa.String(200)),
        sa.Column("size", sa.String(60)),
        sa.Column("price", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
        sa.Column("bought_on", sa.Date),
        sa.Column("notes", sa.Text),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("status_reason", sa.Text),
        sa.Column("favourite", sa.Boolean, nullable=False),
        sa.Column("added_at", sa.DateTime, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("removed_at", sa.DateTime),
        indexes=("label", "type", "colour", "status"),
    )
    _create(
        "garment_colours",
        *_of("garment_colours", "garment_id", "garments"),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("red", sa.Integer, nullable=False),
        sa.Column("green", sa.Integer, nullable=False),
        sa.Column("blue", sa.Integer, nullable=False),
        sa.Column("lab_l", sa.Float, nullable=False),
        sa.Column("lab_a", sa.Float, nullable=False),
        sa.Column("lab_b", sa.Float, nullable=False),
        indexes=("garment_id", "name"),
    )
    _create(
        "garment_tags",
        *_of("garment_tags", "garment_id", "garments"),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("tag", sa.String(100), nullable=False),
        sa.UniqueConstraint("garment_id", "tag", name="uq_garment_tags_garment_id"),
        indexes=("garment_id", "tag"),
    )
    _create(
        "provenance",
        *_of("provenance", "garment_id", "garments"),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("runner_up", sa.String(60)),
        sa.UniqueConstraint("garment_id", "field", name="uq_provenance_garment_id"),
        indexes=("garment_id",),
    )
    _create(
        "appearances",
        *_uid("appearances"),
        *_of("appearances", "garment_id", "garments"),
        *_of("appearances", "photo_id", "photos"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("box_x", sa.Integer, nullable=False),
        sa.Column("box_y", sa.Integer, nullable=False),
        sa.Column("box_width", sa.Integer, nullable=False),
        sa.Column("box_height", sa.Integer, nullable=False),
        sa.Column("area", sa.Integer, nullable=False),
        sa.Column("person", sa.Integer),
        sa.Column("model", sa.String(120)),
        sa.Column("mask_file", sa.String(255), nullable=False),
        sa.Column("cutout_file", sa.String(255), nullable=False),
        sa.Column("thumbnail_file", sa.String(255), nullable=False),
        sa.Column("embedding", sa.LargeBinary),
        sa.Column("embedding_model", sa.String(120)),
        indexes=("garment_id", "photo_id"),
    )
    _create(
        "outfits",
        *_uid("outfits"),
        sa.Column("name", sa.String(200)),
        sa.Column("notes", sa.Text),
        sa.Column("occasion", sa.String(60)),
        sa.Column("season", sa.String(60)),
        sa.Column("favourite", sa.Boolean, nullable=False),
        sa.Column("added_at", sa.DateTime, nullable=False),
        sa.Column("removed_at", sa.DateTime),
    )
    _create(
        "outfit_items",
        *_of("outfit_items", "outfit_id", "outfits"),
        *_of("outfit_items", "garment_id", "garments"),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("x", sa.Float),
        sa.Column("y", sa.Float),
        sa.Column("scale", sa.Float),
        sa.UniqueConstraint("outfit_id", "garment_id", name="uq_outfit_items_outfit_id"),
        indexes=("outfit_id", "garment_id"),
    )
    _create(
        "wears",
        *_uid("wears"),
        sa.Column("worn_on", sa.Date, nullable=False),
        *_of("wears", "garment_id", "garments"),
        *_of("wears", "outfit_id", "outfits", nullable=True),
        sa.Column("notes", sa.Text),
        indexes=("worn_on", "garment_id", "outfit_id"),
    )
    _create(
        "history",
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("verb", sa.String(40), nullable=False),
        sa.Column("detail", sa.String(255)),
    )
    _create(
        "changes",
        *_of("changes", "history_id", "history"),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("table_name", sa.String(40), nullable=False),
        sa.Column("row_id", sa.Integer, nullable=False),
        sa.Column("before", sa.JSON),
        indexes=("history_id",),
    )
    op.create_index("ix_changes_row", "changes", ["table_name", "row_id"])
