"""Many garments changed at once."""

from __future__ import annotations

from fastapi import APIRouter

from ewardrobe.errors import UsageError
from ewardrobe.wardrobe import Filters
from ewardrobe.web.api.models import Answers, Problem
from ewardrobe.web.api.requests import BulkChange, BulkResult
from ewardrobe.web.room import CurrentRoom

__all__ = ["router"]

router = APIRouter(tags=["garments"])
_GONE: Answers = {404: {"model": Problem, "description": "One of them is not there; nothing was changed"}}


@router.patch("/garments", responses=_GONE)
def edit_garments(room: CurrentRoom, change: BulkChange) -> BulkResult:
    """Change many garments, given by `ids` or by a `query`, all of them or none; one step of undo.

    `set` holds fields as for one garment, `add_tags` and `drop_tags` leave the other tags as they are, `remove` takes
    the garments out of the wardrobe.
    """
    if (change.ids is None) == (change.query is None):
        raise UsageError("say which garments: either ids or a query")
    which = Filters(**change.query.model_dump()) if change.query is not None else change.ids or []
    fields = change.set.fields()
    with room.editing:
        if change.remove:
            if fields or change.add_tags or change.drop_tags:
                raise UsageError("either change the garments or remove them")
            return BulkResult(changed=room.wardrobe.many.remove(which))
        return BulkResult(
            changed=room.wardrobe.many.edit(
                which, add_tags=change.add_tags, drop_tags=change.drop_tags, **fields
            )
        )
