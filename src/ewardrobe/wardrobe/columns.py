"""What browsing looks at, column by column in memory: a hundred thousand garments are filtered and counted at once.

`ColumnCache` reads the columns when they are first needed. Later it reads again only the garments that were changed
since, by whatever process, as the history says; where it cannot say (an undo, a purge, a restored backup), all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, func, select

from ewardrobe.wardrobe.schema import changes, garment_colours, garment_tags, garments, history, wears
from ewardrobe.wardrobe.search import SMALLEST_SHARE

__all__ = ["ColumnCache", "Columns", "Words"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_CODED = (
    "name", "label", "type", "colour", "pattern", "material", "style", "occasion", "season", "brand", "status",
)  # fmt: skip
_OF_GARMENTS = {table.name: table for table in (garment_colours, garment_tags, wears)}
_BATCH = 500  # databases limit the values one query may carry
_NO_WORD = -1
_KEPT_WORDS = 32


class Words:
    """The distinct words of a column, numbered as they come; what has no word has the number -1."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, word: str | None) -> int:
        """The word's number; a new one gets the next."""
        if word is None:
            return _NO_WORD
        found = self._numbers.setdefault(word, len(self.texts))
        if found == len(self.texts):
            self.texts.append(word)
        return found

    def ranks(self) -> Floats:
        """The place of each word among all in order; a last one, NaN, for what has none."""
        order = sorted(range(len(self.texts)), key=self.texts.__getitem__)
        ranks = np.full(len(order) + 1, np.nan)
        ranks[order] = np.arange(len(order))
        return ranks


