"""A wardrobe page by page, with how many garments each value of a field would leave: what a grid with facets shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from ewardrobe.errors import UsageError
from ewardrobe.wardrobe.columns import Columns
from ewardrobe.wardrobe.fields import PRESENT
from ewardrobe.wardrobe.files import DataFolder
from ewardrobe.wardrobe.reading import load_garments
from ewardrobe.wardrobe.records import OwnedGarment
from ewardrobe.wardrobe.search import Filters, check_sort, check_status, colour_name, fold

__all__ = ["FACETS", "Page", "browse_garments"]

FACETS = ("type", "colour", "pattern", "material", "style", "season", "occasion", "status")
"""The fields whose values are counted."""

_WORDS = ("type", "label", "pattern", "material", "style", "occasion", "season", "brand")
Flags = npt.NDArray[np.bool_]


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
    columns: Columns,
    filters: Filters,
    *,
    offset: int,
    limit: int,
    sort: str | None,
) -> Page:
    """See `Wardrobe.browse`; finds what `search.find_ids` finds, in the same order."""
    if offset < 0 or limit < 0:
        raise UsageError(f"offset and limit cannot be negative, not {offset} and {limit}")
    order = columns.order(check_sort(sort or "-added"))
    asked = _asked(columns, filters)
    fits = _all_of(asked, len(columns.ids))
    found = order[fits[order]]
    ids = columns.ids[found[offset : offset + limit]]
    return Page(
        tuple(load_garments(connection, folder, ids.tolist())),
        len(found),
        offset,
        {
            name: _count(columns, name, fits if name not in asked else _others(columns, asked, name))
            for name in FACETS
        },
    )


def _asked(columns: Columns, filters: Filters) -> dict[str, Flags]:
    """By what was asked for, which garments fit it; `here` is asked for always."""
    removed = filters.status == "removed"
    asked = {"here": columns.removed if removed else ~columns.removed}
    if not removed and check_status(filters.status) != "any":
        asked["status"] = _has(columns, "status", PRESENT if filters.status is None else (filters.status,))
    for name in _WORDS:
        if (value := getattr(filters, name)) is not None:
            asked[name] = _has(columns, name, _spellings(columns, name, value))
    if filters.favourite is not None:
        asked["favourite"] = columns.favourite == filters.favourite
    if filters.tag is not None:
        asked["tag"] = _paired(columns, "tag", _spellings(columns, "tag", filters.tag))
    if filters.colour is not None:
        asked["colour"] = _paired(columns, "colour", (colour_name(filters.colour),))
    for word in fold(filters.text or "").split():
        asked[f"text {word}"] = columns.having(word)
    return asked


def _all_of(asked: dict[str, Flags], count: int) -> Flags:
    fits: Flags = np.ones(count, np.bool_)
    for flags in asked.values():
        fits &= flags
    return fits


def _others(columns: Columns, asked: dict[str, Flags], name: str) -> Flags:
    return _all_of({other: flags for other, flags in asked.items() if other != name}, len(columns.ids))


def _has(columns: Columns, name: str, words: tuple[str, ...]) -> Flags:
    return _wanted(columns, name, words)[columns.codes[name]]


def _paired(columns: Columns, name: str, words: tuple[str, ...]) -> Flags:
    pairs = columns.tags if name == "tag" else columns.colours
    flags: Flags = np.zeros(len(columns.ids), np.bool_)
    flags[columns.rows(pairs[_wanted(columns, name, words)[pairs[:, 1]], 0])] = True
    return flags


def _wanted(columns: Columns, name: str, words: tuple[str, ...]) -> Flags:
    """Of each word of a column, whether it is one of these; a last one, False, for none."""
    return np.array([*(word in words for word in columns.words[name].texts), False])


def _spellings(columns: Columns, name: str, value: str) -> tuple[str, ...]:
    """The words of a column that are this one but for case and accents."""
    wanted = fold(value.strip())
    return tuple(word for word in columns.words[name].texts if fold(word) == wanted)


def _count(columns: Columns, name: str, fits: Flags) -> dict[str, int]:
    if name == "colour":  # a garment counts under each colour that it is found by
        codes = columns.colours[fits[columns.rows(columns.colours[:, 0])], 1]
    else:
        codes = columns.codes[name][fits]
    texts = columns.words[name].texts
    numbers = np.bincount(codes[codes >= 0], minlength=len(texts)).tolist()
    counted = [(texts[code], number) for code, number in enumerate(numbers) if number]
    return dict(sorted(counted, key=lambda pair: (-pair[1], pair[0])))
