"""A photo into the store: its files and its rows, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from sqlalchemy import select

from ewardrobe.attributes.values import Attributes, Value
from ewardrobe.errors import UsageError
from ewardrobe.imaging import Photo, to_png_bytes
from ewardrobe.wardrobe.files import Staging
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.outfits import log_wear, must_exist
from ewardrobe.wardrobe.reading import load_garments, load_photo, photo_by_hash
from ewardrobe.wardrobe.records import AddResult, LookAlike, SegmentedItem
from ewardrobe.wardrobe.schema import appearances, garments, photos
from ewardrobe.wardrobe.similarity import look_alikes
from ewardrobe.wardrobe.storage import Storage
from ewardrobe.wardrobe.writing import insert_garment, set_automatic, touch

if TYPE_CHECKING:
    from ewardrobe.segmentation import Garment, Segmentation

__all__ = [
    "THUMBNAIL",
    "already_stored",
    "appearance_files",
    "insert_item",
    "mask_pixels",
    "original_name",
    "segmented_items",
    "stage_item",
    "stage_photo",
    "store_photo",
    "thumbnail",
]

THUMBNAIL = 320
"""The longer side of a thumbnail, in pixels."""

_EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif", "HEIF": "heic", "JPEG2000": "jp2"}


@dataclass(frozen=True, slots=True)
class StagedItem:
    """One item of a photo: the row of its appearance, and what a model said of it."""

    row: dict[str, Any]
    label: Value
    attributes: Attributes | None
    garment_id: int | None

    @property
    def embedding(self) -> npt.NDArray[np.float32] | None:
        """float32 (D,) of length 1, as stored; None where there is none."""
        data = self.row["embedding"]
        return None if data is None else np.frombuffer(data, "<f4")


@dataclass(frozen=True, slots=True)
class StagedPhoto:
    """A photo whose files wait in a staging folder, with the row it will get."""

    row: dict[str, Any]
    items: tuple[StagedItem, ...]


def already_stored(storage: Storage, sha256: str) -> AddResult | None:
    """The result for a photo that was stored before, with those of its garments that are still here."""
    with storage.reading() as connection:
        photo = photo_by_hash(connection, storage.folder, sha256)
        if photo is None:
            return None
        query = (
            select(garments.c.id)
            .join(appearances, appearances.c.garment_id == garments.c.id)
            .where(appearances.c.photo_id == photo.id, garments.c.removed_at.is_(None))
            .order_by(appearances.c.number)
        )
        ids = list(dict.fromkeys(connection.execute(query).scalars()))
        return AddResult(photo, tuple(load_garments(connection, storage.folder, ids)), skipped=True)


def store_photo(
    storage: Storage,
    photo: Photo,
    items: Iterable[SegmentedItem],
    model: str | None,
    *,
    worn_on: date | None = None,
) -> AddResult:
    """Files first, then the rows, in one transaction; nothing is stored when there are no items.

    With `worn_on`, every garment in the photo is logged as worn on that day.
    """
    near: dict[int, list[tuple[int, float]]] = {}
    with storage.folder.stage() as staging:
        staged = stage_photo(staging, photo, items, model)
        if not staged.items:
            return AddResult(None, ())
        with storage.writing(staging) as connection:
            present = photo_by_hash(connection, storage.folder, photo.sha256)
            if present is None:
                found = [
                    []
                    if item.garment_id is not None
                    else look_alikes(connection, item.embedding, item.row["embedding_model"])
                    for item in staged.items
                ]
                action = Action(connection, "add" if worn_on is None else "wear", staged.row["name"])
                photo_id, ids = _insert_photo(action, staged)
                if worn_on is not None:
                    for garment_id in ids:
                        log_wear(action, worn_on, garment_id)
                action.close()
                near = dict(zip(ids, found, strict=True))
            else:
                # Another process was faster; what is staged here is thrown away.
                staging.keep_only(())
    if present is not None:
        return already_stored(storage, photo.sha256) or AddResult(None, ())  # or purged again, just now
    with storage.reading() as connection:
        return AddResult(
            load_photo(connection, storage.folder, photo_id),
            tuple(load_garments(connection, storage.folder, list(near))),
            look_alikes=tuple(
                LookAlike(new, old, value) for new, pairs in near.items() for old, value in pairs
            ),
        )


def segmented_items(
    segmentation: Segmentation,
    describe: Callable[[Segmentation, Garment], Attributes],
    *,
    tagged: bool = True,
) -> Iterator[SegmentedItem]:
    """The garments of a segmentation with all that the store keeps of each; `tagged` as in `SegmentedItem`."""
    for cutout in segmentation.cutouts():
        garment = cutout.garment
        if garment is None:
            continue
        yield SegmentedItem(
            label=garment.label,
            score=garment.score,
            box=garment.box,
            mask=garment.mask,
            cutout=cutout.image,
            attributes=describe(segmentation, garment),
            alpha=garment.alpha,
            person=garment.person,
            tagged=tagged,
        )


def stage_photo(
    staging: Staging, photo: Photo, items: Iterable[SegmentedItem], model: str | None
) -> StagedPhoto:
    """Write the original and every item's mask, cut-out and thumbnail into the staging folder."""
    data = photo.data if photo.data is not None else to_png_bytes(Image.fromarray(photo.pixels))
    kind = photo.format if photo.data is not None else "PNG"
    file_sha256 = hashlib.sha256(data).hexdigest()
    height, width = photo.pixels.shape[:2]
    row = {
        "uid": uuid.uuid4().hex,
        "sha256": photo.sha256,
        "file_sha256": file_sha256,
        "file": original_name(file_sha256, kind),
        "size_bytes": len(data),
        "name": _shown(photo.path.name if photo.path is not None else photo.name),
        "format": kind,
        "width": width,
        "height": height,
        "taken_at": photo.taken_at and photo.taken_at.replace(tzinfo=None),
    }
    staging.write(row["file"], data)
    staged = (stage_item(staging, photo.sha256, number, item, model) for number, item in enumerate(items, 1))
    return StagedPhoto(row, tuple(staged))


