"""Deleting for good: rows, files, and every trace in the history."""

from __future__ import annotations

from sqlalchemy import Connection, Table, delete, select

from ewardrobe.wardrobe.files import Staging
from ewardrobe.wardrobe.history import files_of, forget
from ewardrobe.wardrobe.schema import (
    appearances,
    earlier_cutouts,
    garment_colours,
    garment_tags,
    garments,
    outfit_items,
    photos,
    provenance,
    wears,
)

__all__ = ["purge_garment"]

_CHILDREN = (garment_colours, garment_tags, provenance, outfit_items, wears, appearances)


def purge_garment(connection: Connection, staging: Staging, garment_id: int) -> None:
    """Delete a garment, its appearances and wears, and each photo that shows no other garment, with all files."""
    seen = select(appearances.c.photo_id).where(appearances.c.garment_id == garment_id)
    photo_ids = set(connection.execute(seen).scalars())
    gone: list[tuple[Table, int]] = []
    own = select(appearances.c.id).where(appearances.c.garment_id == garment_id)
    parts = [(earlier_cutouts, earlier_cutouts.c.appearance_id.in_(own))]
    for table, hangs_on in [*parts, *((table, table.c.garment_id == garment_id) for table in _CHILDREN)]:
        rows = connection.execute(select(table).where(hangs_on)).all()
        for row in rows:
            gone.append((table, row.id))
            staging.discard(files_of(table, row._mapping))
            connection.execute(delete(table).where(table.c.id == row.id))
    gone.append((garments, garment_id))
    for photo_id in photo_ids:
        if (
            connection.execute(select(appearances.c.id).where(appearances.c.photo_id == photo_id)).first()
            is None
        ):
            row = connection.execute(select(photos).where(photos.c.id == photo_id)).one()
            gone.append((photos, photo_id))
            staging.discard(files_of(photos, row._mapping))
    # The history may hold rows, deleted since, that would point at these again.
    forget(connection, gone)
    for table, row_id in gone:
        if table in (garments, photos):
            connection.execute(delete(table).where(table.c.id == row_id))
