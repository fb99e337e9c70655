"""A wardrobe in numbers: how much of what, what is worn, and what it cost."""

from __future__ import annotations

from collections import defaultdict
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
    spending, by_year = _spending(connection)
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
    )


def _worn(connection: Connection) -> dict[int, int]:
    # A garment worn twice on one day, by itself and in an outfit, was worn once.
    days = func.count(wears.c.worn_on.distinct())
    query = select(wears.c.garment_id, days).group_by(wears.c.garment_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def _spending(connection: Connection) -> tuple[dict[str, Decimal], dict[str, dict[str, Decimal]]]:
    """What was paid, sold and lost garments included, per currency, in all and by year of buying."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    years: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    query = select(garments.c.price, garments.c.currency, garments.c.bought_on, garments.c.quantity)
    for row in connection.execute(
        query.where(garments.c.removed_at.is_(None), garments.c.price.is_not(None)).order_by(garments.c.id)
    ):
        amount, currency = row.price * row.quantity, row.currency or ""
        total[currency] += amount
        years[str(row.bought_on.year) if row.bought_on else ""][currency] += amount
    return dict(total), {year: dict(years[year]) for year in sorted(years)}


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())


def _by(connection: Connection, key: ColumnElement[Any], condition: ColumnElement[bool]) -> dict[str, int]:
    query = select(key, func.count()).where(condition, key.is_not(None)).group_by(key)
    return {row[0]: row[1] for row in connection.execute(query.order_by(func.count().desc(), key))}