@dataclass(frozen=True)
class Columns:
    """One moment of all garments, removed ones too.

    Attributes:
        ids: int64 (N), rising.
        codes: by column, int64 (N): the number of the garment's word in `words`.
        words: by column; shared with later moments, which only add to them.
        numbers: by sort, float64 (N), NaN where there is none: `added`, `bought`, `price`, `worn`, `last-worn`.
        removed, favourite: bool (N).
        texts: what a text search looks at, folded.
        colours, tags: int64 (M, 2): a garment's number and that of a word in `words["colour"]` or `words["tag"]`, each
            pair once; the main colour is among the colours.
    """

    ids: Integers
    codes: Mapping[str, Integers]
    words: Mapping[str, Words]
    numbers: Mapping[str, Floats]
    removed: Flags
    favourite: Flags
    texts: npt.NDArray[np.object_]
    colours: Integers
    tags: Integers
    _orders: dict[str, Integers] = field(default_factory=dict)
    _having: dict[str, Flags] = field(default_factory=dict)

    def rows(self, ids: Integers) -> Integers:
        """The places of garments of these numbers, all of which are there."""
        return np.searchsorted(self.ids, ids)

    def having(self, word: str) -> Flags:
        """Which garments have this folded text somewhere in theirs; kept, since pages and counts ask again."""
        if word not in self._having:
            if len(self._having) >= _KEPT_WORDS:
                self._having.clear()
            self._having[word] = np.array([word in text for text in self.texts.tolist()], np.bool_)
        return self._having[word]

    def order(self, sort: str) -> Integers:
        """The places of all garments in the order of `search.SORTS`; what has no value comes last either way."""
        if sort not in self._orders:
            name, sign = sort.removeprefix("-"), -1 if sort.startswith("-") else 1
            if name == "id":
                keys: tuple[Any, ...] = (sign * self.ids,)
            elif name in self.numbers:
                keys = (sign * self.ids, sign * self.numbers[name])
            else:
                keys = (sign * self.ids, sign * self.words[name].ranks()[self.codes[name]])
            self._orders[sort] = np.lexsort(keys)
        return self._orders[sort]

    def with_changed(self, ids: Integers, changed: Columns) -> Columns:
        """The same with the garments of these numbers as they are in `changed`, or gone when they are not there."""
        if (
            np.array_equal(ids, changed.ids) and _among(ids, self.ids).all()
        ):  # edits: every garment keeps its place
            rows = self.rows(ids)
            kept: Any = slice(None)
            order: Any = np.arange(len(self.ids) + len(ids))[: len(self.ids)]
            order[rows] = len(self.ids) + np.arange(len(ids))
        else:
            kept = ~_among(self.ids, ids)
            order = np.argsort(np.concatenate((self.ids[kept], changed.ids)), kind="stable")

        def joined(mine: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> npt.NDArray[Any]:
            made: npt.NDArray[Any] = np.concatenate((mine[kept], theirs))[order]
            return made

        def pairs(mine: Integers, theirs: Integers) -> Integers:
            return np.concatenate((mine[~_among(mine[:, 0], ids)], theirs))

        made = Columns(
            joined(self.ids, changed.ids),
            {name: joined(codes, changed.codes[name]) for name, codes in self.codes.items()},
            self.words,
            {name: joined(values, changed.numbers[name]) for name, values in self.numbers.items()},
            joined(self.removed, changed.removed),
            joined(self.favourite, changed.favourite),
            joined(self.texts, changed.texts),
            pairs(self.colours, changed.colours),
            pairs(self.tags, changed.tags),
        )
        if np.array_equal(self.ids, made.ids):
            alike = {name for name, values in self.numbers.items() if _same(values, made.numbers[name])}
            alike |= {name for name, codes in self.codes.items() if np.array_equal(codes, made.codes[name])}
            kept_orders = {
                sort: o for sort, o in self._orders.items() if sort.removeprefix("-") in alike | {"id"}
            }
            made._orders.update(kept_orders)
        return made


@dataclass(frozen=True)
class _Moment:
    """By what a state of the wardrobe is known: its last action, and how many garments it has."""

    action: int
    at: datetime | None
    garments: int


class ColumnCache:
    """The columns of one wardrobe, current at every call; several threads may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moment: _Moment | None = None
        self._columns: Columns | None = None

    def current(self, connection: Connection) -> Columns:
        """The columns as this connection sees the wardrobe."""
        now = _moment(connection)
        with self._lock:
            columns, moment = self._columns, self._moment
            if columns is None or moment is None or (now != moment and not _follows(connection, now, moment)):
                columns = _read_all(connection)
            elif now != moment:
                columns = _updated(connection, columns, _changed_since(connection, moment))
            if len(columns.ids) != now.garments:  # some went without a line in the history
                columns = _read_all(connection)
            self._columns, self._moment = columns, now
            return columns

    def forget(self) -> None:
        """Read everything again at the next call."""
        with self._lock:
            self._columns = self._moment = None


def _moment(connection: Connection) -> _Moment:
    last = connection.execute(
        select(history.c.id, history.c.at).order_by(history.c.id.desc()).limit(1)
    ).first()
    count = connection.execute(select(func.count()).select_from(garments)).scalar_one()
    return _Moment(0, None, count) if last is None else _Moment(last.id, last.at, count)


def _follows(connection: Connection, now: _Moment, before: _Moment) -> bool:
    """Whether all that happened between is in the history; an undo strikes out the last action."""
    if now.action <= before.action or before.at is None:
        return False
    return connection.execute(select(history.c.at).where(history.c.id == before.action)).scalar() == before.at


def _changed_since(connection: Connection, moment: _Moment) -> Integers:
    """The numbers of the garments that were changed by later actions, in order."""
    query = select(changes.c.table_name, changes.c.row_id, changes.c.before)
    tables = (garments.name, *_OF_GARMENTS)
    steps = connection.execute(
        query.where(changes.c.history_id > moment.action, changes.c.table_name.in_(tables))
    ).all()
    found = {step.row_id for step in steps if step.table_name == garments.name}
    found |= {step.before["garment_id"] for step in steps if "garment_id" in (step.before or {})}
    for name, table in _OF_GARMENTS.items():
        rows = [step.row_id for step in steps if step.table_name == name]
        for part in _batches(rows):
            found |= set(connection.execute(select(table.c.garment_id).where(table.c.id.in_(part))).scalars())
    return np.array(sorted(found), np.int64)


def _read_all(connection: Connection) -> Columns:
    return _read(connection, {name: Words() for name in (*_CODED, "tag")})


def _updated(connection: Connection, columns: Columns, changed: Integers) -> Columns:
    if len(changed) * 4 > len(columns.ids):
        return _read_all(connection)
    return columns.with_changed(changed, _read(connection, columns.words, changed))


def _read(connection: Connection, words: Mapping[str, Words], ids: Integers | None = None) -> Columns:
    """The garments of these numbers, or all; new words are added to `words`."""
    table = garments
    columns = [
        table.c.id,
        table.c.added_at,
        table.c.bought_on,
        table.c.price,
        table.c.removed_at,
        table.c.favourite,
    ]
    columns += [table.c.search_text, *(table.c[name] for name in _CODED)]
    rows: Sequence[Any] = _select(connection, columns, table.c.id, ids)
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    order = np.argsort(np.array(values[0], np.int64))

    def column(made: Iterable[Any], dtype: Any) -> npt.NDArray[Any]:
        return np.array(list(made), dtype)[order]

    found = column(values[0], np.int64)
    codes = {
        name: column(map(words[name].number, values[7 + place]), np.int64)
        for place, name in enumerate(_CODED)
    }
    texts = np.empty(len(rows), object)
    texts[:] = values[6]
    worn = {
        row[0]: (row[1], row[2])
        for row in _select(
            connection,
            [wears.c.garment_id, func.count(), func.max(wears.c.worn_on)],
            wears.c.garment_id,
            ids,
            group=wears.c.garment_id,
        )
    }
    numbers = {
        "added": column((_seconds(value) for value in values[1]), np.float64),
        "bought": column((_day(value) for value in values[2]), np.float64),
        "price": column((np.nan if value is None else float(value) for value in values[3]), np.float64),
        "worn": np.array([worn.get(key, (0, None))[0] for key in found.tolist()], np.float64),
        "last-worn": np.array([_day(worn.get(key, (0, None))[1]) for key in found.tolist()], np.float64),
    }
    seen = _select(
        connection,
        [garment_colours.c.garment_id, garment_colours.c.name],
        garment_colours.c.garment_id,
        ids,
        garment_colours.c.share >= SMALLEST_SHARE,
    )
    tagged = _select(
        connection, [garment_tags.c.garment_id, garment_tags.c.tag], garment_tags.c.garment_id, ids
    )
    colours = [(row[0], words["colour"].number(row[1])) for row in seen]
    main = np.stack((found, codes["colour"]), axis=1)
    return Columns(
        found,
        codes,
        words,
        numbers,
        column((value is not None for value in values[4]), np.bool_),
        column(values[5], np.bool_),
        texts[order],
        _unique_pairs(np.concatenate((main[main[:, 1] != _NO_WORD], _pairs(colours)))),
        _unique_pairs(_pairs([(row[0], words["tag"].number(row[1])) for row in tagged])),
    )


def _select(
    connection: Connection,
    columns: Sequence[Any],
    key: Any,
    ids: Integers | None,
    *conditions: ColumnElement[bool],
    group: Any = None,
) -> list[Any]:
    query = select(*columns).where(*conditions)
    if group is not None:
        query = query.group_by(group)
    if ids is None:
        return list(connection.execute(query).all())
    return [row for part in _batches(ids.tolist()) for row in connection.execute(query.where(key.in_(part)))]


def _batches(values: Sequence[int]) -> list[Sequence[int]]:
    return [values[start : start + _BATCH] for start in range(0, len(values), _BATCH)]


def _pairs(pairs: Sequence[tuple[int, int]]) -> Integers:
    return np.array(pairs, np.int64).reshape(-1, 2)


def _unique_pairs(pairs: Integers) -> Integers:
    return np.unique(pairs, axis=0) if len(pairs) else pairs


def _among(values: Integers, ids: Integers) -> Flags:
    found: Flags = np.isin(values, ids, kind="table") if len(ids) else np.zeros(len(values), np.bool_)
    return found


def _same(a: Floats, b: Floats) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


def _day(value: date | None) -> float:
    return np.nan if value is None else float(value.toordinal())
