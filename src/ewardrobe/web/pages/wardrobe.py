"""The pages of garments: the grid, one garment, adding, statistics."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ewardrobe.attributes.vocabulary import vocabulary
from ewardrobe.errors import UsageError
from ewardrobe.wardrobe import FACETS, STATUSES
from ewardrobe.web import charts
from ewardrobe.web.api.models import GarmentOut, Number, version_of
from ewardrobe.web.pages.showing import show
from ewardrobe.web.queries import PER_PAGE, Browsing
from ewardrobe.web.room import CurrentRoom
from ewardrobe.web.security import MAX_UPLOAD

__all__ = ["router"]

router = APIRouter()

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


@router.get("/", response_class=HTMLResponse)
def wardrobe_page(request: Request, room: CurrentRoom) -> Response:
    """The grid, with facets, search, sort and pages."""
    asked = Browsing.of(request.query_params)
    page = room.wardrobe.browse(
        asked.text, offset=(asked.page - 1) * PER_PAGE, limit=PER_PAGE, sort=asked.sort, **asked.filters
    )
    return show(
        request,
        "wardrobe.html",
        asked=asked,
        query={"text": asked.text, **asked.filters},
        choices={name: _choices(name, page.facets[name]) for name in ("type", "season", "occasion")},
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
    return show(
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
    return show(request, "add.html", max_upload=MAX_UPLOAD)


@router.get("/statistics", response_class=HTMLResponse)
def statistics_page(request: Request, room: CurrentRoom) -> Response:
    """Bars, each a row of a table."""
    numbers = room.wardrobe.stats()
    shown = [*(key for key, _ in numbers.most_worn), *numbers.never_worn[:24], *numbers.cost_per_wear]
    garments = {key: GarmentOut.of(room.wardrobe.get(key)) for key in dict.fromkeys(shown)}
    return show(
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
