"""The pages. Each shows what the API tells; every change they make is a call of the API (`static/*.js`)."""

from __future__ import annotations

from fastapi import APIRouter

from ewardrobe.web.pages import (
    cutouts,
    live,
    offline,
    outfits,
    service,
    settings,
    today,
    tryon,
    wardrobe,
)
from ewardrobe.web.pages.showing import error_page

__all__ = ["error_page", "router"]

router = APIRouter(include_in_schema=False)
for _module in (wardrobe, outfits, live, offline, settings, service, cutouts, today, tryon):
    router.include_router(_module.router)
