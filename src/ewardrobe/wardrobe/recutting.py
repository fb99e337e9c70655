"""A new cut-out in the place of an old one: its files, its row, and the old one kept for `undo` and `reset_mask`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, func, select

from ewardrobe import taxonomy
from ewardrobe.attributes.values import Attributes
from ewardrobe.errors import ChangedError, MaskError, NotFoundError, StoreError
from ewardrobe.wardrobe import reading, writing
from ewardrobe.wardrobe.files import Staging
from ewardrobe.wardrobe.history import Action, files_of
from ewardrobe.wardrobe.records import Appearance, OwnedGarment, SegmentedItem, StoredPhoto
from ewardrobe.wardrobe.schema import appearances, changes, earlier_cutouts, garments
from ewardrobe.wardrobe.settings import usual_describe
from ewardrobe.wardrobe.storage import Storage

if TYPE_CHECKING:
    from ewardrobe.imaging import Photo
    from ewardrobe.wardrobe.adding import StagedItem

__all__ = [
    "INSIDE",
    "Change",
    "Describe",
    "Mask",
    "first_cutout",
    "grey_of",
    "in_photo",
    "must_be_here",
    "opened",
    "prune",
    "read_grey",
    "segmented_item",
]

Mask = npt.NDArray[np.bool_]
Describe: TypeAlias = Callable[[Any, Any], Attributes]
"""What says of a garment (`segmentation.Garment`) of a `Segmentation` what it is."""

INSIDE = 128
"""The least value of a mask file's pixels that are the garment."""

_FOUND = ("score", "model", "mask_file", "cutout_file", "thumbnail_file")


class Change:
    """A new cut-out on its way into an appearance; `checked` says that the owner vouches for it."""

    garment: OwnedGarment
    checked = False

    def __init__(
        self,
        storage: Storage,
        connection: Connection,
        staging: Staging,
        appearance_id: int,
        unchanged_since: datetime | None,
    ) -> None:
        self._folder = storage.folder
        self._staging = staging
        self.appearance = reading.load_appearance(connection, storage.folder, appearance_id)
        _must_be(connection, self.appearance, unchanged_since)
        self.stored = reading.load_photo(connection, storage.folder, self.appearance.photo_id)
        self._others = [
            item
            for item in in_photo(connection, storage, self.appearance.photo_id)
            if item.id != appearance_id
        ]
        self.first = first_cutout(connection, appearance_id)
        self._label = _class_of(connection, self.appearance)
        self.photo = opened(self.stored)
        self._found: dict[str, Any] = {}
        self._staged: StagedItem | None = None

    def item(
        self,
        mask: Mask,
        *,
        grey: npt.NDArray[np.uint8] | None = None,
        describe: Describe | None = None,
        found: dict[str, Any] | None = None,
    ) -> None:
        """Write the new files; `grey` is the alpha times 255 where it is known, `found` the new score and model."""
        from ewardrobe.wardrobe.adding import stage_item

        present = self.appearance
        self._found = {name: (found or {}).get(name, getattr(present, name)) for name in ("score", "model")}
        item = segmented_item(
            self.photo,
            mask,
            self._label,
            self._found["score"],
            present.person,
            self._others,
            self._found["model"],
            describe or usual_describe(self._folder.root),
            grey,
        )
        self._staged = stage_item(
            self._staging, self.stored.sha256, present.number, item, self._found["model"]
        )

    def store(self, action: Action, unchanged_since: datetime | None) -> None:
        """Put the new cut-out in the place of the old, which is kept."""
        assert self._staged is not None
        connection, item = action.connection, self.appearance
        _must_be(connection, item, unchanged_since)
        query = select(appearances).where(appearances.c.id == item.id)
        row = dict(connection.execute(query).one()._mapping)
        if self._folder.path(row["mask_file"]) != item.mask:
            raise ChangedError("this cut-out was changed meanwhile; load it again to see how")
        old = {name: row[name] for name in _FOUND}
        action.insert(earlier_cutouts, {**old, "appearance_id": item.id, "replaced_at": action.at})
        new = {
            name: value for name, value in self._staged.row.items() if name not in ("uid", "number", "label")
        }
        checked = action.at if self.checked else None
        action.update(appearances, item.id, {**new, **self._found, "checked_at": checked})
        said = self._staged.attributes
        if said is not None and _is_main(connection, item.id, item.garment_id):
            writing.set_automatic(action, item.garment_id, None, said)
        writing.touch(action, item.garment_id)


