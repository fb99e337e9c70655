"""Rows to records: garments with all that hangs on them, read in a handful of queries however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Column, Connection, Row, Table, func, select

from ewardrobe.attributes.values import Colour
from ewardrobe.errors import NotFoundError
from ewardrobe.wardrobe.files import DataFolder
from ewardrobe.wardrobe.records import (
    Appearance,
    Outfit,
    OutfitItem,
    OwnedGarment,
    Provenance,
    StoredPhoto,
    Wear,
)
from ewardrobe.wardrobe.schema import (
    FILE_COLUMNS,
    appearances,
    garment_colours,
    garment_tags,
    garments,
    outfit_items,
    outfits,
    photos,
    provenance,
    wears,
)

__all__ = [
    "load_appearance",
    "load_garment",
    "load_garments",
    "load_outfits",
    "load_photo",
    "load_photos",
    "load_wears",
    "photo_by_hash",
    "unreferenced",
]

_BATCH = 500  # databases limit the values one query may carry


def load_garments(
    connection: Connection, folder: DataFolder, ids: Sequence[int], *, brief: bool = False
) -> list[OwnedGarment]:
    """The garments of these numbers, in this order; numbers there are not are left out.

    With `brief` they come without tags, provenance and appearances, which is most of the work for many garments.
    """
    # Not the rows' own mappings: of thousands, zipping names to them takes a fifth of the time.
    names = [column.name for column in garments.c]
    rows = {
        row.id: dict(zip(names, row, strict=True)) for row in _rows(connection, garments, garments.c.id, ids)
    }
    for values in rows.values():
        del values["search_text"]
    colours = _grouped(connection, garment_colours, ids, garment_colours.c.position)
    further = [] if brief else ids
    tags = _grouped(connection, garment_tags, further, garment_tags.c.position)
    sources = _grouped(connection, provenance, further, provenance.c.id)
    seen = _grouped(connection, appearances, further, appearances.c.id)
    worn = _wear_counts(connection, ids)
    return [
        OwnedGarment(
            **rows[key_id],
            colours=tuple(map(_colour, colours[key_id])),
            tags=tuple(row.tag for row in tags[key_id]),
            provenance={
                row.field: Provenance(row.source, row.confidence, row.runner_up) for row in sources[key_id]
            },
            appearances=tuple(_appearance(row, folder) for row in seen[key_id]),
            wear_count=worn[key_id][0] if key_id in worn else 0,
            last_worn=worn[key_id][1] if key_id in worn else None,
        )
        for key_id in ids
        if key_id in rows
    ]


def load_garment(connection: Connection, folder: DataFolder, garment_id: int) -> OwnedGarment:
    """One garment; `NotFoundError` when there is none of that number."""
    found = load_garments(connection, folder, [garment_id])
    if not found:
        raise NotFoundError(f"there is no garment {garment_id}; see: ewardrobe find")
    return found[0]


def load_appearance(connection: Connection, folder: DataFolder, appearance_id: int) -> Appearance:
    """One appearance; `NotFoundError` when there is none of that number."""
    row = connection.execute(select(appearances).where(appearances.c.id == appearance_id)).first()
    if row is None:
        raise NotFoundError(f"there is no appearance {appearance_id}")
    return _appearance(row, folder)


def load_photo(connection: Connection, folder: DataFolder, photo_id: int) -> StoredPhoto:
    """One photo; `NotFoundError` when there is none of that number."""
    row = connection.execute(select(photos).where(photos.c.id == photo_id)).first()
    if row is None:
        raise NotFoundError(f"there is no photo {photo_id}")
    return _photo(row, folder)


def load_photos(connection: Connection, folder: DataFolder) -> list[StoredPhoto]:
    """Every photo, newest first."""
    return [_photo(row, folder) for row in connection.execute(select(photos).order_by(photos.c.id.desc()))]


def photo_by_hash(connection: Connection, folder: DataFolder, sha256: str) -> StoredPhoto | None:
    """The photo whose original has this SHA-256."""
    row = connection.execute(select(photos).where(photos.c.sha256 == sha256)).first()
    return None if row is None else _photo(row, folder)


def load_outfits(connection: Connection, ids: Sequence[int]) -> list[Outfit]:
    """The outfits of these numbers, in this order."""
    rows = {row.id: row for row in _rows(connection, outfits, outfits.c.id, ids)}
    items: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in _rows(connection, outfit_items, outfit_items.c.outfit_id, ids, outfit_items.c.position):
        items[row.outfit_id].append(row)
    return [
        Outfit(
            **rows[key]._mapping,
            items=tuple(OutfitItem(i.garment_id, n, i.x, i.y, i.scale) for n, i in enumerate(items[key])),
        )
        for key in ids
        if key in rows
    ]


def load_wears(connection: Connection, ids: Sequence[int]) -> list[Wear]:
    """The wears of these numbers, in this order."""
    rows = {row.id: row for row in _rows(connection, wears, wears.c.id, ids)}
    return [Wear(**rows[key]._mapping) for key in ids if key in rows]


def unreferenced(connection: Connection, names: Iterable[str]) -> set[str]:
    """Those of these files that no row refers to."""
    left = set(names)
    for column in FILE_COLUMNS:
        for batch in _batches(sorted(left)):
            left -= set(connection.execute(select(column).where(column.in_(batch))).scalars())
    return left


def _rows(
    connection: Connection,
    table: Table,
    column: Column[Any],
    values: Sequence[Any],
    order: Column[Any] | None = None,
) -> Iterator[Row[Any]]:
    for batch in _batches(values):
        query = select(table).where(column.in_(batch))
        yield from connection.execute(query if order is None else query.order_by(order))


def _batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]


def _grouped(
    connection: Connection, table: Table, ids: Sequence[int], order: Column[Any]
) -> dict[int, list[Row[Any]]]:
    groups: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in _rows(connection, table, table.c.garment_id, ids, order):
        groups[row.garment_id].append(row)
    return groups


def _wear_counts(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[int, Any]]:
    found: dict[int, tuple[int, Any]] = {}
    for batch in _batches(ids):
        query = (
            select(wears.c.garment_id, func.count(), func.max(wears.c.worn_on))
            .where(wears.c.garment_id.in_(batch))
            .group_by(wears.c.garment_id)
        )
        found.update({row[0]: (row[1], row[2]) for row in connection.execute(query)})
    return found


def _colour(row: Row[Any]) -> Colour:
    return Colour(row.name, row.share, (row.red, row.green, row.blue), (row.lab_l, row.lab_a, row.lab_b))


def _photo(row: Row[Any], folder: DataFolder) -> StoredPhoto:
    return StoredPhoto(**{**row._mapping, "file": folder.path(row.file)})


def _appearance(row: Row[Any], folder: DataFolder) -> Appearance:
    return Appearance(
        id=row.id,
        uid=row.uid,
        garment_id=row.garment_id,
        photo_id=row.photo_id,
        number=row.number,
        label=row.label,
        score=row.score,
        box=(row.box_x, row.box_y, row.box_width, row.box_height),
        area=row.area,
        person=row.person,
        model=row.model,
        mask=folder.path(row.mask_file),
        cutout=folder.path(row.cutout_file),
        thumbnail=folder.path(row.thumbnail_file),
        embedding=None if row.embedding is None else np.frombuffer(row.embedding, "<f4"),
        embedding_model=row.embedding_model,
        checked_at=row.checked_at,
    )
