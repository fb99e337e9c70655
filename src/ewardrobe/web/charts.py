"""Numbers as bars: the share of the longest bar that each one has, ready for a table with a bar in each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["Bar", "bars", "spending"]


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


def spending(by_year: Mapping[str, Mapping[str, Decimal]]) -> dict[str, list[Bar]]:
    """By currency, a bar per year; amounts of different currencies are never compared."""
    currencies = sorted({currency for amounts in by_year.values() for currency in amounts})
    return {
        currency: bars({year: amounts[currency] for year, amounts in by_year.items() if currency in amounts})
        for currency in currencies
    }
