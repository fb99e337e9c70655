"""The shop photos of the development data (`products/`) with their human labels, for the colour measurements."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from product_masks import garment_mask

from ewardrobe.segmentation import Segmenter

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

NOT_ONE_COLOUR = ("Multi", "Gold", "Silver", "Copper", "Bronze", "Steel", "Metallic")


@dataclass(frozen=True)
class Product:
    """One shop photo: its human labels, pixels and mask."""

    id: str
    category: str
    article: str
    colour: str
    pixels: Pixels
    mask: Mask


def data_folder() -> Path:
    """`EWARDROBE_DATA`, else `../shared/data` beside the repository."""
    return Path(os.environ.get("EWARDROBE_DATA", Path(__file__).parents[2] / "shared" / "data"))


def is_held_out(product_id: str) -> bool:
    """Whether a product belongs to the half that nothing is fitted on."""
    return hashlib.sha256(product_id.encode()).digest()[0] % 2 == 1


def products(*, held_out: bool, every: int = 1, segmenter: Segmenter | None = None) -> Iterator[Product]:
    """The products of one half with a base colour and a photo; `every=10` takes a tenth.

    `segmenter` finds the garments of dressed people; without one, they are looked for in fixed rows.
    """
    folder = data_folder() / "products"
    table = pd.read_csv(folder / "styles.csv", dtype=str).dropna(subset=["baseColour"])
    with zipfile.ZipFile(folder / "photos.zip") as archive:
        held = set(archive.namelist())
        for row in table.iloc[::every].itertuples(index=False):
            if f"{row.id}.jpg" not in held or is_held_out(row.id) != held_out:
                continue
            data = np.frombuffer(archive.read(f"{row.id}.jpg"), np.uint8)
            pixels = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            mask = garment_mask(pixels, row.masterCategory, row.articleType, segmenter)
            yield Product(row.id, row.masterCategory, row.articleType, row.baseColour, pixels, mask)
