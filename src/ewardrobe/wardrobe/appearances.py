"""Garments in photos: cut-outs mended, made anew, put back, and given to another garment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, func, select

from ewardrobe.attributes.values import Attributes, Value
from ewardrobe.errors import ChangedError, MaskError, NotFoundError, StoreError, UsageError
from ewardrobe.wardrobe import reading, writing
from ewardrobe.wardrobe.files import Staging
from ewardrobe.wardrobe.history import Action, files_of
from ewardrobe.wardrobe.records import Appearance, OwnedGarment, StoredPhoto
from ewardrobe.wardrobe.schema import appearances, changes, earlier_cutouts, garments
from ewardrobe.wardrobe.storage import Storage

if TYPE_CHECKING:
    from ewardrobe.imaging import Photo
    from ewardrobe.segmentation import Garment, Segmentation, Segmenter
    from ewardrobe.wardrobe.adding import StagedItem

    Describe = Callable[[Segmentation, Garment], Attributes]

__all__ = ["Appearances"]

Mask = npt.NDArray[np.bool_]
_FILES = ("mask_file", "cutout_file", "thumbnail_file")
_FOUND = ("score", "model", *_FILES)
_INSIDE = 128


class Appearances:
    """The appearances of a wardrobe's garments: `wardrobe.appearances`.

    Verbs that change a cut-out recompute its soft edge, picture, thumbnail, box, area and embedding, and what is
    automatic about a garment whose main picture it is; what the owner set stays. Each is one transaction and one step
    of `undo`. `describe` is `ewardrobe.attributes.describe` by default. `unchanged_since` is the garment's
    `changed_at` as the caller knows it: `ChangedError` where it is another by now.

    Examples:
        shirt = wardrobe.get(3)
        mask = wardrobe.appearances.mask(shirt.appearances[0].id)
        mask[:, :40] = False
        wardrobe.appearances.set_mask(shirt.appearances[0].id, mask)
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def get(self, appearance_id: int) -> Appearance:
        """One appearance; `NotFoundError` when there is none of that number."""
        with self._storage.reading() as connection:
            return reading.load_appearance(connection, self._storage.folder, appearance_id)

    def of_photo(self, photo_id: int) -> list[Appearance]:
        """The garments in a photo that are still here, in the order in which they were found."""
        with self._storage.reading() as connection:
            reading.load_photo(connection, self._storage.folder, photo_id)
            return _in_photo(connection, self._storage, photo_id)

    def mask(self, appearance_id: int) -> Mask:
        """Where the garment is, bool (H, W) of the photo."""
        inside: Mask = _grey(self.get(appearance_id)) >= _INSIDE
        return inside

    def was_changed(self, appearance_id: int) -> bool:
        """Whether there is an earlier cut-out that `reset_mask` would put back."""
        query = select(earlier_cutouts.c.id).where(earlier_cutouts.c.appearance_id == appearance_id)
        with self._storage.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def set_mask(
        self,
        appearance_id: int,
        mask: Mask,
        *,
        describe: Describe | None = None,
        unchanged_since: datetime | None = None,
    ) -> OwnedGarment:
        """The owner's own mask, bool (H, W) of the photo, in the place of what was there; it counts as checked.

        Raises `MaskError` for a mask that is empty or of another size, `NotFoundError`, `ChangedError`.
        """
        with self._changing(appearance_id, "mask", unchanged_since) as change:
            change.item(mask, describe=describe)
            change.checked = True
        return change.garment

    def reset_mask(
        self,
        appearance_id: int,
        *,
        describe: Describe | None = None,
        unchanged_since: datetime | None = None,
    ) -> OwnedGarment:
        """Put back what was first found in the photo. `UsageError` when the mask was never changed."""
        with self._changing(appearance_id, "reset mask", unchanged_since) as change:
            first = change.first
            if first is None:
                raise UsageError(f"the cut-out {appearance_id} was never changed")
            grey = _read_grey(self._storage.folder.path(first["mask_file"]))
            change.item(grey >= _INSIDE, grey=grey, describe=describe, found=first)
        return change.garment

    def redo_mask(
        self,
        appearance_id: int,
        segmenter: Segmenter,
        *,
        describe: Describe | None = None,
        unchanged_since: datetime | None = None,
    ) -> OwnedGarment:
        """Segment the photo again and take over the garment that lies where this one lay.

        Raises `NotFoundError` when the model finds no garment there, `ModelError`, `TaxonomyError`.
        """
        from ewardrobe.segmentation.picking import match_garment

        with self._changing(appearance_id, "redo cut-out", unchanged_since) as change:
            found = segmenter.segment(change.photo)
            if found.taxonomy.name != "wardrobe":
                found = found.remap("wardrobe")
            present = change.appearance
            garment = match_garment(found, _grey(present) >= _INSIDE, present.label)
            if garment is None:
                raise NotFoundError(f"{found.model} finds no garment where this one is")
            grey = np.rint(garment.alpha * 255).astype(np.uint8)
            change.item(
                garment.mask,
                grey=grey,
                describe=describe,
                found={"score": garment.score, "model": found.model},
            )
        return change.garment

    def accept(self, appearance_id: int) -> Appearance:
        """Say that the cut-out is right as it is."""
        with self._storage.acting("accept") as action:
            reading.load_appearance(action.connection, self._storage.folder, appearance_id)
            action.update(appearances, appearance_id, {"checked_at": action.at})
        return self.get(appearance_id)

    def add(
        self,
        photo_id: int,
        mask: Mask,
        label: str,
        *,
        score: float = 1.0,
        model: str | None = None,
        describe: Describe | None = None,
    ) -> OwnedGarment:
        """A new garment out of a stored photo: `mask`, bool (H, W) of the photo, of a class of `wardrobe`."""
        from ewardrobe.wardrobe.adding import insert_item, stage_item

        with self._storage.reading() as connection:
            stored = reading.load_photo(connection, self._storage.folder, photo_id)
            others = _in_photo(connection, self._storage, photo_id)
        photo = _opened(stored)
        item = _item(photo, mask, label, score, None, others, model, describe)
        with self._storage.folder.stage() as staging:
            staged = stage_item(staging, stored.sha256, 0, item, model)
            with self._storage.writing(staging) as connection:
                reading.load_photo(connection, self._storage.folder, photo_id)
                last = select(func.max(appearances.c.number)).where(appearances.c.photo_id == photo_id)
                number = (connection.execute(last).scalar() or 0) + 1
                action = Action(connection, "cut out", stored.name)
                row = {**staged.row, "number": number, "checked_at": action.at}
                garment_id = insert_item(action, photo_id, replace(staged, row=row))
                action.close()
        return self._garment(garment_id)

    def move(
        self, appearance_id: int, garment_id: int | None = None, *, describe: Describe | None = None
    ) -> OwnedGarment:
        """Say that this cut-out shows another garment: `garment_id`, or one of its own, which is made.

        Raises `UsageError` where it is that garment's already, or the only cut-out of the garment it would leave for
        a new one.
        """
        present = self.get(appearance_id)
        said = None
        if garment_id is None:
            said = self._described(present, describe)
        with self._storage.acting("move photo" if garment_id else "split") as action:
            present = reading.load_appearance(action.connection, self._storage.folder, appearance_id)
            if garment_id is None:
                same = select(func.count()).where(appearances.c.garment_id == present.garment_id)
                if action.connection.execute(same).scalar() == 1:
                    raise UsageError("this is the garment's only photo, so there is nothing to split")
                garment_id = writing.insert_garment(action, {})
                label = Value(present.label, present.score, None, "model")
                writing.set_automatic(action, garment_id, label, said)
            elif garment_id == present.garment_id:
                raise UsageError(f"this photo is garment {garment_id}'s already")
            _must_be_here(action.connection, garment_id)
            action.update(appearances, appearance_id, {"garment_id": garment_id})
            for touched in (garment_id, present.garment_id):
                writing.touch(action, touched)
        return self._garment(garment_id)

    def _described(self, item: Appearance, describe: Describe | None) -> Attributes | None:
        with self._storage.reading() as connection:
            stored = reading.load_photo(connection, self._storage.folder, item.photo_id)
        photo, mask = _opened(stored), _grey(item) >= _INSIDE
        return _item(photo, mask, item.label, item.score, item.person, [], item.model, describe).attributes

    def _garment(self, garment_id: int) -> OwnedGarment:
        with self._storage.reading() as connection:
            return reading.load_garment(connection, self._storage.folder, garment_id)

    @contextmanager
    def _changing(self, appearance_id: int, verb: str, unchanged_since: datetime | None) -> Iterator[_Change]:
        """The work on one cut-out: what is set in the block is stored at its end, or nothing is."""
        with self._storage.folder.stage() as staging:
            with self._storage.reading() as connection:
                change = _Change(self._storage, connection, staging, appearance_id, unchanged_since)
            yield change
            with self._storage.writing(staging) as connection:
                action = Action(connection, verb)
                change.store(action, unchanged_since)
                action.close()
                _prune(connection, staging)
        change.garment = self._garment(change.appearance.garment_id)


