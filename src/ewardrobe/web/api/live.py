"""The live view: which models there are to look through, and the socket for frames and masks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket
from pydantic import BaseModel

from ewardrobe.web.live.session import MAX_SOCKETS, converse
from ewardrobe.web.room import CurrentRoom, Room
from ewardrobe.web.security import LIVE_PROTOCOL

__all__ = ["router"]

router = APIRouter(tags=["live"])
_TRY_AGAIN_LATER = 1013


class LiveModel(BaseModel):
    """A model at one of its sizes."""

    id: str
    title: str
    licence: str
    pixels: int


@router.get("/live/models")
def live_models(room: CurrentRoom) -> list[LiveModel]:
    """What a camera's picture can be looked at through: every installed model at each of its sizes.

    `pixels` is the longer side that it sees. Frames go over the socket `/api/v1/live`: see the reference, HTTP.
    """
    return [
        LiveModel(id=choice.id, title=choice.title, licence=choice.licence, pixels=choice.pixels)
        for choice in room.live.models.choices()
    ]


def _room_of(socket: WebSocket) -> Room:
    room: Room = socket.app.state.room
    return room


@router.websocket("/live")
async def live(socket: WebSocket, room: Annotated[Room, Depends(_room_of)]) -> None:
    """Frames in, masks out (see `ewardrobe.web.live.session`)."""
    offered = socket.scope.get("subprotocols", ())
    await socket.accept(LIVE_PROTOCOL if LIVE_PROTOCOL in offered else None)
    with room.live.place() as taken:
        if taken:
            await converse(socket, room.live)
        else:
            line = f"{MAX_SOCKETS} live views are open already; close one of them"
            await socket.close(_TRY_AGAIN_LATER, line)
