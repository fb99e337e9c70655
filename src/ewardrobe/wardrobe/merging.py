"""Two garments that are one: everything that hangs on the one goes over to the other."""

from __future__ import annotations

from sqlalchemy import select

from ewardrobe.errors import UsageError
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.schema import appearances, garments, outfit_items, wears

__all__ = ["merge_garments"]


def merge_garments(action: Action, kept: int, other: int) -> None:
    """Move appearances, wears and places in outfits from `other` to `kept`, then remove `other`."""
    if kept == other:
        raise UsageError(f"garment {kept} cannot be merged with itself")
    connection = action.connection
    for table in (appearances, wears, outfit_items):
        for row in connection.execute(select(table).where(table.c.garment_id == other)).all():
            if table is outfit_items and _already_in(action, row.outfit_id, kept):
                action.delete(table, row.id)
            else:
                action.update(table, row.id, {"garment_id": kept})
    action.update(garments, kept, {"changed_at": action.at})
    action.update(garments, other, {"removed_at": action.at})


def _already_in(action: Action, outfit_id: int, garment_id: int) -> bool:
    same = (outfit_items.c.outfit_id == outfit_id) & (outfit_items.c.garment_id == garment_id)
    return action.connection.execute(select(outfit_items.c.id).where(same)).first() is not None
