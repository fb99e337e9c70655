"""Finding garments: by words, by fields, by colour nearness, by likeness."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Select, and_, func, select
from sqlalchemy.sql.elements import ColumnElement

from ewardrobe.attributes.values import Colour
from ewardrobe.errors import UsageError
from ewardrobe.wardrobe.fields import PRESENT, STATUSES
from ewardrobe.wardrobe.schema import garment_colours, garment_tags, garments, wears

__all__ = [
    "NEAR_COLOUR",
    "SEARCHED_COLUMNS",
    "SMALLEST_SHARE",
    "SORTS",
    "Filters",
    "check_sort",
    "check_status",
    "colour_distances",
    "colour_name",
    "find_ids",
    "fold",
    "search_text",
]

NEAR_COLOUR = 30.0
"""How far apart in CIELAB two colours may be and still count as near (navy to royal blue is about 35)."""

SMALLEST_SHARE = 0.15  # a colour with less of the cloth is trim, not what a person calls the garment
SEARCHED_COLUMNS = (
    "name", "label", "type", "colour", "pattern", "material", "style", "occasion", "season", "brand", "size",
    "notes", "status_reason",
)  # fmt: skip
_COMPARED = ("type", "label", "pattern", "material", "style", "occasion", "season", "brand")
SORTS = ("id", "added", "name", "type", "colour", "price", "bought", "worn", "last-worn")
"""What `find` sorts by; with "-" in front, the other way round."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a garment must be to be found; see `Wardrobe.find`."""

    text: str | None = None
    type: str | None = None
    label: str | None = None
    colour: str | None = None
    pattern: str | None = None
    material: str | None = None
    style: str | None = None
    occasion: str | None = None
    season: str | None = None
    brand: str | None = None
    tag: str | None = None
    favourite: bool | None = None
    status: str | None = None


def search_text(words: Iterable[str | None]) -> str:
    """Everything a text search looks at, in one folded line: no case, no accents."""
    return fold("\n".join(word for word in words if word))


def find_ids(connection: Connection, filters: Filters, sort: str | None = None) -> list[int]:
    """The numbers of the garments that fit, in order (newest first unless told)."""
    query = select(garments.c.id).where(_matching(connection, filters))
    return list(connection.execute(_sorted(query, sort or "-added")).scalars())


def _matching(connection: Connection, filters: Filters) -> ColumnElement[bool]:
    """Whether a row of `garments` fits; UsageError for a status or colour there is not."""
    return and_(_status(filters.status), *_text(filters.text), *_fields(connection, filters))


def _seen_colours() -> Select[Any]:
    """Garments (`id`) and the colours (`value`) that have enough of their cloth for a person to name them."""
    table = garment_colours
    return select(table.c.garment_id.label("id"), table.c.name.label("value")).where(
        table.c.share >= SMALLEST_SHARE
    )


def colour_distances(connection: Connection, colour: Colour, ids: Sequence[int]) -> dict[int, float]:
    """How far each garment's nearest larger colour is from `colour` in CIELAB, where that is near, nearest first."""
    table = garment_colours
    lightness, a, b = colour.lab
    square = (
        (table.c.lab_l - lightness) * (table.c.lab_l - lightness)
        + (table.c.lab_a - a) * (table.c.lab_a - a)
        + (table.c.lab_b - b) * (table.c.lab_b - b)
    )
    nearest = func.min(square)
    query = (
        select(table.c.garment_id, nearest)
        .where(table.c.share >= SMALLEST_SHARE)
        .group_by(table.c.garment_id)
        .having(nearest <= NEAR_COLOUR**2)
        .order_by(nearest, table.c.garment_id)
    )
    wanted = set(ids)
    return {row[0]: row[1] ** 0.5 for row in connection.execute(query) if row[0] in wanted}


def fold(text: str) -> str:
    """The text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def _text(text: str | None) -> list[ColumnElement[bool]]:
    """Every word must occur somewhere. The one place that knows how text is searched."""
    words = fold(text or "").split()
    return [garments.c.search_text.contains(word, autoescape=True) for word in words]


def _fields(connection: Connection, filters: Filters) -> list[ColumnElement[bool]]:
    found = [
        _same(connection, garments.c[name], value)
        for name in _COMPARED
        if (value := getattr(filters, name)) is not None
    ]
    if filters.favourite is not None:
        found.append(garments.c.favourite == filters.favourite)
    if filters.tag is not None:
        tagged = select(garment_tags.c.garment_id).where(_same(connection, garment_tags.c.tag, filters.tag))
        found.append(garments.c.id.in_(tagged))
    if filters.colour is not None:
        found.append(_coloured(filters.colour))
    return found


def _same(connection: Connection, column: Column[Any], value: str) -> ColumnElement[bool]:
    """Whether a column holds this word; no case, no accents, which not every database can compare without."""
    wanted = fold(value.strip())
    words = connection.execute(select(column).distinct()).scalars()
    return column.in_([word for word in words if word is not None and fold(word) == wanted])


def colour_name(word: str) -> str:
    """The vocabulary's name for a colour word; UsageError where it knows none."""
    from ewardrobe.attributes.vocabulary import colour_names, colour_of_word

    name = colour_of_word(word)
    if name is None:
        raise UsageError(f"there is no colour {word!r}; colours: {', '.join(colour_names())}")
    return name


def _coloured(word: str) -> ColumnElement[bool]:
    name = colour_name(word)
    seen = _seen_colours().subquery()
    return (garments.c.colour == name) | garments.c.id.in_(select(seen.c.id).where(seen.c.value == name))


def check_status(status: str | None) -> str | None:
    """The status, where one can be asked for; else UsageError."""
    if status not in (None, "removed", "any", *STATUSES):
        raise UsageError(
            f"there is no status {status!r}; statuses: {', '.join((*STATUSES, 'removed', 'any'))}"
        )
    return status


def check_sort(sort: str) -> str:
    """The sort, where there is it; else UsageError."""
    if sort.removeprefix("-") not in SORTS:
        raise UsageError(f"cannot sort by {sort!r}; sorts: {', '.join(SORTS)}, each also with - in front")
    return sort


def _status(status: str | None) -> ColumnElement[bool]:
    if status == "removed":
        return garments.c.removed_at.is_not(None)
    here = garments.c.removed_at.is_(None)
    if status == "any":
        return here
    if status is None:
        return here & garments.c.status.in_(PRESENT)
    return here & (garments.c.status == check_status(status))


def _sorted(query: Select[Any], sort: str) -> Select[Any]:
    name = check_sort(sort).removeprefix("-")
    worn = select(func.count()).where(wears.c.garment_id == garments.c.id).scalar_subquery()
    last = select(func.max(wears.c.worn_on)).where(wears.c.garment_id == garments.c.id).scalar_subquery()
    columns: dict[str, Any] = {"added": garments.c.added_at, "bought": garments.c.bought_on}
    key = {**columns, "worn": worn, "last-worn": last}.get(name)
    key = garments.c[name] if key is None else key
    tie = garments.c.id
    if sort.startswith("-"):
        return query.order_by(key.desc().nulls_last(), tie.desc())
    return query.order_by(key.asc().nulls_last(), tie.asc())
