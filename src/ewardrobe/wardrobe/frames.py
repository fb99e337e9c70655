"""Garments as a pandas DataFrame; the only module of the room that needs pandas, imported when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ewardrobe.wardrobe.records import OwnedGarment

__all__ = ["garments_frame"]

_PLAIN = (
    "id", "title", "name", "label", "type", "colour", "pattern", "material", "style", "occasion", "season", "brand",
    "size", "currency", "notes", "quantity", "status", "status_reason", "favourite", "wear_count",
)  # fmt: skip
_TIMES = ("bought_on", "last_worn", "added_at", "changed_at")


def garments_frame(garments: Sequence[OwnedGarment]) -> pd.DataFrame:
    """One row per garment; `colours` and `tags` are lists, dates are timestamps, `picture` is a path."""
    columns: dict[str, Any] = {name: [getattr(item, name) for item in garments] for name in _PLAIN}
    columns["price"] = pd.array(
        [None if item.price is None else float(item.price) for item in garments], dtype="Float64"
    )
    columns["colours"] = [[colour.name for colour in item.colours] for item in garments]
    columns["tags"] = [list(item.tags) for item in garments]
    for name in _TIMES:
        columns[name] = pd.to_datetime([getattr(item, name) for item in garments], errors="coerce")
    columns["picture"] = [None if item.picture is None else str(item.picture) for item in garments]
    return pd.DataFrame(columns)