def segmented_item(
    photo: Photo,
    mask: Mask,
    label: str,
    score: float,
    person: int | None,
    others: Sequence[Appearance],
    model: str | None,
    describe: Describe,
    grey: npt.NDArray[np.uint8] | None = None,
) -> SegmentedItem:
    """A `SegmentedItem` of a mask, its edge recomputed unless `grey`, the alpha times 255, is given."""
    from ewardrobe.imaging import cut_out
    from ewardrobe.segmentation.given import BY_HAND, check_mask, given_mask
    from ewardrobe.wardrobe.adding import segmented_items

    check_mask(photo, mask)
    around = np.zeros(mask.shape, np.bool_)
    for other in others:
        around |= grey_of(other) >= INSIDE
    made = given_mask(photo, mask, label, score=score, person=person, others=around, model=model or BY_HAND)
    item = next(segmented_items(made, describe))
    if grey is None:
        return item
    alpha = grey.astype(np.float32) / np.float32(255)
    return replace(item, alpha=alpha, cutout=cut_out(photo.pixels, alpha))


def opened(stored: StoredPhoto) -> Photo:
    """The original, decoded."""
    from ewardrobe.imaging import open_photo

    if not stored.file.is_file():
        raise StoreError(f"{stored.file} is missing; see: ewardrobe check")
    return open_photo(stored.file)


def grey_of(item: Appearance) -> npt.NDArray[np.uint8]:
    """An appearance's mask file; see `read_grey`."""
    return read_grey(item.mask)


def read_grey(path: Path) -> npt.NDArray[np.uint8]:
    """A mask file, uint8 (H, W): alpha times 255. `MaskError` when it cannot be read."""
    import cv2

    grey = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    if grey is None:
        raise MaskError(f"the mask {path.name} cannot be read")
    return np.asarray(grey, np.uint8)


def first_cutout(connection: Connection, appearance_id: int) -> dict[str, Any] | None:
    """The row of what was first found, None while that is what is shown."""
    earlier = select(earlier_cutouts).where(earlier_cutouts.c.appearance_id == appearance_id)
    row = connection.execute(earlier.order_by(earlier_cutouts.c.id).limit(1)).first()
    return None if row is None else dict(row._mapping)


def in_photo(connection: Connection, storage: Storage, photo_id: int) -> list[Appearance]:
    """The garments in a photo that are here, in the order in which they were found."""
    query = (
        select(appearances.c.id)
        .join(garments, garments.c.id == appearances.c.garment_id)
        .where(appearances.c.photo_id == photo_id, garments.c.removed_at.is_(None))
        .order_by(appearances.c.number)
    )
    ids = connection.execute(query).scalars().all()
    return [reading.load_appearance(connection, storage.folder, appearance_id) for appearance_id in ids]


def must_be_here(connection: Connection, garment_id: int) -> None:
    """`NotFoundError` unless there is such a garment and it was not removed."""
    query = select(garments.c.id).where(garments.c.id == garment_id, garments.c.removed_at.is_(None))
    if connection.execute(query).first() is None:
        raise NotFoundError(f"there is no garment {garment_id}; see: ewardrobe find")


def _must_be(connection: Connection, item: Appearance, unchanged_since: datetime | None) -> None:
    """`NotFoundError` unless the garment is here, `ChangedError` unless it is in the state the caller knows."""
    must_be_here(connection, item.garment_id)
    query = select(garments.c.changed_at).where(garments.c.id == item.garment_id)
    if unchanged_since is not None and connection.execute(query).scalar() != unchanged_since:
        raise ChangedError("this garment was changed meanwhile; load it again to see how")


def _class_of(connection: Connection, item: Appearance) -> str:
    """The garment's class as it is now, which its owner may have corrected; else what was found."""
    said = connection.execute(select(garments.c.label).where(garments.c.id == item.garment_id)).scalar()
    return said if said is not None and said in taxonomy.load("wardrobe") else item.label


def _is_main(connection: Connection, appearance_id: int, garment_id: int) -> bool:
    """Whether it is the picture that stands for the garment: the largest."""
    query = select(appearances.c.id).where(appearances.c.garment_id == garment_id)
    largest = query.order_by(appearances.c.area.desc(), appearances.c.id).limit(1)
    return connection.execute(largest).scalar() == appearance_id


def prune(connection: Connection, staging: Staging) -> None:
    """Drop earlier cut-outs that no undo can bring back; the first of an appearance is kept."""
    table = earlier_cutouts
    undoable = select(changes.c.row_id).where(changes.c.table_name == table.name)
    first = select(func.min(table.c.id)).group_by(table.c.appearance_id)
    gone = select(table).where(table.c.id.not_in(undoable), table.c.id.not_in(first))
    for row in connection.execute(gone).all():
        staging.discard(files_of(table, row._mapping))
        connection.execute(table.delete().where(table.c.id == row.id))
