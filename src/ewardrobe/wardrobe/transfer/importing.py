"""Import: an export into a wardrobe, empty or not, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import Table, select

from ewardrobe.errors import StoreError
from ewardrobe.wardrobe.adding import thumbnail
from ewardrobe.wardrobe.files import Staging
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.records import ImportResult
from ewardrobe.wardrobe.schema import (
    appearances,
    garment_colours,
    garment_tags,
    garments,
    outfit_items,
    outfits,
    photos,
    provenance,
    wears,
)
from ewardrobe.wardrobe.transfer.manifest import MANIFEST
from ewardrobe.wardrobe.transfer.parsing import (
    ParsedAppearance,
    ParsedExport,
    ParsedGarment,
    ParsedPhoto,
    parse,
)
from ewardrobe.wardrobe.transfer.targets import FolderSource, Source, ZipSource
from ewardrobe.wardrobe.writing import refresh_search_text

__all__ = ["open_export", "stage_files", "take_over"]

_IMAGE_ERRORS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


@contextmanager
def open_export(path: Path) -> Iterator[tuple[Source, ParsedExport]]:
    """The files and the checked manifest of an export; `StoreError` when it is none."""
    if path.name == MANIFEST:
        path = path.parent
    if path.is_dir():
        source: Source = FolderSource(path)
        yield source, _manifest(source, path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            source = ZipSource(archive)
            yield source, _manifest(source, path)
    except zipfile.BadZipFile as error:
        raise StoreError(f"{path} is neither an exported folder nor a whole ZIP: {error}") from error
    except FileNotFoundError:
        raise StoreError(f"{path} is not there; give an exported folder or ZIP") from None


def stage_files(source: Source, export: ParsedExport, staging: Staging) -> None:
    """Read every file of the export into the staging folder, checked; fills in the photos' sizes."""
    for photo in export.photos.values():
        data = _read(source, photo.file)
        if hashlib.sha256(data).hexdigest() != photo.row["file_sha256"]:
            raise StoreError(f"{photo.file} is not the photo that was exported: its SHA-256 differs")
        _header(data, photo.file)
        photo.row["size_bytes"] = len(data)
        staging.write(photo.row["file"], data)
    for garment in export.garments:
        for item in garment.appearances:
            mask, cutout = _read(source, item.mask), _read(source, item.cutout)
            _image(mask, item.mask)
            staging.write(item.row["mask_file"], mask)
            staging.write(item.row["cutout_file"], cutout)
            staging.write(item.row["thumbnail_file"], thumbnail(_image(cutout, item.cutout)))


def take_over(action: Action, export: ParsedExport, staging: Staging) -> ImportResult:
    """Insert what is not there yet, and withdraw the staged files of what is."""
    importer = _Importer(action, export, staging)
    new = [garment for garment in export.garments if importer.garment(garment)]
    outfit_count = sum(importer.outfit(number) for number in range(len(export.outfits)))
    wear_count = sum(importer.wear(number) for number in range(len(export.wears)))
    importer.withdraw_rest()
    return ImportResult(
        importer.photo_count, len(new), outfit_count, wear_count, len(export.garments) - len(new)
    )


