"""The pages of garments: the grid, one garment, adding, statistics."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ewardrobe.errors import UsageError
from ewardrobe.wardrobe import FACETS, STATUSES, Vocabulary
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
        choices=_choices(room.wardrobe.settings.read().vocabulary, page.facets),
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
        choices=_choices(room.wardrobe.settings.read().vocabulary, facets),
        statuses=STATUSES,
        last_change=next(iter(room.wardrobe.history(1)), None),
    )


@router.get("/add", response_class=HTMLResponse)
def add_page(request: Request) -> Response:
    """Photos in; `static/add.js` keeps the list of what was handed in up to date."""
    return show(request, "add.html", max_upload=MAX_UPLOAD)


@router.get("/statistics", response_class=HTMLResponse)
def statistics_page(request: Request, room: CurrentRoom) -> Response:
    """Bars, each a row of a table, and columns over the months with their table below."""
    numbers = room.wardrobe.stats()
    worn = [key for key, _ in (*numbers.most_worn, *numbers.least_worn)]
    shown = room.wardrobe.get_all([*worn, *numbers.never_worn[:24], *numbers.cost_per_wear])
    garments = {key: GarmentOut.of(garment) for key, garment in shown.items()}
    return show(
        request,
        "statistics.html",
        numbers=numbers,
        garments=garments,
        counts=[
            (title, key.removeprefix("by_"), charts.bars(getattr(numbers, key))) for key, title in _STATISTICS
        ],
        most_worn=charts.bars(dict(numbers.most_worn)),
        least_worn=charts.bars(dict(numbers.least_worn)),
        worn_per_month=charts.months(numbers.wears_by_month),
        worn_by=[
            (f"Worn by {field}", field, charts.bars(numbers.worn_by[field]))
            for field in ("type", "colour", "season")
        ],
        spent_per_month=charts.months_by_currency(numbers.spending_by_month),
        cost_per_wear=charts.costs(
            numbers.cost_per_wear, {key: garment.currency for key, garment in garments.items()}
        ),
        spending=charts.spending(numbers.spending_by_year),
    )


def _choices(words: Vocabulary, used: Mapping[str, Mapping[str, int]]) -> dict[str, list[str]]:
    """What each field may be filled with: the vocabulary, where there is one, and what is in use."""
    from ewardrobe.attributes.garment_types import type_vocabulary

    shipped = type_vocabulary()
    known: dict[str, tuple[str, ...]] = {
        "type": words.types,
        "colour": words.colours,
        "season": shipped.seasons,
        "style": tuple(shipped.styles),
    }
    return {
        field: sorted({*known.get(field, ()), *(used[field] if field != "colour" else ())})
        for field in _TEXT_FIELDS
    }
