"""A manifest as read from a file of unknown origin: checked in every field before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table

from ewardrobe.errors import NewerStoreError, StoreError
from ewardrobe.wardrobe.adding import appearance_files, original_name
from ewardrobe.wardrobe.fields import STATUSES
from ewardrobe.wardrobe.schema import (
    appearances,
    garment_colours,
    garments,
    outfit_items,
    outfits,
    photos,
    provenance,
    wears,
)
from ewardrobe.wardrobe.transfer.manifest import FORMAT, MANIFEST, VERSION, entries_of, from_entry

__all__ = [
    "ParsedAppearance",
    "ParsedExport",
    "ParsedGarment",
    "ParsedOutfit",
    "ParsedPhoto",
    "ParsedWear",
    "parse",
]

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ParsedPhoto:
    """A photo's row, and the name of its file in the export."""

    row: Values
    file: str


@dataclass(frozen=True, slots=True)
class ParsedAppearance:
    """An appearance's row, the number of its photo in the manifest, and its files in the export."""

    row: Values
    photo: int
    mask: str
    cutout: str


@dataclass(frozen=True, slots=True)
class ParsedGarment:
    """A garment's row with those that hang on it."""

    row: Values
    colours: list[Values]
    tags: list[str]
    provenance: list[Values]
    appearances: list[ParsedAppearance]


@dataclass(frozen=True, slots=True)
class ParsedOutfit:
    """An outfit's row, and its items with the numbers of their garments in the manifest."""

    row: Values
    items: list[tuple[int, Values]]


@dataclass(frozen=True, slots=True)
class ParsedWear:
    """A wear's row, and the numbers of its garment and outfit in the manifest."""

    row: Values
    garment: int
    outfit: int | None


@dataclass(frozen=True, slots=True)
class ParsedExport:
    """A whole manifest; photos by their number in it."""

    photos: dict[int, ParsedPhoto] = field(default_factory=dict)
    garments: list[ParsedGarment] = field(default_factory=list)
    outfits: list[ParsedOutfit] = field(default_factory=list)
    wears: list[ParsedWear] = field(default_factory=list)


