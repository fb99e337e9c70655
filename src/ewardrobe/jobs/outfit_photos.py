"""A photo of an outfit: which owned garments are worn in it, and putting it into the calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ewardrobe.errors import UsageError
from ewardrobe.jobs.adding import garment_records

if TYPE_CHECKING:
    from ewardrobe.imaging import Photo
    from ewardrobe.segmentation import Segmenter
    from ewardrobe.wardrobe import AddResult, SegmentedItem, Wardrobe

__all__ = ["log_photo", "recognise_photo"]


def recognise_photo(wardrobe: Wardrobe, segmenter: Segmenter, photo: Photo) -> dict[str, Any]:
    """What is worn in a photo; nothing is stored.

    `photo` is its number where it is in the wardrobe already, else None; `garments` are records with `number` (its
    place in the photo), `label`, `type`, `colour`, `score`, `box`, `aside` (it is of somebody else than the largest
    person), `thumbnail` (WebP), `candidates` (`garment`, `score`) and `proposed` (a garment's number, or None).
    """
    stored = wardrobe.stored(photo)
    if stored is not None and stored.photo is not None:
        return {"photo": stored.photo.id, "garments": list(_known(stored))}
    items, model = _items(wardrobe, segmenter, photo)
    return {"photo": None, "garments": _found(wardrobe, items, model)}


def log_photo(
    wardrobe: Wardrobe,
    segmenter: Segmenter,
    photo: Photo,
    chosen: Mapping[int, int | None],
    on: str | None,
) -> dict[str, Any]:
    """Store a photo and log what is worn in it.

    `chosen`: by a garment's place in the photo, the owned garment that it is, None for a new one; what is not in it is
    left out. Raises `UsageError` for a photo in the wardrobe already, or a place there is nothing at.
    """
    items, model = _items(wardrobe, segmenter, photo)
    if missing := set(chosen) - set(range(1, len(items) + 1)):
        raise UsageError(f"there is no garment {min(missing)} in this photo; {len(items)} were found")
    kept = [
        replace(item, garment_id=chosen[number])
        for number, item in enumerate(items, start=1)
        if number in chosen
    ]
    result = wardrobe.wears.add_photo(photo, kept, on=on, model=model)
    return {"photo": result.photo.id if result.photo else None, "garments": list(garment_records(result))}


def _items(wardrobe: Wardrobe, segmenter: Segmenter, photo: Photo) -> tuple[list[SegmentedItem], str]:
    from ewardrobe.wardrobe.adding import segmented_items
    from ewardrobe.wardrobe.settings import usual_describe

    segmentation = segmenter.segment(photo)
    if segmentation.taxonomy.name != "wardrobe":
        segmentation = segmentation.remap("wardrobe")
    tagged = wardrobe.settings.read().tagging
    items = segmented_items(segmentation, usual_describe(wardrobe.path), tagged=tagged)
    return list(items), segmentation.model


def _found(wardrobe: Wardrobe, items: Sequence[SegmentedItem], model: str) -> list[dict[str, Any]]:
    from ewardrobe.wardrobe.adding import thumbnail

    areas: Counter[int] = Counter()
    for item in items:
        if item.person is not None:
            areas[item.person] += int(item.mask.sum())
    largest = max(areas, key=lambda person: areas[person], default=None)
    return [
        {
            "number": number,
            "label": item.label,
            "type": None if item.attributes is None else _name(item.attributes.type.name),
            "colour": None if item.attributes is None else _name(item.attributes.colour.name),
            "score": round(float(item.score), 3),
            "box": list(item.box),
            "aside": item.person is not None and item.person != largest,
            "thumbnail": thumbnail(item.cutout),
            "candidates": [
                {"garment": match.garment_id, "score": round(match.score, 3)} for match in seen.candidates
            ],
            "proposed": None if seen.proposed is None else seen.proposed.garment_id,
        }
        for number, (item, seen) in enumerate(
            zip(items, wardrobe.wears.recognise(items, model), strict=True), start=1
        )
    ]


def _known(stored: AddResult) -> Sequence[dict[str, Any]]:
    """The garments of a photo that was added before: nothing is left to guess."""
    return [
        {
            "number": seen.number,
            "label": seen.label,
            "type": garment.type,
            "colour": garment.colour,
            "score": round(seen.score, 3),
            "box": list(seen.box),
            "aside": False,
            "thumbnail": seen.thumbnail.read_bytes() if seen.thumbnail.is_file() else b"",
            "candidates": [{"garment": garment.id, "score": 1.0}],
            "proposed": garment.id,
        }
        for garment in stored.garments
        for seen in garment.appearances
        if stored.photo is not None and seen.photo_id == stored.photo.id
    ]


def _name(name: str) -> str | None:
    from ewardrobe.attributes.values import UNKNOWN

    return None if name == UNKNOWN else name
