"""The rest: undo, history, statistics, and whether the server is there."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from ewardrobe import __version__
from ewardrobe.web.api.models import Change, Health, StatisticsOut, Undone
from ewardrobe.web.room import CurrentRoom

__all__ = ["router"]

router = APIRouter(tags=["the whole"])


@router.post("/undo")
def undo(room: CurrentRoom) -> Undone:
    """Take back the latest change, whichever it was."""
    with room.editing:
        entry = room.wardrobe.undo()
    return Undone(undone=None if entry is None else Change.of(entry))


@router.get("/history")
def history(room: CurrentRoom) -> list[Change]:
    """The changes that can be taken back, the next one first."""
    return [Change.of(entry) for entry in room.wardrobe.history()]


@router.get("/statistics")
def statistics(room: CurrentRoom) -> StatisticsOut:
    """Counts, wears and spending."""
    return StatisticsOut(**asdict(room.wardrobe.stats()))


@router.get("/health")
def health(room: CurrentRoom) -> Health:
    """200 when the wardrobe can be read; `waiting` photos are on their way in."""
    room.wardrobe.history(1)
    return Health(status="ok", version=__version__, waiting=room.waiting())
