"""A wardrobe in numbers: how much of what, what is worn, and what it cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select

from ewardrobe.wardrobe.fields import PRESENT
from ewardrobe.wardrobe.records import Statistics
from ewardrobe.wardrobe.schema import garments, outfits, photos, wears

__all__ = ["compute_statistics"]

_MOST_WORN = 10
_CENT = Decimal("0.01")


def compute_statistics(connection: Connection) -> Statistics:
    """Count everything; see `Statistics`."""
    kept = garments.c.removed_at.is_(None)
    present = kept & garments.c.status.in_(PRESENT)
    worn = _worn(connection)
    rows = connection.execute(
        select(
            garments.c.id, garments.c.price, garments.c.currency, garments.c.bought_on, garments.c.quantity
        ).where(present)
    ).all()
    ids = [row.id for row in rows]
    here = set(ids)
    ranking = sorted(
        ((key, count) for key, count in worn.items() if key in here), key=lambda pair: (-pair[1], pair[0])
    )
    spending, by_year, by_month = _spending(connection)
    return Statistics(
        garments=len(ids),
        photos=_count(connection, photos),
        outfits=_count(connection, outfits, outfits.c.removed_at.is_(None)),
        by_type=_by(connection, func.coalesce(garments.c.type, garments.c.label), present),
        by_colour=_by(connection, garments.c.colour, present),
        by_season=_by(connection, garments.c.season, present),
        by_status=_by(connection, garments.c.status, kept),
        wears=sum(worn.values()),
        most_worn=tuple(ranking[:_MOST_WORN]),
        never_worn=tuple(key for key in sorted(ids) if key not in worn),
        cost_per_wear={
            row.id: (row.price * row.quantity / worn[row.id]).quantize(_CENT)
            for row in rows
            if row.price is not None and row.id in worn
        },
        spending=spending,
        spending_by_year=by_year,
        spending_by_month=by_month,
        least_worn=tuple(sorted(ranking, key=lambda pair: (pair[1], pair[0]))[:_MOST_WORN]),
        wears_by_month=_worn_by_month(connection),
        worn_by=_worn_by(connection, {key: count for key, count in worn.items() if key in here}),
    )


def _worn(connection: Connection) -> dict[int, int]:
    # A garment worn twice on one day, by itself and in an outfit, was worn once.
    days = func.count(wears.c.worn_on.distinct())
    query = select(wears.c.garment_id, days).group_by(wears.c.garment_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def _worn_by_month(connection: Connection) -> dict[str, int]:
    days = select(wears.c.worn_on, wears.c.garment_id).distinct()
    months: dict[str, int] = defaultdict(int)
    for day, _ in connection.execute(days.order_by(wears.c.worn_on)):
        months[f"{day:%Y-%m}"] += 1
    return dict(months)


def _worn_by(connection: Connection, worn: Mapping[int, int]) -> dict[str, dict[str, int]]:
    columns = {
        "type": func.coalesce(garments.c.type, garments.c.label),
        "colour": garments.c.colour,
        "season": garments.c.season,
    }
    rows = connection.execute(select(garments.c.id, *columns.values())).all()
    found: dict[str, dict[str, int]] = {}
    for place, name in enumerate(columns, start=1):
        counts: dict[str, int] = defaultdict(int)
        for row in rows:
            if row[0] in worn and row[place] is not None:
                counts[row[place]] += worn[row[0]]
        found[name] = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    return found


_Amounts = dict[str, dict[str, Decimal]]


def _spending(connection: Connection) -> tuple[dict[str, Decimal], _Amounts, _Amounts]:
    """What was paid, sold and lost garments included, per currency: in all, by year and by month of buying."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    years: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    months: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    query = select(garments.c.price, garments.c.currency, garments.c.bought_on, garments.c.quantity)
    for row in connection.execute(
        query.where(garments.c.removed_at.is_(None), garments.c.price.is_not(None)).order_by(garments.c.id)
    ):
        amount, currency = row.price * row.quantity, row.currency or ""
        total[currency] += amount
        years[str(row.bought_on.year) if row.bought_on else ""][currency] += amount
        if row.bought_on:
            months[f"{row.bought_on:%Y-%m}"][currency] += amount
    by_year, by_month = ({key: dict(part[key]) for key in sorted(part)} for part in (years, months))
    return dict(total), by_year, by_month


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())


def _by(connection: Connection, key: ColumnElement[Any], condition: ColumnElement[bool]) -> dict[str, int]:
    query = select(key, func.count()).where(condition, key.is_not(None)).group_by(key)
    return {row[0]: row[1] for row in connection.execute(query.order_by(func.count().desc(), key))}
