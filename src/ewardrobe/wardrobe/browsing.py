"""A wardrobe page by page, with how many garments each value of a field would leave: what a grid with facets shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, select, union

from ewardrobe.errors import UsageError
from ewardrobe.wardrobe.files import DataFolder
from ewardrobe.wardrobe.reading import load_garments
from ewardrobe.wardrobe.records import OwnedGarment
from ewardrobe.wardrobe.schema import garments
from ewardrobe.wardrobe.search import Filters, find_ids, matching, seen_colours

__all__ = ["FACETS", "Page", "browse_garments"]

FACETS = ("type", "colour", "pattern", "material", "style", "season", "occasion", "status")
"""The fields whose values are counted."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what was found.

    Attributes:
        garments: from `offset` on, in the order asked for.
        total: how many were found in all.
        facets: by field, by value, how many garments have it among those that fit all that was asked for of the
            other fields; the most frequent first.
    """

    garments: tuple[OwnedGarment, ...]
    total: int
    offset: int
    facets: dict[str, dict[str, int]]


def browse_garments(
    connection: Connection,
    folder: DataFolder,
    filters: Filters,
    *,
    offset: int,
    limit: int,
    sort: str | None,
) -> Page:
    """See `Wardrobe.browse`."""
    if offset < 0 or limit < 0:
        raise UsageError(f"offset and limit cannot be negative, not {offset} and {limit}")
    ids = find_ids(connection, filters, sort)
    return Page(
        tuple(load_garments(connection, folder, ids[offset : offset + limit])),
        len(ids),
        offset,
        {field: _count(connection, filters, field) for field in FACETS},
    )


def _count(connection: Connection, filters: Filters, field: str) -> dict[str, int]:
    others = matching(connection, _without(filters, field))
    if field == "colour":
        # A garment counts under each colour that it is found by.
        found = union(select(garments.c.id, garments.c.colour.label("value")), seen_colours()).subquery()
        query: Any = select(found.c.value, func.count()).join(garments, garments.c.id == found.c.id)
        column: Any = found.c.value
    else:
        column = garments.c[field]
        query = select(column, func.count())
    query = query.where(others, column.is_not(None)).group_by(column)
    rows = connection.execute(query.order_by(func.count().desc(), column))
    return {row[0]: row[1] for row in rows}


def _without(filters: Filters, field: str) -> Filters:
    everything: Any = "any" if field == "status" else None
    return replace(filters, **{field: everything})
