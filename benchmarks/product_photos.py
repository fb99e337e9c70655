"""The shop photos of the development data (`products/`), with a mask for each, for the colour measurements.

The photos have no pixel labels. The mask is what is not the white ground, found by flood fill from the border; on a
photo of a dressed person it is cut down to the rows where the named article sits, and patches of skin are taken out.
Nothing here looks at the colour label.
"""

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

from ewardrobe.attributes.perceptual import oklab_from_srgb

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

NOT_ONE_COLOUR = ("Multi", "Gold", "Silver", "Copper", "Bronze", "Steel", "Metallic")

_ON_LEGS = {
    "Trousers",
    "Jeans",
    "Shorts",
    "Track Pants",
    "Leggings",
    "Capris",
    "Skirts",
    "Lounge Pants",
    "Patiala",
    "Lounge Shorts",
    "Jeggings",
    "Salwar",
    "Churidar",
    "Rain Trousers",
    "Tights",
    "Stockings",
}
_SHORT = {"Shorts", "Capris", "Skirts", "Lounge Shorts"}
_ON_CHEST = {
    "Tshirts",
    "Tops",
    "Shirts",
    "Sweatshirts",
    "Sweaters",
    "Jackets",
    "Tunics",
    "Kurtis",
    "Waistcoat",
    "Blazers",
    "Shrug",
    "Nehru Jackets",
    "Rain Jacket",
    "Lounge Tshirts",
}


@dataclass(frozen=True)
class Product:
    """One shop photo: its human labels, pixels and mask."""

    id: str
    category: str
    article: str
    colour: str
    pixels: Pixels
    mask: Mask

    @property
    def held_out(self) -> bool:
        """Whether it belongs to the half that nothing is fitted on."""
        return hashlib.sha256(self.id.encode()).digest()[0] % 2 == 1


def data_folder() -> Path:
    """`EWARDROBE_DATA`, else `../shared/data` beside the repository."""
    return Path(os.environ.get("EWARDROBE_DATA", Path(__file__).parents[2] / "shared" / "data"))


def products(*, every: int = 1) -> Iterator[Product]:
    """Every product with a base colour and a photo; `every=10` takes a tenth."""
    folder = data_folder() / "products"
    table = pd.read_csv(folder / "styles.csv", dtype=str).dropna(subset=["baseColour"])
    with zipfile.ZipFile(folder / "photos.zip") as archive:
        held = set(archive.namelist())
        for row in table.iloc[::every].itertuples(index=False):
            if f"{row.id}.jpg" not in held:
                continue
            data = np.frombuffer(archive.read(f"{row.id}.jpg"), np.uint8)
            pixels = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            mask = garment_mask(pixels, row.masterCategory, row.articleType)
            yield Product(row.id, row.masterCategory, row.articleType, row.baseColour, pixels, mask)


def garment_mask(pixels: Pixels, category: str, article: str) -> Mask:
    """Where the named article is, bool (H, W)."""
    mask = _foreground(pixels)
    if category != "Apparel":
        return mask
    rows = np.flatnonzero(mask.any(axis=1))
    top, height = int(rows[0]), int(rows[-1] - rows[0])
    tall = height > 0.87 * len(pixels)
    skin = _skin(pixels) & mask
    head = slice(top, top + max(height // 6, 4))
    face = skin[head].sum() > 0.2 * mask[head].sum() and height > 0.75 * len(pixels)
    if article in _ON_LEGS and tall:
        part = (0.30, 0.62) if article in _SHORT else (0.35, 0.85)
    elif article not in _ON_LEGS and (tall or face):
        part = (0.24, 0.56) if article in _ON_CHEST else (0.25, 0.68)
    else:
        return mask
    band = mask.copy()
    band[: int(top + part[0] * height)] = False
    band[int(top + part[1] * height) :] = False
    if article not in _ON_LEGS:
        band &= _between_the_arms(band)
    bare = band & ~skin
    if bare.sum() > 0.6 * band.sum():
        band = bare
    return band if band.sum() > 30 else mask


def _foreground(pixels: Pixels) -> Mask:
    framed = cv2.copyMakeBorder(pixels, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    _, pieces = cv2.connectedComponents((framed.min(axis=2) >= 245).astype(np.uint8), connectivity=4)
    mask = (pieces != pieces[0, 0])[1:-1, 1:-1]
    if mask.sum() < 60:
        return np.ones_like(mask)
    mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    count, pieces, sizes, _ = cv2.connectedComponentsWithStats(mask)
    large = [
        n for n in range(1, count) if sizes[n, cv2.CC_STAT_AREA] > 0.1 * sizes[1:, cv2.CC_STAT_AREA].max()
    ]
    return np.isin(pieces, large) if large else np.ones_like(mask, bool)


def _skin(pixels: Pixels) -> Mask:
    lab = oklab_from_srgb(pixels)
    chroma, hue = np.hypot(lab[..., 1], lab[..., 2]), np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    light = (lab[..., 0] > 0.5) & (lab[..., 0] < 0.93)
    return np.asarray(light & (hue > 32) & (hue < 75) & (chroma > 0.035) & (chroma < 0.14))


def _between_the_arms(band: Mask) -> Mask:
    columns = np.flatnonzero(band.any(axis=0))
    if len(columns) == 0:
        return band
    middle, half = (columns[0] + columns[-1]) / 2, (columns[-1] - columns[0]) / 2
    near = np.abs(np.arange(band.shape[1]) - middle) <= 0.65 * half
    return np.broadcast_to(near, band.shape)