def _insert_photo(action: Action, staged: StagedPhoto) -> tuple[int, list[int]]:
    """The photo's row, and a new garment with its appearance for every item; returns their numbers."""
    owned = [item.garment_id for item in staged.items if item.garment_id is not None]
    if len(set(owned)) != len(owned):
        raise UsageError("a garment can be in a photo once")
    must_exist(action.connection, owned)
    photo_id = action.insert(photos, {**staged.row, "added_at": action.at})
    return photo_id, [insert_item(action, photo_id, item) for item in staged.items]


def original_name(sha256: str, kind: str | None) -> str:
    """Where an original of this content and format ("JPEG", "PNG", ...) lies in the data folder."""
    name = (kind or "bin").upper()
    return f"originals/{sha256[:2]}/{sha256}.{_EXTENSIONS.get(name, name.lower())}"


def appearance_files(sha256: str, uid: str) -> dict[str, str]:
    """Where the files of an appearance lie, by column: beside those of the same photo (its original's SHA-256)."""
    place = f"{sha256[:2]}/{uid}"
    return {
        "mask_file": f"masks/{place}.png",
        "cutout_file": f"cutouts/{place}.png",
        "thumbnail_file": f"thumbnails/{place}.webp",
    }


def mask_pixels(mask: npt.NDArray[np.bool_], alpha: npt.NDArray[np.float32] | None) -> npt.NDArray[np.uint8]:
    """The mask file's pixels: alpha times 255, nudged where needed so that `>= 128` is exactly the mask."""
    inside: npt.NDArray[np.uint8] = mask.view(np.uint8) * np.uint8(128)
    if alpha is None:
        return inside + (inside >> 7) * np.uint8(127)
    # OpenCV's saturating arithmetic: at twelve megapixels NumPy's masked one takes half a second.
    soft = cv2.max(cv2.convertScaleAbs(alpha, alpha=255), inside)
    return np.asarray(cv2.min(soft, inside + np.uint8(127)), np.uint8)


def thumbnail(cutout: Image.Image) -> bytes:
    """A small WebP of a cut-out; the same input gives the same bytes."""
    small = cutout.convert("RGBA")
    small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    target = io.BytesIO()
    small.save(target, "WEBP", quality=85, method=4)
    return target.getvalue()


def embedding_bytes(embedding: npt.NDArray[np.float32]) -> bytes:
    """float32, little-endian, scaled to length 1 so that a dot product is a cosine."""
    vector = np.asarray(embedding, np.float32).ravel()
    norm = float(np.linalg.norm(vector))
    return (vector / norm if norm else vector).astype("<f4").tobytes()


def _shown(name: str) -> str:
    """A file's name as text that every database takes; what is no Unicode in it becomes question marks."""
    return name.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")[:255]


def stage_item(
    staging: Staging, sha256: str, number: int, item: SegmentedItem, model: str | None
) -> StagedItem:
    """Write the mask, cut-out and thumbnail of item `number` of a photo into the staging folder, under a new name."""
    uid = uuid.uuid4().hex
    files = appearance_files(sha256, uid)
    staging.write(files["mask_file"], to_png_bytes(mask_pixels(item.mask, item.alpha), level=1))
    staging.write(files["cutout_file"], to_png_bytes(item.cutout, level=3))
    staging.write(files["thumbnail_file"], thumbnail(item.cutout))
    said = item.attributes
    embedding = None if said is None else embedding_bytes(said.embedding)
    row = {
        "uid": uid,
        "number": number,
        "label": item.label,
        "score": float(item.score),
        **dict(zip(("box_x", "box_y", "box_width", "box_height"), map(int, item.box), strict=True)),
        "area": int(np.count_nonzero(item.mask)),
        "person": item.person,
        "model": model,
        **files,
        "embedding": embedding or None,
        "embedding_model": (said.embedding_model or model) if said is not None and embedding else None,
    }
    label = Value(item.label, float(item.score), None, "model") if item.tagged else Value.unknown("model")
    return StagedItem(row, label, item.attributes, item.garment_id)


def insert_item(action: Action, photo_id: int, staged: StagedItem) -> int:
    """An appearance in a photo, of a new garment unless the item says whose; returns the garment's number."""
    owned = staged.garment_id
    garment_id = insert_garment(action, {}) if owned is None else owned
    action.insert(appearances, {**staged.row, "garment_id": garment_id, "photo_id": photo_id})
    if owned is None:
        set_automatic(action, garment_id, staged.label, staged.attributes)
    else:
        touch(action, garment_id)
    return garment_id
