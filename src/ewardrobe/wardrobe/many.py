"""Many garments at once: one transaction, one step of `undo`, whatever their number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.wardrobe import writing
from ewardrobe.wardrobe.fields import parse_fields
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.schema import garment_tags, garments
from ewardrobe.wardrobe.search import Filters, find_ids
from ewardrobe.wardrobe.storage import Storage

__all__ = ["Many"]

Which = Sequence[int] | Filters
_BATCH = 500
_SHOWN = 80


class Many:
    """Verbs for many garments: `wardrobe.many`.

    `which` garments is a list of numbers, or `Filters` as `find` compares them. Where one of the numbers is not in the
    wardrobe, nothing is changed and `NotFoundError` names it.

    Examples:
        wardrobe.many.edit([3, 8, 12], status="archived", status_reason="winter", add_tags=["box 4"])
        wardrobe.many.edit(Filters(season="winter"), status="archived")
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def edit(
        self, which: Which, *, add_tags: Iterable[str] = (), drop_tags: Iterable[str] = (), **fields: Any
    ) -> int:
        """Set fields of every garment, as `Wardrobe.edit` does for one, and add or take away tags; how many changed.

        Raises `UsageError` for a field or value there is not, or when nothing is to be changed.
        """
        values = parse_fields(fields)
        more, less = (parse_fields({"tags": list(tags)})["tags"] for tags in (add_tags, drop_tags))
        if not (values or more or less):
            raise UsageError("say what to change")
        if "tags" in values and (more or less):
            raise UsageError("either set the tags, or add and take away some")
        with self._storage.acting("edit") as action:
            ids = _chosen(action.connection, which)
            present = _tags(action.connection, ids) if more or less else {}
            changed = 0
            for garment_id in ids:
                own = present.get(garment_id, ())
                tags = tuple(dict.fromkeys([*(tag for tag in own if tag not in less), *more]))
                wanted = values if tags == own else {**values, "tags": tags}
                changed += bool(wanted) and writing.set_by_owner(action, garment_id, wanted)
            _name(action, changed, [*values, *(["tags"] if more or less else [])])
        return changed

    def remove(self, which: Which) -> int:
        """Take them out of the wardrobe; `undo` brings all of them back. How many there were."""
        with self._storage.acting("remove") as action:
            ids = _chosen(action.connection, which)
            for garment_id in ids:
                action.update(garments, garment_id, {"removed_at": action.at})
            _name(action, len(ids), [])
        return len(ids)


def _chosen(connection: Connection, which: Which) -> list[int]:
    if isinstance(which, Filters):
        if which.status == "removed":
            raise UsageError("removed garments cannot be changed")
        return find_ids(connection, which, "id")
    ids = list(dict.fromkeys(which))
    here = set()
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        query = select(garments.c.id).where(garments.c.id.in_(batch), garments.c.removed_at.is_(None))
        here |= set(connection.execute(query).scalars())
    missing = [garment_id for garment_id in ids if garment_id not in here]
    if missing:
        raise NotFoundError(f"there is no garment {missing[0]}; nothing was changed")
    return ids


def _tags(connection: Connection, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The tags of each garment, in order."""
    found: dict[int, tuple[str, ...]] = {}
    wanted = set(ids)
    query = select(garment_tags.c.garment_id, garment_tags.c.tag).order_by(garment_tags.c.position)
    for garment_id, tag in connection.execute(query):
        if garment_id in wanted:
            found[garment_id] = (*found.get(garment_id, ()), tag)
    return found


def _name(action: Action, count: int, fields: list[str]) -> None:
    """The line of the history."""
    what = ", ".join(fields)[:_SHOWN]
    action.detail = f"{count} garment{'' if count == 1 else 's'}{': ' if what else ''}{what}"
