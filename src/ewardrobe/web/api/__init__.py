"""The HTTP API, version 1: a resource per module."""

from __future__ import annotations

from fastapi import APIRouter

from ewardrobe.web.api import (
    bulk,
    cutouts,
    garments,
    images,
    live,
    outfits,
    photos,
    service,
    settings,
    stateless,
    stylist,
    tryon,
    wears,
)
from ewardrobe.web.api.models import Answers, Problem

__all__ = ["API_PREFIX", "BACKUP_PATHS", "UPLOAD_PATHS", "router"]

API_PREFIX = "/api/v1"
_PROBLEMS: Answers = {
    code: {"model": Problem, "description": text}
    for code, text in ((403, "From another page, or without its token"), (422, "A value that makes no sense"))
}

router = APIRouter(prefix=API_PREFIX, responses=_PROBLEMS)
for _module in (
    garments,
    outfits,
    wears,
    images,
    live,
    photos,
    settings,
    service,
    stateless,
    bulk,
    cutouts,
    stylist,
    tryon,
):
    router.include_router(_module.router)

UPLOAD_PATHS = frozenset(
    API_PREFIX + path
    for path in ("/photos", "/photos/match", "/photos/worn", "/segment", "/cutout", "/try-on")
)
"""The paths that take a photo."""

BACKUP_PATHS = frozenset({f"{API_PREFIX}/restore"})
"""The paths that take a whole wardrobe."""
