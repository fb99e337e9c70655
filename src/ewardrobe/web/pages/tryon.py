"""The page on which garments are tried on; `static/try-on.js` calls the API."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ewardrobe.tryon import FITTED
from ewardrobe.web.api.models import PhotoOut
from ewardrobe.web.pages.showing import show
from ewardrobe.web.room import CurrentRoom
from ewardrobe.web.security import MAX_UPLOAD

__all__ = ["router"]

router = APIRouter()

_PHOTOS = 18


@router.get("/try-on", response_class=HTMLResponse)
def try_on_page(request: Request, room: CurrentRoom) -> Response:
    """A person's photo, the wardrobe to choose from, and the picture that comes of it."""
    photos = [PhotoOut.of(photo) for photo in room.wardrobe.photos()[:_PHOTOS]]
    return show(request, "try-on.html", photos=photos, fitted=FITTED, max_upload=MAX_UPLOAD)