class _Change:
    """A new cut-out on its way into an appearance."""

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
        self._stored = reading.load_photo(connection, storage.folder, self.appearance.photo_id)
        self._others = [
            item
            for item in _in_photo(connection, storage, self.appearance.photo_id)
            if item.id != appearance_id
        ]
        earlier = select(earlier_cutouts).where(earlier_cutouts.c.appearance_id == appearance_id)
        row = connection.execute(earlier.order_by(earlier_cutouts.c.id).limit(1)).first()
        self.first: dict[str, Any] | None = None if row is None else dict(row._mapping)
        self.photo = _opened(self._stored)
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
        item = _item(
            self.photo,
            mask,
            present.label,
            self._found["score"],
            present.person,
            self._others,
            self._found["model"],
            describe,
            grey,
        )
        self._staged = stage_item(
            self._staging, self._stored.sha256, present.number, item, self._found["model"]
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
        new = {name: value for name, value in self._staged.row.items() if name not in ("uid", "number")}
        checked = action.at if self.checked else None
        action.update(appearances, item.id, {**new, **self._found, "checked_at": checked})
        said = self._staged.attributes
        if said is not None and _is_main(connection, item.id, item.garment_id):
            writing.set_automatic(action, item.garment_id, None, said)
        writing.touch(action, item.garment_id)


def _item(
    photo: Photo,
    mask: Mask,
    label: str,
    score: float,
    person: int | None,
    others: list[Appearance],
    model: str | None,
    describe: Describe | None,
    grey: npt.NDArray[np.uint8] | None = None,
) -> Any:
    """A `SegmentedItem` of a mask, its edge recomputed unless `grey`, the alpha times 255, is given."""
    from ewardrobe.imaging import cut_out
    from ewardrobe.segmentation.given import BY_HAND, check_mask, given_mask
    from ewardrobe.wardrobe.adding import segmented_items

    if describe is None:
        from ewardrobe.attributes import describe as shipped

        describe = shipped
    check_mask(photo, mask)
    around = np.zeros(mask.shape, np.bool_)
    for other in others:
        around |= _grey(other) >= _INSIDE
    made = given_mask(photo, mask, label, score=score, person=person, others=around, model=model or BY_HAND)
    item = next(segmented_items(made, describe))
    if grey is None:
        return item
    alpha = grey.astype(np.float32) / np.float32(255)
    return replace(item, alpha=alpha, cutout=cut_out(photo.pixels, alpha))


def _opened(stored: StoredPhoto) -> Photo:
    from ewardrobe.imaging import open_photo

    if not stored.file.is_file():
        raise StoreError(f"{stored.file} is missing; see: ewardrobe check")
    return open_photo(stored.file)


def _grey(item: Appearance) -> npt.NDArray[np.uint8]:
    return _read_grey(item.mask)


def _read_grey(path: Path) -> npt.NDArray[np.uint8]:
    import cv2

    grey = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    if grey is None:
        raise MaskError(f"the mask {path.name} cannot be read")
    return np.asarray(grey, np.uint8)


def _in_photo(connection: Connection, storage: Storage, photo_id: int) -> list[Appearance]:
    query = (
        select(appearances.c.id)
        .join(garments, garments.c.id == appearances.c.garment_id)
        .where(appearances.c.photo_id == photo_id, garments.c.removed_at.is_(None))
        .order_by(appearances.c.number)
    )
    ids = connection.execute(query).scalars().all()
    return [reading.load_appearance(connection, storage.folder, appearance_id) for appearance_id in ids]


def _must_be_here(connection: Connection, garment_id: int) -> None:
    query = select(garments.c.id).where(garments.c.id == garment_id, garments.c.removed_at.is_(None))
    if connection.execute(query).first() is None:
        raise NotFoundError(f"there is no garment {garment_id}; see: ewardrobe find")


def _must_be(connection: Connection, item: Appearance, unchanged_since: datetime | None) -> None:
    """`NotFoundError` unless the garment is here, `ChangedError` unless it is in the state the caller knows."""
    _must_be_here(connection, item.garment_id)
    query = select(garments.c.changed_at).where(garments.c.id == item.garment_id)
    if unchanged_since is not None and connection.execute(query).scalar() != unchanged_since:
        raise ChangedError("this garment was changed meanwhile; load it again to see how")


def _is_main(connection: Connection, appearance_id: int, garment_id: int) -> bool:
    """Whether it is the picture that stands for the garment: the largest."""
    query = select(appearances.c.id).where(appearances.c.garment_id == garment_id)
    largest = query.order_by(appearances.c.area.desc(), appearances.c.id).limit(1)
    return connection.execute(largest).scalar() == appearance_id


def _prune(connection: Connection, staging: Staging) -> None:
    """Drop earlier cut-outs that no undo can bring back; the first of an appearance is kept."""
    table = earlier_cutouts
    undoable = select(changes.c.row_id).where(changes.c.table_name == table.name)
    first = select(func.min(table.c.id)).group_by(table.c.appearance_id)
    gone = select(table).where(table.c.id.not_in(undoable), table.c.id.not_in(first))
    for row in connection.execute(gone).all():
        staging.discard(files_of(table, row._mapping))
        connection.execute(table.delete().where(table.c.id == row.id))
