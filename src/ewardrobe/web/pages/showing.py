"""A template filled in, and the page that says what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.templating import Jinja2Templates
from starlette.responses import Response

__all__ = ["error_page", "show"]

_templates = Jinja2Templates(Path(__file__).parents[1] / "templates")
_ERRORS = {404: "There is no such page", 403: "Refused", 413: "Too large", 422: "That makes no sense"}


def error_page(request: Request, status: int, line: str) -> Response:
    """A page that says in one line what went wrong."""
    title = _ERRORS.get(status, "That did not work")
    return show(request, "error.html", status, title=title, line=line)


def show(request: Request, template: str, status: int = 200, /, **values: Any) -> Response:
    """A template of `templates/` as an answer; every page gets the token that its changes must carry."""
    room = request.app.state.room
    given = {**values, "token": room.token, "theme": room.wardrobe.settings.read().theme}
    return _templates.TemplateResponse(request, template, given, status)
