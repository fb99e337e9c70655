"""What stands beside the pages: the API's reference and the colours' style sheet."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ewardrobe.attributes.vocabulary import colour_names, vocabulary
from ewardrobe.web.pages.showing import show

__all__ = ["router"]

router = APIRouter()


@router.get("/api", response_class=HTMLResponse)
def api_page(request: Request) -> Response:
    """The API's reference, made from its OpenAPI document: nothing is fetched from elsewhere."""
    document = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = {"path": path, "method": method.upper(), **operation}
            groups.setdefault(operation.get("tags", [""])[0], []).append(entry)
    return show(request, "api.html", groups=groups, about=document["info"]["description"])


@router.get("/colours.css")
def colour_styles() -> Response:
    """One class per colour name: a strict Content-Security-Policy allows no colours in the pages themselves."""
    return Response(
        _colour_styles(), media_type="text/css", headers={"Cache-Control": "private, max-age=86400"}
    )


@lru_cache(maxsize=1)
def _colour_styles() -> str:
    known = vocabulary()
    lines = [
        f".c-{name.replace(' ', '-')} {{ background: rgb({red} {green} {blue}) }}"
        for name, (red, green, blue) in zip(known.names, known.swatches.tolist(), strict=True)
    ]
    assert set(known.names) < set(colour_names())
    rainbow = "conic-gradient(#d33, #dc3, #3a4, #3ad, #63c, #d33)"
    return "\n".join([*lines, f".c-multicolour {{ background: {rainbow} }}"]) + "\n"