def parse(document: Any) -> ParsedExport:
    """Check a manifest and take it apart.

    Raises `StoreError` that names the first thing wrong with it, `NewerStoreError` for a later format.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise StoreError(f"{MANIFEST} is not an eWardrobe export")
    version = document.get("version")
    if not isinstance(version, int) or version < 1:
        raise StoreError(f"{MANIFEST}: the version {version!r} is not one")
    if version > VERSION:
        raise NewerStoreError(
            f"{MANIFEST} has format {version}, this eWardrobe knows up to {VERSION}; "
            "update with: pip install -U ewardrobe"
        )
    export = ParsedExport()
    for number, entry in enumerate(entries_of(document, "photos")):
        photo = _photo(entry, f"photos[{number}]")
        export.photos[photo.row["id"]] = photo
    for number, entry in enumerate(entries_of(document, "garments")):
        export.garments.append(_garment(entry, f"garments[{number}]", export))
    known = {garment.row["id"] for garment in export.garments}
    for number, entry in enumerate(entries_of(document, "outfits")):
        export.outfits.append(_outfit(entry, f"outfits[{number}]", known))
    outfit_ids = {outfit.row["id"] for outfit in export.outfits}
    for number, entry in enumerate(entries_of(document, "wears")):
        where = f"wears[{number}]"
        row = from_entry(wears, entry, where)
        outfit = _one_of(entry, "outfit", where, outfit_ids) if "outfit" in entry else None
        export.wears.append(ParsedWear(row, _one_of(entry, "garment", where, known), outfit))
    _all_different(export)
    return export


def _photo(entry: Any, where: str) -> ParsedPhoto:
    row = from_entry(photos, entry, where)
    file_sha256 = entry.get("file_sha256")
    if not isinstance(file_sha256, str) or len(file_sha256) != 64 or not file_sha256.isalnum():
        raise StoreError(f"{MANIFEST}: {where}.file_sha256 is not a SHA-256")
    name = _name(entry, "file", where)
    kind = {"jpg": "JPEG"}.get(name.rpartition(".")[2].lower(), name.rpartition(".")[2])
    row |= {"file_sha256": file_sha256, "file": original_name(file_sha256, kind)}
    return ParsedPhoto(row, name)


def _garment(entry: Any, where: str, export: ParsedExport) -> ParsedGarment:
    row = from_entry(garments, entry, where)
    if row["status"] not in STATUSES:
        raise StoreError(f"{MANIFEST}: {where}.status: {row['status']!r} is none of {', '.join(STATUSES)}")
    tags = entries_of(entry, "tags", f"{where}.")
    if not all(isinstance(tag, str) and 0 < len(tag) <= 100 for tag in tags) or len(set(tags)) != len(tags):
        raise StoreError(f"{MANIFEST}: {where}.tags is not a list of different words")
    sources = entry.get("provenance", {})
    if not isinstance(sources, Mapping):
        raise StoreError(f"{MANIFEST}: {where}.provenance is not an object")
    return ParsedGarment(
        row,
        _rows(garment_colours, entry, "colours", where),
        tags,
        [
            from_entry(provenance, {**source, "field": name}, f"{where}.provenance.{name}")
            if isinstance(source, Mapping)
            else from_entry(provenance, source, f"{where}.provenance.{name}")
            for name, source in sources.items()
        ],
        [
            _appearance(item, f"{where}.appearances[{number}]", export)
            for number, item in enumerate(entries_of(entry, "appearances", f"{where}."))
        ],
    )


def _appearance(entry: Any, where: str, export: ParsedExport) -> ParsedAppearance:
    row = from_entry(appearances, entry, where)
    if row["embedding"] is not None and len(row["embedding"]) % 4:
        raise StoreError(f"{MANIFEST}: {where}.embedding is not float32")
    photo = _one_of(entry, "photo", where, set(export.photos))
    row |= appearance_files(export.photos[photo].row["sha256"], row["uid"])
    return ParsedAppearance(row, photo, _name(entry, "mask", where), _name(entry, "cutout", where))


def _outfit(entry: Any, where: str, known: set[int]) -> ParsedOutfit:
    row = from_entry(outfits, entry, where)
    items = [
        (_one_of(item, "garment", f"{where}.garments[{number}]", known), values)
        for number, (item, values) in enumerate(
            zip(
                entries_of(entry, "garments", f"{where}."),
                _rows(outfit_items, entry, "garments", where),
                strict=True,
            )
        )
    ]
    if len({garment for garment, _ in items}) != len(items):
        raise StoreError(f"{MANIFEST}: {where} holds a garment twice")
    return ParsedOutfit(row, items)


def _rows(table: Table, entry: Mapping[str, Any], name: str, where: str) -> list[Values]:
    entries = entries_of(entry, name, f"{where}.")
    return [from_entry(table, item, f"{where}.{name}[{number}]") for number, item in enumerate(entries)]


def _one_of(entry: Mapping[str, Any], name: str, where: str, known: set[int]) -> int:
    value = entry.get(name)
    if not isinstance(value, int) or value not in known:
        raise StoreError(f"{MANIFEST}: {where}.{name}: there is no {name} {value!r} in it")
    return value


def _name(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str):
        raise StoreError(f"{MANIFEST}: {where}.{key} is not a file name")
    return value


def _all_different(export: ParsedExport) -> None:
    groups: dict[str, list[Values]] = {
        "photos": [photo.row for photo in export.photos.values()],
        "garments": [garment.row for garment in export.garments],
        "appearances": [item.row for garment in export.garments for item in garment.appearances],
        "outfits": [outfit.row for outfit in export.outfits],
        "wears": [wear.row for wear in export.wears],
    }
    for name, rows in groups.items():
        for key in ("id", "uid"):
            if len({row[key] for row in rows}) != len(rows):
                raise StoreError(f"{MANIFEST}: two {name} have the same {key}")
