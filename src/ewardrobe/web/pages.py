"""The pages. Each shows what the API tells; every change they make is a call of the API (`static/*.js`)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from starlette.responses import Response

from ewardrobe.attributes.vocabulary import colour_names, vocabulary
from ewardrobe.errors import UsageError
from ewardrobe.wardrobe import FACETS, STATUSES
from ewardrobe.web import charts
from ewardrobe.web.api.models import GarmentOut, Number, version_of
from ewardrobe.web.queries import PER_PAGE, Browsing
from ewardrobe.web.room import CurrentRoom
from ewardrobe.web.security import MAX_UPLOAD

__all__ = ["error_page", "router"]

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(Path(__file__).parent / "templates")

_SORTS = {
    "-added": "Newest first",
    "added": "Oldest first",
    "name": "Name",
    "type": "Type",
    "colour": "Colour",
    "-worn": "Most worn",
    "worn": "Least worn",
    "last-worn": "Longest not worn",
    "-price": "Dearest first",
    "price": "Cheapest first",
}
_TEXT_FIELDS = ("type", "colour", "pattern", "material", "style", "season", "occasion")
_OWN_FIELDS = ("brand", "size", "price", "currency")
_SHOWN_ALIKE = 6
_STATISTICS = (("by_type", "Type"), ("by_colour", "Colour"), ("by_season", "Season"), ("by_status", "Status"))
_ERRORS = {404: "There is no such page", 403: "Refused", 413: "Too large", 422: "That makes no sense"}


@router.get("/", response_class=HTMLResponse)
def wardrobe_page(request: Request, room: CurrentRoom) -> Response:
    """The grid, with facets, search, sort and pages."""
    asked = Browsing.of(request.query_params)
    page = room.wardrobe.browse(
        asked.text, offset=(asked.page - 1) * PER_PAGE, limit=PER_PAGE, sort=asked.sort, **asked.filters
    )
    return _show(
        request,
        "wardrobe.html",
        asked=asked,
        garments=[GarmentOut.of(garment) for garment in page.garments],
        total=page.total,
        pages=max(1, -(-page.total // PER_PAGE)),
        facets={name: asked.facet(name, page.facets[name]) for name in FACETS},
        sorts=_SORTS,
        last_change=next(iter(room.wardrobe.history(1)), None),
    )


@router.get("/garments/{garment_id}", response_class=HTMLResponse)
def garment_page(request: Request, room: CurrentRoom, garment_id: Number) -> Response:
    """One garment: its pictures, every value with who set it, and a form to change them."""
    garment = room.wardrobe.get(garment_id)
    try:
        alike = room.wardrobe.similar(garment_id, limit=_SHOWN_ALIKE)
    except UsageError:  # it has no photo to compare
        alike = []
    facets = room.wardrobe.browse(limit=0, status="any").facets
    return _show(
        request,
        "garment.html",
        garment=GarmentOut.of(garment),
        version=version_of(garment),
        alike=[GarmentOut.of(other) for other in alike],
        text_fields=_TEXT_FIELDS,
        own_fields=_OWN_FIELDS,
        choices={name: _choices(name, facets[name]) for name in _TEXT_FIELDS},
        statuses=STATUSES,
        last_change=next(iter(room.wardrobe.history(1)), None),
    )


@router.get("/add", response_class=HTMLResponse)
def add_page(request: Request) -> Response:
    """Photos in; `static/add.js` keeps the list of what was handed in up to date."""
    return _show(request, "add.html", max_upload=MAX_UPLOAD)


@router.get("/statistics", response_class=HTMLResponse)
def statistics_page(request: Request, room: CurrentRoom) -> Response:
    """Bars, each a row of a table."""
    numbers = room.wardrobe.stats()
    shown = [*(key for key, _ in numbers.most_worn), *numbers.never_worn[:24], *numbers.cost_per_wear]
    garments = {key: GarmentOut.of(room.wardrobe.get(key)) for key in dict.fromkeys(shown)}
    return _show(
        request,
        "statistics.html",
        numbers=numbers,
        garments=garments,
        counts=[
            (title, key.removeprefix("by_"), charts.bars(getattr(numbers, key))) for key, title in _STATISTICS
        ],
        most_worn=charts.bars(dict(numbers.most_worn)),
        cost_per_wear=charts.costs(
            numbers.cost_per_wear, {key: garment.currency for key, garment in garments.items()}
        ),
        spending=charts.spending(numbers.spending_by_year),
    )


@router.get("/api", response_class=HTMLResponse)
def api_page(request: Request) -> Response:
    """The API's reference, made from its OpenAPI document: nothing is fetched from elsewhere."""
    document = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = {"path": path, "method": method.upper(), **operation}
            groups.setdefault(operation.get("tags", [""])[0], []).append(entry)
    return _show(request, "api.html", groups=groups, about=document["info"]["description"])


@router.get("/colours.css")
def colour_styles() -> Response:
    """One class per colour name: a strict Content-Security-Policy allows no colours in the pages themselves."""
    return Response(
        _colour_styles(), media_type="text/css", headers={"Cache-Control": "private, max-age=86400"}
    )


def error_page(request: Request, status: int, line: str) -> Response:
    """A page that says in one line what went wrong."""
    title = _ERRORS.get(status, "That did not work")
    return _show(request, "error.html", status, title=title, line=line)


def _show(request: Request, template: str, status: int = 200, /, **values: Any) -> Response:
    token = request.app.state.room.token
    return _templates.TemplateResponse(request, template, {**values, "token": token}, status)


def _choices(field: str, used: dict[str, int]) -> list[str]:
    """What a field may be filled with: the vocabulary, where there is one, and what is in use."""
    from ewardrobe.attributes.garment_types import type_vocabulary

    types = type_vocabulary()
    known: dict[str, tuple[str, ...]] = {
        "type": types.names,
        "colour": vocabulary().names,
        "season": types.seasons,
        "style": tuple(types.styles),
    }
    return sorted({*known.get(field, ()), *(value for value in used if field != "colour")})


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
