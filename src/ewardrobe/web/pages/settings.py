"""The page of settings, with backup and restore."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ewardrobe.segmentation import models
from ewardrobe.taxonomy import map_names
from ewardrobe.wardrobe import SLOTS
from ewardrobe.wardrobe.settings import THEMES
from ewardrobe.wardrobe.vocabulary import shipped_vocabulary
from ewardrobe.web.pages.showing import show
from ewardrobe.web.room import CurrentRoom

__all__ = ["router"]

router = APIRouter()


@router.get("/settings", response_class=HTMLResponse)
def settings_page(request: Request, room: CurrentRoom) -> Response:
    """What the owner may choose; `static/settings.js` saves each choice."""
    settings = room.wardrobe.settings.read()
    return show(
        request,
        "settings.html",
        settings=settings,
        models=_models(settings.model),
        slots=SLOTS,
        themes=THEMES,
        colours=shipped_vocabulary().colours,
        numbers=room.wardrobe.stats(),
    )


def _models(chosen: str) -> dict[str, str]:
    """The models on this machine that find garments of the taxonomy `wardrobe`, with their titles."""
    mapped = {source for source, target in map_names() if target == "wardrobe"} | {"wardrobe"}
    found = {
        item.name: item.title
        for item in models()
        if item.installed and item.description is not None and item.description.taxonomy in mapped
    }
    return found if chosen in found else {chosen: chosen, **found}
