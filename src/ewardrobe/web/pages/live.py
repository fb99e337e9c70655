"""The live view: the camera's picture, and what one or two models see in it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ewardrobe.tryon import FITTED
from ewardrobe.web.pages.showing import show
from ewardrobe.web.room import CurrentRoom
from ewardrobe.web.security import LIVE_PROTOCOL, STALE_PAGE, TOKEN_PROTOCOL

__all__ = ["router"]

router = APIRouter()


@router.get("/live", response_class=HTMLResponse)
def live_page(request: Request, room: CurrentRoom) -> Response:
    """The panes and their switches; `static/live.js` runs the camera, `static/live-worker.js` the socket."""
    return show(
        request,
        "live.html",
        fitted=FITTED,
        choices=room.live.models.choices(),
        protocol=LIVE_PROTOCOL,
        token_protocol=TOKEN_PROTOCOL,
        stale=STALE_PAGE,
    )
