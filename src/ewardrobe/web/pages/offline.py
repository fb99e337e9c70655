"""The installed app: the service worker, and the page that it shows while the server is not running."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ewardrobe.web.pages.showing import show

__all__ = ["router"]

router = APIRouter()
_ROOM = Path(__file__).parents[1]
_WORKER = "service-worker.js"
_STYLES = "/colours.css"


@router.get("/offline", response_class=HTMLResponse)
def offline_page(request: Request) -> Response:
    """Kept by browsers, so it holds nothing of the wardrobe, nor the token."""
    return show(request, "offline.html")


@router.get(f"/{_WORKER}")
def service_worker() -> Response:
    """`static/service-worker.js` and what it keeps. A worker rules the addresses below its own: hence the root."""
    return Response(_service_worker(), media_type="text/javascript")


@lru_cache(maxsize=1)
def _service_worker() -> str:
    static = _ROOM / "static"
    files = sorted(path for path in static.rglob("*") if path.is_file() and path.name != _WORKER)
    worker = (static / _WORKER).read_text(encoding="utf-8")
    # A worker that differs by a byte is a new one: the version changes with any file, and with the offline page.
    digest = hashlib.sha256(worker.encode())
    for path in (*files, _ROOM / "templates" / "offline.html"):
        digest.update(path.read_bytes())
    addresses = [_STYLES, *(f"/static/{path.relative_to(static).as_posix()}" for path in files)]
    shell = {"version": f"shell-{digest.hexdigest()[:16]}", "files": addresses}
    return f"const SHELL = {json.dumps(shell)};\n{worker}"
