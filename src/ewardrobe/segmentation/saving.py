"""The files of a segmented photo, whose names and layout are a contract.

    <stem>.labels.png        8-bit palette PNG of exactly the photo's size; pixel value = index in the taxonomy
    <stem>.overlay.jpg       the photo with the classes coloured, outlined and named
    <stem>.<n>-<class>.png   one RGBA cut-out per garment, cropped, with a soft alpha; n as in the JSON
    <stem>.json              COCO: images, categories (id = index), annotations (id = n; segmentation as RLE, bbox,
                             area, score, person), https://cocodataset.org/#format-data
    <stem>.mask.png          8-bit grey PNG of the photo's size: the soft alpha of all but the background

Each file is written whole or not at all, and none carries EXIF, GPS or camera data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ewardrobe.errors import EwardrobeError, UsageError
from ewardrobe.imaging import encode_rle, to_jpeg_bytes, to_png_bytes, write_atomically

if TYPE_CHECKING:
    from ewardrobe.segmentation.results import Segmentation

__all__ = ["DEFAULT_PARTS", "PARTS", "file_name_of", "save", "to_coco"]

PARTS = ("labels", "overlay", "cutouts", "json", "mask")
DEFAULT_PARTS = ("labels", "overlay", "cutouts", "json")


def to_coco(result: Segmentation) -> dict[str, Any]:
    """The garments as a COCO document of plain JSON types.

    `categories` are all classes of the taxonomy with id = index and the region, or kind, as supercategory; annotation
    ids are the garments' numbers; `segmentation` is compressed RLE; `person` is 1.. or null.
    """
    photo = result.photo
    return {
        "info": {"description": "made by eWardrobe", "model": result.model, "taxonomy": result.taxonomy.name},
        "images": [
            {
                "id": 1,
                "file_name": photo.path.name if photo.path else photo.name,
                "width": photo.width,
                "height": photo.height,
            }
        ],
        "categories": [
            {"id": item.index, "name": item.name, "supercategory": item.region or item.kind}
            for item in result.taxonomy
        ],
        "annotations": [
            {
                "id": garment.number,
                "image_id": 1,
                "category_id": garment.index,
                "segmentation": dict(encode_rle(garment.mask)),
                "bbox": list(garment.box),
                "area": garment.area,
                "iscrowd": 0,
                "score": round(garment.score, 4),
                "person": garment.person,
            }
            for garment in result.garments
        ],
    }


def save(result: Segmentation, folder: Path, what: Collection[str], stem: str) -> list[Path]:
    """Write the files named in `what` (of `PARTS`), and return their paths in the order of `PARTS`.

    UsageError for an unknown part; EwardrobeError when the folder cannot be made or written.
    """
    unknown = [part for part in what if part not in PARTS]
    if unknown:
        raise UsageError(f"cannot save {unknown[0]!r}; choose from: {', '.join(PARTS)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EwardrobeError(
            f"{folder} cannot be made: {error.strerror or error}; choose another folder"
        ) from None
    written: list[Path] = []

    def write(name: str, content: bytes) -> None:
        write_atomically(folder / name, content)
        written.append(folder / name)

    if "labels" in what:
        write(f"{stem}.labels.png", to_png_bytes(result.label_map, palette=result.taxonomy.palette()))
    if "overlay" in what:
        write(f"{stem}.overlay.jpg", to_jpeg_bytes(result.overlay()))
    if "cutouts" in what:
        for cutout in result.cutouts():
            number = cutout.garment.number if cutout.garment else 0
            written.append(cutout.save(folder / f"{stem}.{number}-{file_name_of(cutout.name)}.png"))
    if "json" in what:
        document = json.dumps(to_coco(result), ensure_ascii=False, indent=1)
        write(f"{stem}.json", document.encode())
    if "mask" in what:
        write(f"{stem}.mask.png", to_png_bytes(np.rint(result.person_alpha() * 255).astype(np.uint8)))
    return written


def file_name_of(label: str) -> str:
    """A class's name as part of a file name: "bag, wallet" -> "bag-wallet"."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", label).strip("-").lower() or "garment"
