"""Numbers as bars, ready for a table with a bar in each row, and as columns over the months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["Bar", "Column", "Columns", "Line", "bars", "costs", "months", "months_by_currency", "spending"]


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: `percent` is the bar's length, 0..100, of the longest one."""

    name: Any
    value: Any
    percent: float


def bars(values: Mapping[Any, int | Decimal]) -> list[Bar]:
    """A bar per entry, in the order given."""
    longest = max(values.values(), default=0)
    return [
        Bar(name, value, round(float(value / longest * 100), 1) if longest else 0.0)
        for name, value in values.items()
    ]


def costs(
    per_wear: Mapping[int, Decimal], currencies: Mapping[int, str | None], *, most: int = 10
) -> dict[str, list[Bar]]:
    """By currency, a bar for each of the garments (by number) that cost most per wear, the dearest first."""
    found: dict[str, dict[int, Decimal]] = {}
    for number, cost in sorted(per_wear.items(), key=lambda pair: (-pair[1], pair[0])):
        found.setdefault(currencies[number] or "", {})[number] = cost
    return {currency: bars(dict(list(rows.items())[:most])) for currency, rows in sorted(found.items())}


def spending(by_year: Mapping[str, Mapping[str, Decimal]]) -> dict[str, list[Bar]]:
    """By currency, a bar per year; amounts of different currencies are never compared."""
    currencies = sorted({currency for amounts in by_year.values() for currency in amounts})
    return {
        currency: bars({year: amounts[currency] for year, amounts in by_year.items() if currency in amounts})
        for currency in currencies
    }


@dataclass(frozen=True, slots=True)
class Column:
    """One month: where its rectangle stands; `label` is what is written below it, where there is room."""

    name: str
    value: Any
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A grid line and its label."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns over months in a drawing of `width` by `height` units; `left` is where the grid starts."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    spoken: str
    width: int = 720
    height: int = 220
    left: int = 64


_TOP, _BOTTOM = 22, 34
_LABELS = 6


def months(values: Mapping[str, int | Decimal], *, most: int = 24) -> Columns | None:
    """The last `most` months ("2026-05") up to the last one with a value, those without one too; None for nothing."""
    if not values:
        return None
    last = max(values)
    names = [_earlier(last, back) for back in range(most)][::-1]
    names = names[min(number for number, name in enumerate(names) if name in values) :]
    shown = [values.get(name, 0) for name in names]
    top = _round_up(max(map(float, shown)))
    empty = Columns((), (), "")
    floor, room = empty.height - _BOTTOM, empty.height - _TOP - _BOTTOM
    step = min(130.0, (empty.width - empty.left) / len(names))
    every = -(-len(names) // _LABELS)
    columns = tuple(
        Column(
            name,
            value,
            round(empty.left + step * number + step * 0.2, 1),
            round(floor - room * float(value) / top, 1),
            round(step * 0.6, 1),
            round(room * float(value) / top, 1),
            f"{name[5:]}/{name[2:4]}" if (len(names) - 1 - number) % every == 0 else "",
        )
        for number, (name, value) in enumerate(zip(names, shown, strict=True))
    )
    lines = tuple(Line(round(floor - room * share, 1), f"{top * share:g}") for share in (0, 0.5, 1))
    spoken = f"{names[0]} to {names[-1]}, most {max(shown)}"
    return Columns(columns, lines, spoken)


def months_by_currency(by_month: Mapping[str, Mapping[str, Decimal]]) -> dict[str, Columns]:
    """By currency, a column per month."""
    currencies = sorted({currency for amounts in by_month.values() for currency in amounts})
    found = {
        currency: months(
            {month: amounts[currency] for month, amounts in by_month.items() if currency in amounts}
        )
        for currency in currencies
    }
    return {currency: chart for currency, chart in found.items() if chart is not None}


def _earlier(month: str, back: int) -> str:
    count = int(month[:4]) * 12 + int(month[5:]) - 1 - back
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, ... times a power of ten, at least 2, so that half of it is a plain number."""
    size = 1.0
    while True:
        for factor in (2, 4, 10):
            if value <= factor * size:
                return factor * size
        size *= 10
