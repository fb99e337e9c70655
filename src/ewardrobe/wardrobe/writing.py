"""Garments into rows: what the owner typed, what a model said, and who may overwrite whom."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from ewardrobe.attributes.values import UNKNOWN, Attributes, Colour, Value
from ewardrobe.errors import NotFoundError
from ewardrobe.wardrobe.fields import AUTOMATIC_FIELDS
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.schema import garment_colours, garment_tags, garments, provenance
from ewardrobe.wardrobe.search import SEARCHED_COLUMNS, search_text

__all__ = ["insert_garment", "refresh_search_text", "set_automatic", "set_by_owner", "touch"]

_OWNER = Value("", 1.0, None, "owner")
_NAME_LIMIT = 60


def insert_garment(action: Action, values: Mapping[str, Any]) -> int:
    """An empty garment with these columns; returns its number."""
    defaults = {"quantity": 1, "status": "active", "favourite": False, "uid": uuid.uuid4().hex}
    return action.insert(garments, {**defaults, "added_at": action.at, "changed_at": action.at, **values})


def set_by_owner(action: Action, garment_id: int, values: Mapping[str, Any]) -> bool:
    """Set parsed fields (see `fields.parse_fields`) and mark them the owner's; False when nothing changed."""
    changed = False
    columns = dict(values)
    if "colour" in columns:
        palette: tuple[Colour, ...] = columns.pop("colour")
        changed |= _set_colours(action, garment_id, palette)
        columns["colour"] = palette[0].name if palette else None
    if "tags" in columns:
        rows = [{"tag": tag} for tag in columns.pop("tags")]
        changed |= _replace(action, garment_tags, garment_id, rows)
    changed |= action.update(garments, garment_id, columns)
    for field in set(values) & set(AUTOMATIC_FIELDS):
        changed |= _set_provenance(action, garment_id, field, _OWNER)
    return touch(action, garment_id) if changed else False


def set_automatic(
    action: Action, garment_id: int, label: Value | None, attributes: Attributes | None
) -> bool:
    """Set what a model or the pixels say, except where the owner has spoken; False when nothing changed."""
    owned = _owner_fields(action.connection, garment_id)
    found = {} if label is None else {"label": label}
    if attributes is not None:
        found |= {field: getattr(attributes, field) for field in AUTOMATIC_FIELDS if field != "label"}
    changed = False
    for field, value in found.items():
        if field in owned or value.name == UNKNOWN:
            continue
        changed |= action.update(garments, garment_id, {field: value.name[:_NAME_LIMIT]})
        changed |= _set_provenance(action, garment_id, field, value)
    if attributes is not None and attributes.colour.known and "colour" not in owned:
        changed |= _set_colours(action, garment_id, attributes.colours)
    return touch(action, garment_id) if changed else False


def touch(action: Action, garment_id: int) -> bool:
    """Note that a garment changed just now; always True."""
    refresh_search_text(action, garment_id)
    action.update(garments, garment_id, {"changed_at": action.at})
    return True


def refresh_search_text(action: Action, garment_id: int) -> None:
    """Bring what derives from a garment's fields up to date."""
    row = action.connection.execute(select(garments).where(garments.c.id == garment_id)).first()
    if row is None:
        raise NotFoundError(f"there is no garment {garment_id}")
    words = [row._mapping[name] for name in SEARCHED_COLUMNS]
    for table, column in ((garment_colours, garment_colours.c.name), (garment_tags, garment_tags.c.tag)):
        words += action.connection.execute(
            select(column).where(table.c.garment_id == garment_id).order_by(table.c.position)
        ).scalars()
    action.update(garments, garment_id, {"search_text": search_text(words)})


def _set_colours(action: Action, garment_id: int, colours: Iterable[Colour]) -> bool:
    rows = [
        {
            "name": colour.name,
            "share": float(colour.share),
            **dict(zip(("red", "green", "blue"), map(int, colour.rgb), strict=True)),
            **dict(zip(("lab_l", "lab_a", "lab_b"), map(float, colour.lab), strict=True)),
        }
        for colour in colours
    ]
    return _replace(action, garment_colours, garment_id, rows)


def _replace(action: Action, table: Table, garment_id: int, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Put these rows in the place of a garment's rows in `table`, unless they are the same."""
    query = select(table).where(table.c.garment_id == garment_id).order_by(table.c.position)
    present = [dict(row._mapping) for row in action.connection.execute(query)]
    if [{name: row[name] for name in new} for row, new in zip(present, rows, strict=False)] == list(
        rows
    ) and len(present) == len(rows):
        return False
    for row in present:
        action.delete(table, row["id"])
    for position, new in enumerate(rows):
        action.insert(table, {**new, "garment_id": garment_id, "position": position})
    return True


def _owner_fields(connection: Connection, garment_id: int) -> set[str]:
    query = select(provenance.c.field).where(
        provenance.c.garment_id == garment_id, provenance.c.source == "owner"
    )
    return set(connection.execute(query).scalars())


def _set_provenance(action: Action, garment_id: int, field: str, value: Value) -> bool:
    found = {
        "source": value.source,
        "confidence": float(value.confidence),
        "runner_up": value.runner_up and value.runner_up[:_NAME_LIMIT],
    }
    query = select(provenance.c.id).where(provenance.c.garment_id == garment_id, provenance.c.field == field)
    row_id = action.connection.execute(query).scalar()
    if row_id is not None:
        return action.update(provenance, row_id, found)
    action.insert(provenance, {**found, "garment_id": garment_id, "field": field})
    return True
