"""`create_app`: the routes, the checks before them, and what an error becomes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ewardrobe import __version__
from ewardrobe.errors import EwardrobeError
from ewardrobe.web import pages
from ewardrobe.web.api import BACKUP_PATHS, UPLOAD_PATHS, router
from ewardrobe.web.errors import public_line, public_text, status_of, validation_line
from ewardrobe.web.metrics import CountRequests, Metrics
from ewardrobe.web.room import Room
from ewardrobe.web.security import BodyLimit, Guard

__all__ = ["create_app"]

_ABOUT = (
    'Everything that the app\'s pages do. Errors are `{"detail": "one line"}`. Pictures and garments carry an `ETag`; '
    "an edit sent with `If-Match` is refused with 412 when the garment was changed meanwhile."
)
_log = logging.getLogger("ewardrobe.web")


def create_app(wardrobe_folder: Path | None = None, *, model: str | None = None) -> FastAPI:
    """The ASGI application for the wardrobe in a folder (`ewardrobe.wardrobe.home()` by default).

    `model` finds the garments, whatever the settings say; None takes the one of the settings. Photos that waited when
    the last server stopped are gone on with as soon as it is started. Raises `StoreError` when the wardrobe cannot be
    opened, or another server has it.
    """
    room = Room.open(wardrobe_folder, model)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        room.importer.start()
        try:
            yield
        finally:
            room.close()

    app = FastAPI(
        title="eWardrobe",
        version=__version__,
        description=_ABOUT,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.room = room
    app.include_router(router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(packages=[("ewardrobe.web", "static")]), name="static")
    metrics = Metrics(room.waiting)
    app.add_route("/metrics", metrics.answer, include_in_schema=False)
    app.add_middleware(BodyLimit, uploads=UPLOAD_PATHS, backups=BACKUP_PATHS)
    app.add_middleware(Guard, token=room.token)
    app.add_middleware(CountRequests, metrics=metrics)  # the outermost: refusals are counted, too
    app.add_exception_handler(EwardrobeError, _failed)
    app.add_exception_handler(OSError, _failed)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _broken)
    return app


def _failed(request: Request, error: Exception) -> Response:
    return _answer(request, status_of(error), public_line(error))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(request, error.status_code, public_text(str(error.detail)), dict(error.headers or {}))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _answer(request, 422, validation_line(error))


def _broken(request: Request, error: Exception) -> Response:
    _log.exception("unexpected", exc_info=error)
    return _answer(request, 500, public_line(error))


def _answer(request: Request, status: int, line: str, headers: dict[str, str] | None = None) -> Response:
    if request.url.path.startswith(("/api/", "/metrics")):
        return JSONResponse({"detail": line}, status, headers=headers)
    return pages.error_page(request, status, line)
