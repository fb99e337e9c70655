"""One folded line per garment for text search, in place of asking every column."""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from ewardrobe.wardrobe.search import search_text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = (
    "name, label, type, colour, pattern, material, style, occasion, season, brand, size, notes, status_reason"
)


def upgrade() -> None:
    op.add_column("garments", sa.Column("search_text", sa.Text, nullable=False, server_default=""))
    connection = op.get_bind()
    words: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(sa.text(f"SELECT id, {_COLUMNS} FROM garments")):
        words[row[0]] += row[1:]
    for table, column in (("garment_colours", "name"), ("garment_tags", "tag")):
        rows = connection.execute(sa.text(f"SELECT garment_id, {column} FROM {table} ORDER BY position"))
        for garment_id, word in rows:
            words[garment_id].append(word)
    fill = sa.text("UPDATE garments SET search_text = :line WHERE id = :id")
    for garment_id, found in words.items():
        connection.execute(fill, {"line": search_text(found), "id": garment_id})
