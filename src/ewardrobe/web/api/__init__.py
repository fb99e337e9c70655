"""The HTTP API, version 1: a resource per module."""

from __future__ import annotations

from fastapi import APIRouter

from ewardrobe.web.api import bulk, cutouts, garments, images, live, photos, service, stateless, stylist
from ewardrobe.web.api.models import Answers, Problem

__all__ = ["API_PREFIX", "UPLOAD_PATHS", "router"]

API_PREFIX = "/api/v1"
_PROBLEMS: Answers = {
    code: {"model": Problem, "description": text}
    for code, text in ((403, "From another page, or without its token"), (422, "A value that makes no sense"))
}

router = APIRouter(prefix=API_PREFIX, responses=_PROBLEMS)
for _module in (garments, images, live, photos, service, stateless, bulk, cutouts, stylist):
    router.include_router(_module.router)

UPLOAD_PATHS = frozenset(API_PREFIX + path for path in ("/photos", "/segment", "/cutout"))
"""The paths that take a photo."""