class _Importer:
    """One import under way: which numbers of the manifest became which of the wardrobe."""

    def __init__(self, action: Action, export: ParsedExport, staging: Staging) -> None:
        self._action = action
        self._export = export
        self._staging = staging
        self._photos: dict[int, int] = {}
        self._garments: dict[int, int] = {}
        self._outfits: dict[int, int] = {}
        self._used: set[str] = set()
        self.photo_count = 0

    def garment(self, garment: ParsedGarment) -> bool:
        """Insert a garment with all that hangs on it; False when it is there already."""
        number = garment.row["id"]
        if (present := self._by_uid(garments, garment.row["uid"])) is not None:
            self._garments[number] = present
            return False
        garment_id = self._insert(garments, garment.row)
        self._garments[number] = garment_id
        for position, colour in enumerate(garment.colours):
            self._child(garment_colours, {**colour, "garment_id": garment_id, "position": position})
        for position, tag in enumerate(garment.tags):
            self._child(garment_tags, {"tag": tag, "garment_id": garment_id, "position": position})
        for source in garment.provenance:
            self._child(provenance, {**source, "garment_id": garment_id})
        for item in garment.appearances:
            self._appearance(garment_id, item)
        refresh_search_text(self._action, garment_id)
        return True

    def outfit(self, number: int) -> bool:
        """Insert an outfit; False when it is there already."""
        outfit = self._export.outfits[number]
        present = self._by_uid(outfits, outfit.row["uid"])
        self._outfits[outfit.row["id"]] = present or self._insert(outfits, outfit.row)
        if present is not None:
            return False
        for position, (garment, place) in enumerate(outfit.items):
            ids = {"outfit_id": self._outfits[outfit.row["id"]], "garment_id": self._garments[garment]}
            self._child(outfit_items, {**place, **ids, "position": position})
        return True

    def wear(self, number: int) -> bool:
        """Insert a wear; False when it is there already."""
        wear = self._export.wears[number]
        if self._by_uid(wears, wear.row["uid"]) is not None:
            return False
        outfit_id = None if wear.outfit is None else self._outfits[wear.outfit]
        self._insert(wears, {**wear.row, "garment_id": self._garments[wear.garment], "outfit_id": outfit_id})
        return True

    def withdraw_rest(self) -> None:
        """Throw away the staged files that no inserted row refers to."""
        self._staging.keep_only(self._used)

    def _appearance(self, garment_id: int, item: ParsedAppearance) -> None:
        if self._by_uid(appearances, item.row["uid"]) is not None:
            return
        photo_id = self._photo(item.photo, self._export.photos[item.photo])
        self._insert(appearances, {**item.row, "garment_id": garment_id, "photo_id": photo_id})
        self._used |= {item.row["mask_file"], item.row["cutout_file"], item.row["thumbnail_file"]}

    def _photo(self, number: int, photo: ParsedPhoto) -> int:
        if number not in self._photos:
            same = select(photos.c.id).where(photos.c.sha256 == photo.row["sha256"])
            present = self._action.connection.execute(same).scalar()
            if present is None:
                present = self._insert(photos, photo.row)
                self._used.add(photo.row["file"])
                self.photo_count += 1
            self._photos[number] = present
        return self._photos[number]

    def _insert(self, table: Table, row: dict[str, Any]) -> int:
        """Insert a row under its old number where that is free, else under a new one."""
        taken = self._action.connection.execute(select(table.c.id).where(table.c.id == row["id"])).first()
        return self._action.insert(
            table, row if taken is None else {k: v for k, v in row.items() if k != "id"}
        )

    def _child(self, table: Table, row: dict[str, Any]) -> None:
        self._action.insert(table, row)

    def _by_uid(self, table: Table, uid: str) -> int | None:
        return self._action.connection.execute(select(table.c.id).where(table.c.uid == uid)).scalar()


def _manifest(source: Source, path: Path) -> ParsedExport:
    try:
        document = json.loads(_read(source, MANIFEST).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: {MANIFEST} is not JSON: {error}") from error
    return parse(document)


def _read(source: Source, name: str) -> bytes:
    try:
        with source.open(name) as file:
            return file.read()
    except (OSError, zipfile.BadZipFile) as error:
        raise StoreError(f"{name} cannot be read: {error}") from error


def _header(data: bytes, name: str) -> None:
    try:
        Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")).close()
    except _IMAGE_ERRORS as error:
        raise StoreError(f"{name} is not a JPEG, PNG or WebP photo") from error


def _image(data: bytes, name: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG",))
        image.load()
    except _IMAGE_ERRORS as error:
        raise StoreError(f"{name} is not a PNG image: {error}") from error
    return image
