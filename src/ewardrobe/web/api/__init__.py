"""The HTTP API, version 1: a resource per module."""

from __future__ import annotations

from fastapi import APIRouter

from ewardrobe.web.api import bulk, cutouts, garments, images, photos, service, stateless
from ewardrobe.web.api.models import Answers, Problem

__all__ = ["UPLOAD_PATHS", "router"]

_PREFIX = "/api/v1"
_PROBLEMS: Answers = {
    code: {"model": Problem, "description": text}
    for code, text in ((403, "From another page, or without its token"), (422, "A value that makes no sense"))
}

router = APIRouter(prefix=_PREFIX, responses=_PROBLEMS)
for _module in (garments, bulk, cutouts, images, photos, service, stateless):
    router.include_router(_module.router)

UPLOAD_PATHS = frozenset(_PREFIX + path for path in ("/photos", "/segment", "/cutout"))
"""The paths that take a photo."""
