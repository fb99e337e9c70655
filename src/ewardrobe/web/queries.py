"""What the grid's address asks for, and the addresses that ask for a little more or less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ewardrobe.errors import UsageError
from ewardrobe.wardrobe import FACETS

__all__ = ["PER_PAGE", "Browsing", "Choice"]

PER_PAGE = 60
_LAST_PAGE = 100_000
_WORDS = (*FACETS, "label", "brand", "tag")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet: how many garments have it, whether it is asked for, and where a click on it leads."""

    value: str
    count: int
    chosen: bool
    address: str


@dataclass(frozen=True, slots=True)
class Browsing:
    """The grid's address, taken apart."""

    text: str | None
    filters: dict[str, Any]
    sort: str
    page: int

    @classmethod
    def of(cls, params: Mapping[str, str]) -> Browsing:
        """From an address's parameters; those without a value, or unknown, are left out. Raises `UsageError`."""
        filters: dict[str, Any] = {
            name: params[name][:_LONGEST] for name in _WORDS if params.get(name, "").strip()
        }
        if params.get("favourite") == "yes":
            filters["favourite"] = True
        page = params.get("page", "1")
        if not (page.isascii() and page.isdigit() and 1 <= int(page[:7]) <= _LAST_PAGE and len(page) < 7):
            raise UsageError(f"there is no page {page[:20]!r}")
        return cls(
            params.get("text", "").strip()[:_LONGEST] or None,
            filters,
            params.get("sort") or "-added",
            int(page),
        )

    def address(self, **changes: Any) -> str:
        """The address with some parameters changed (None leaves one out), on the first page unless told."""
        values: dict[str, Any] = {"text": self.text, **self.filters, "sort": self.sort, "page": 1, **changes}
        if values.get("favourite") is True:
            values["favourite"] = "yes"
        usual = {"sort": "-added", "page": 1}
        kept = {name: value for name, value in values.items() if value and value != usual.get(name)}
        return f"/?{urlencode(kept)}" if kept else "/"

    def facet(self, field: str, counts: Mapping[str, int]) -> list[Choice]:
        """The choices of a field, the one asked for always among them."""
        asked = self.filters.get(field)
        shown = dict(counts)
        if asked is not None:
            shown.setdefault(asked, 0)
        return [
            Choice(value, count, value == asked, self.address(**{field: None if value == asked else value}))
            for value, count in shown.items()
        ]
