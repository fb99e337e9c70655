"""Numbers as bars: the share of the longest bar that each one has, ready for a table with a bar in each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["Bar", "bars", "costs", "spending"]


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
