"""A plain `wardrobe.json` into a wardrobe: what its items say becomes the owner's word, their images cut-outs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import Connection, Table, select

from ewardrobe.errors import PhotoError, StoreError, UsageError
from ewardrobe.imaging import Photo, bounding_box, open_photo
from ewardrobe.wardrobe.adding import StagedPhoto, stage_photo
from ewardrobe.wardrobe.fields import FIELDS, parse_fields
from ewardrobe.wardrobe.files import Staging
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.json_store import JsonItem, JsonWardrobe
from ewardrobe.wardrobe.records import ImportResult, SegmentedItem
from ewardrobe.wardrobe.schema import appearances, garments, photos
from ewardrobe.wardrobe.storage import Storage
from ewardrobe.wardrobe.writing import insert_garment, set_by_owner, touch

__all__ = ["import_items"]

_CATCH_ALL = "accessories"
"""The class of an image whose item's type is none that we know."""


@dataclass(frozen=True, slots=True)
class _Ready:
    uid: str
    values: dict[str, Any]
    picture: StagedPhoto | None


def import_items(storage: Storage, path: Path) -> ImportResult:
    """Bring in every item that did not come from this file before; all or nothing.

    A value that its field cannot hold, and a key that is no field, go into the notes.
    """
    if not path.is_file():
        raise StoreError(f"{path} is not there; give an exported folder or ZIP, or a wardrobe.json")
    items = JsonWardrobe.open(path).find()
    with storage.folder.stage() as staging:
        ready = [_Ready(_uid(path, item), _values(item), _picture(staging, path, item)) for item in items]
        with storage.writing(staging) as connection:
            action = Action(connection, "import", path.name)
            new = [item for item in ready if _number(connection, garments, "uid", item.uid) is None]
            photo_count, used = 0, set[str]()
            for item in new:
                garment_id = insert_garment(action, {"uid": item.uid})
                set_by_owner(action, garment_id, item.values)
                touch(action, garment_id)
                if item.picture is not None:
                    photo_count += _insert_picture(action, garment_id, item.picture, used)
            staging.keep_only(used)
            action.close()
    return ImportResult(photo_count, len(new), 0, 0, len(ready) - len(new))


def _insert_picture(action: Action, garment_id: int, picture: StagedPhoto, used: set[str]) -> bool:
    photo_id = _number(action.connection, photos, "sha256", picture.row["sha256"])
    is_new = photo_id is None
    if is_new:
        photo_id = action.insert(photos, {**picture.row, "added_at": action.at})
        used.add(picture.row["file"])
    row = picture.items[0].row
    action.insert(appearances, {**row, "garment_id": garment_id, "photo_id": photo_id})
    used |= {row["mask_file"], row["cutout_file"], row["thumbnail_file"]}
    return is_new


def _values(item: JsonItem) -> dict[str, Any]:
    values: dict[str, Any] = {}
    notes: list[str] = []
    for key, value in item.data.items():
        name = "colour" if key in ("color", "colour") else key
        if key in ("id", "image") or value in (None, "", []):
            continue
        try:
            if name not in FIELDS:
                raise UsageError(key)
            values |= parse_fields({name: value})
        except UsageError:
            notes.append(f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    if notes:
        values["notes"] = "\n".join([*filter(None, [values.get("notes")]), *notes])
    return values


def _picture(staging: Staging, path: Path, item: JsonItem) -> StagedPhoto | None:
    """The item's image, staged with itself as the cut-out; None where there is none that opens."""
    if item.image is None:
        return None
    try:
        photo = open_photo(path.parent / item.image)
    except PhotoError:
        return None
    mask = np.ones(photo.pixels.shape[:2], np.bool_) if photo.alpha is None else photo.alpha >= 128
    found = SegmentedItem(_label(item), 1.0, bounding_box(mask), mask, _cutout(photo))
    return stage_photo(staging, photo, [found], None)


def _cutout(photo: Photo) -> Image.Image:
    image = Image.fromarray(photo.pixels).convert("RGBA")
    if photo.alpha is not None:
        image.putalpha(Image.fromarray(photo.alpha))
    return image


def _label(item: JsonItem) -> str:
    from ewardrobe.attributes.garment_types import type_vocabulary

    name = (item.type or "").strip().casefold()
    known = {kind.name: kind.classes[0] for kind in type_vocabulary().types}
    return known.get(name, _CATCH_ALL)


def _uid(path: Path, item: JsonItem) -> str:
    """The same for the same item of the same file, so that a second import finds it there."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{path.resolve().as_uri()}#{item.id}").hex


def _number(connection: Connection, table: Table, column: str, value: str) -> int | None:
    return connection.execute(select(table.c.id).where(table.c[column] == value)).scalar()
