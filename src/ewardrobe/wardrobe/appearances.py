"""Garments in photos: cut-outs mended, made anew, put back, and given to another garment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from ewardrobe.attributes.values import Attributes, Value
from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.wardrobe import reading, writing
from ewardrobe.wardrobe.fields import parse_fields
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.records import Appearance, OwnedGarment
from ewardrobe.wardrobe.recutting import (
    INSIDE,
    Change,
    Describe,
    Mask,
    first_cutout,
    grey_of,
    in_photo,
    must_be_here,
    opened,
    prune,
    read_grey,
    segmented_item,
)
from ewardrobe.wardrobe.schema import appearances
from ewardrobe.wardrobe.settings import SettingsFile, usual_describe
from ewardrobe.wardrobe.storage import Storage

if TYPE_CHECKING:
    from ewardrobe.segmentation import Segmenter

__all__ = ["Appearances"]


class Appearances:
    """The appearances of a wardrobe's garments: `wardrobe.appearances`.

    Verbs that change a cut-out recompute its soft edge, picture, thumbnail, box, area and embedding, and what is
    automatic about a garment whose main picture it is; what the owner set stays. Each is one transaction and one step
    of `undo`. `describe` is what the settings say by default (`settings.usual_describe`). `unchanged_since` is the
    garment's `changed_at` as the caller knows it: `ChangedError` where it is another by now.

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
            return in_photo(connection, self._storage, photo_id)

    def mask(self, appearance_id: int) -> Mask:
        """Where the garment is, bool (H, W) of the photo."""
        inside: Mask = grey_of(self.get(appearance_id)) >= INSIDE
        return inside

    def first_mask(self, appearance_id: int) -> Mask:
        """Where the garment was found to be before anything was changed, bool (H, W) of the photo."""
        item = self.get(appearance_id)
        with self._storage.reading() as connection:
            first = first_cutout(connection, appearance_id)
        path = item.mask if first is None else self._storage.folder.path(first["mask_file"])
        inside: Mask = read_grey(path) >= INSIDE
        return inside

    def was_changed(self, appearance_id: int) -> bool:
        """Whether there is an earlier cut-out that `reset_mask` would put back."""
        with self._storage.reading() as connection:
            return first_cutout(connection, appearance_id) is not None

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
            grey = read_grey(self._storage.folder.path(first["mask_file"]))
            change.item(grey >= INSIDE, grey=grey, describe=describe, found=first)
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
            garment = match_garment(found, grey_of(present) >= INSIDE, present.label)
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
        """A new garment out of a stored photo: `mask`, bool (H, W) of the photo, of a garment class of `wardrobe`.

        Raises `UsageError` for another class, `MaskError`, `NotFoundError`.
        """
        label = parse_fields({"label": label})["label"]
        from ewardrobe.wardrobe.adding import insert_item, stage_item

        with self._storage.reading() as connection:
            stored = reading.load_photo(connection, self._storage.folder, photo_id)
            others = in_photo(connection, self._storage, photo_id)
        photo = opened(stored)
        describe = describe or usual_describe(self._storage.folder.root)
        item = segmented_item(photo, mask, label, score, None, others, model, describe)
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
                tagged = SettingsFile(self._storage.folder.root).read().tagging
                seen = Value(present.label, present.score, None, "model")
                label = seen if tagged else Value.unknown("model")
                writing.set_automatic(action, garment_id, label, said)
            elif garment_id == present.garment_id:
                raise UsageError(f"this photo is garment {garment_id}'s already")
            must_be_here(action.connection, garment_id)
            action.update(appearances, appearance_id, {"garment_id": garment_id})
            for touched in (garment_id, present.garment_id):
                writing.touch(action, touched)
        return self._garment(garment_id)

    def _described(self, item: Appearance, describe: Describe | None) -> Attributes | None:
        with self._storage.reading() as connection:
            stored = reading.load_photo(connection, self._storage.folder, item.photo_id)
        photo, mask = opened(stored), grey_of(item) >= INSIDE
        return segmented_item(
            photo,
            mask,
            item.label,
            item.score,
            item.person,
            [],
            item.model,
            describe or usual_describe(self._storage.folder.root),
        ).attributes

    def _garment(self, garment_id: int) -> OwnedGarment:
        with self._storage.reading() as connection:
            return reading.load_garment(connection, self._storage.folder, garment_id)

    @contextmanager
    def _changing(self, appearance_id: int, verb: str, unchanged_since: datetime | None) -> Iterator[Change]:
        """The work on one cut-out: what is set in the block is stored at its end, or nothing is."""
        with self._storage.folder.stage() as staging:
            with self._storage.reading() as connection:
                change = Change(self._storage, connection, staging, appearance_id, unchanged_since)
            yield change
            with self._storage.writing(staging) as connection:
                action = Action(connection, verb, change.stored.name)
                change.store(action, unchanged_since)
                action.close()
                prune(connection, staging)
        change.garment = self._garment(change.appearance.garment_id)
