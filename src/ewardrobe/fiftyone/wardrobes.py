"""Between a FiftyOne dataset and a person's wardrobe, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import fiftyone as fo
from ewardrobe import taxonomy as taxonomies
from ewardrobe.errors import PhotoError, UsageError
from ewardrobe.fiftyone.fields import claim, name_classes
from ewardrobe.fiftyone.labels import detection_of
from ewardrobe.fiftyone.segmenting import DETECTIONS
from ewardrobe.fiftyone.work import LeftOut, Step, Summary, Work, left_out, photos_of, samples_in_batches
from ewardrobe.jobs.segmenting import load_segmenter
from ewardrobe.wardrobe import Appearance, OwnedGarment, StoredPhoto, Wardrobe, home

__all__ = ["PHOTO", "TAG", "add_to_wardrobe", "import_wardrobe"]

TAG = "wardrobe"
PHOTO = "wardrobe_photo"
"""The field with the photo's number in the wardrobe."""
_KEPT = ("type", "colour", "pattern", "material", "style", "season", "brand", "status")


def import_wardrobe(
    dataset: fo.Dataset, *, folder: str | Path | None = None, field: str = DETECTIONS
) -> Work:
    """Add the photos of a wardrobe to a dataset, with a detection for each garment.

    The samples point to the wardrobe's own photos, which are not copied; nothing in the wardrobe changes. A photo that
    the dataset has already is left as it is. `folder` is the wardrobe's; None: the owner's own (`EWARDROBE_HOME`).

    Raises:
        UsageError: there is no wardrobe in the folder, it has no photos, or a field of that name holds something else.
    """
    place = Path(folder).expanduser() if folder else home()
    if not (place / "wardrobe.db").is_file():
        raise UsageError(f"there is no wardrobe in {place}")
    if dataset.media_type not in (None, "image"):
        raise UsageError(f"this dataset is of the kind {dataset.media_type}: import into one of images")
    claim(dataset.view(), field, fo.Detections, "skip")
    name_classes(dataset, field, taxonomies.load("wardrobe"), fo.Detections)
    _declare_photo(dataset)
    present = set(dataset.values("filepath"))
    ids: list[str] = []
    missed: list[LeftOut] = []
    with Wardrobe.open(place) as wardrobe:
        photos = wardrobe.photos()
        if not photos:
            raise UsageError(f"the wardrobe in {place} has no photos")
        worn = _appearances(wardrobe)
        for number, photo in enumerate(photos, start=1):
            path = str(photo.file.absolute())
            if path not in present:
                try:
                    sample = _sample(photo, path, worn.get(photo.id, []), field)
                except Exception as error:
                    missed.append(left_out(photo.name, error))
                else:
                    ids.append(str(dataset.add_sample(sample) and sample.id))
            yield Step(number, len(photos))
    if ids:
        dataset.add_dynamic_sample_fields(fields=field)
    said = f"{len(ids)} photos of the wardrobe in {place}"
    if len(photos) > len(ids) + len(missed):
        said += f"; {len(photos) - len(ids) - len(missed)} were here already"
    return Summary(said, len(ids), tuple(missed), tuple(ids))


def _appearances(wardrobe: Wardrobe) -> dict[int, list[tuple[OwnedGarment, Appearance]]]:
    """The garments to be seen in each photo, by its number."""
    found: dict[int, list[tuple[OwnedGarment, Appearance]]] = {}
    for garment in wardrobe.find():
        for appearance in garment.appearances:
            found.setdefault(appearance.photo_id, []).append((garment, appearance))
    return found


def _sample(
    photo: StoredPhoto, path: str, garments: list[tuple[OwnedGarment, Appearance]], field: str
) -> fo.Sample:
    if not photo.file.is_file():
        raise PhotoError(f"its file {photo.file} is missing")
    detections = list(_detections(photo, garments))
    label = fo.Detections(detections=detections)
    return fo.Sample(filepath=path, tags=[TAG], **{PHOTO: photo.id, field: label})


def _detections(
    photo: StoredPhoto, garments: list[tuple[OwnedGarment, Appearance]]
) -> Iterator[fo.Detection]:
    for garment, seen in garments:
        x, y, width, height = seen.box
        with Image.open(seen.mask) as image:
            inside = np.asarray(image.crop((x, y, x + width, y + height)).convert("L")) >= 128
        yield detection_of(
            seen.label,
            seen.box,
            (photo.width, photo.height),
            inside,
            seen.score,
            garment=garment.id,
            title=garment.title,
            embedding=seen.embedding,
            **{name: getattr(garment, name) for name in _KEPT},
        )


def _declare_photo(dataset: fo.Dataset) -> None:
    field = dataset.get_field(PHOTO)
    if field is None:
        dataset.add_sample_field(PHOTO, fo.IntField)
    elif not isinstance(field, fo.IntField):
        raise UsageError(f"the field {PHOTO!r} holds {type(field).__name__}: rename it first")


def add_to_wardrobe(
    view: Any, *, folder: str | Path | None = None, model: str = "default", batch_size: int = 8
) -> Work:
    """Store the photos of a view, with the garments found in each, in a wardrobe.

    A photo is stored whole or not at all; one that is there already is skipped. Its sample gets the tag `wardrobe` and
    the photo's number. `folder` is the wardrobe's, made where there is none; None: the owner's own (`EWARDROBE_HOME`).

    Raises:
        StoreError: the wardrobe cannot be opened.
        ModelError: the model cannot be loaded.
    """
    photos = photos_of(view)
    dataset = view._root_dataset
    _declare_photo(dataset)
    segmenter = load_segmenter(model, None, None)
    missed: list[LeftOut] = []
    garments = stored = skipped = 0
    with Wardrobe.open(folder or None) as wardrobe:
        for sample, save in samples_in_batches(dataset, [found for found, _ in photos], batch_size):
            try:
                result = wardrobe.add(sample.filepath, segmenter=segmenter)
                if result.photo is None:
                    raise PhotoError("no garment was found in it")
            except Exception as error:
                missed.append(left_out(sample.filepath, error))
            else:
                skipped += result.skipped
                stored += not result.skipped
                garments += 0 if result.skipped else len(result.garments)
                sample[PHOTO] = result.photo.id
                sample.tags = list(dict.fromkeys([*sample.tags, TAG]))
                save()
            yield Step(stored + skipped + len(missed), len(photos))
        said = f"{stored} photos with {garments} garments stored in {wardrobe.path}"
    if skipped:
        said += f"; {skipped} were there already"
    return Summary(said, stored, tuple(missed), tuple(found for found, _ in photos))
