"""Masks for the shop photos of `products/`, which have no pixel labels: where the named article is.

Everything that is not the white ground, without the reflection under a shoe. On a photo of a dressed person, what the
shipped model says is of the article's classes; where it finds too little, or without a model, the rows where such an
article sits. Nothing here looks at the colour label.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.attributes.perceptual import oklab_from_srgb
from ewardrobe.segmentation import Segmenter

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

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
_ENLARGED = 4  # the model is given 240x320 pixels
_FOUND_LEAST = 0.15  # of the foreground: less, and the model missed the garment
_GROUND = 248  # darkest channel: nothing but the ground is as bright, save white cloth
_PALE, _GREYISH = 175, 30  # a reflection: darkest channel at least, channels apart at most


def garment_mask(pixels: Pixels, category: str, article: str, segmenter: Segmenter | None = None) -> Mask:
    """Where the named article is, bool (H, W); `segmenter` helps where a person wears it."""
    foreground = _foreground(pixels)
    if category == "Apparel":
        mask = _apparel(pixels, foreground, article, segmenter)
    elif category == "Footwear":
        mask = _without_reflection(pixels, foreground)
    else:
        mask = foreground
    bare = mask & (pixels.min(axis=2) < _GROUND)
    return bare if bare.sum() >= 0.4 * mask.sum() else mask


def _apparel(pixels: Pixels, foreground: Mask, article: str, segmenter: Segmenter | None) -> Mask:
    rows = np.flatnonzero(foreground.any(axis=1))
    top, height = int(rows[0]), int(rows[-1] - rows[0])
    skin = _skin(pixels) & foreground
    head = slice(top, top + max(height // 6, 4))
    tall = height > 0.87 * len(pixels)
    face = skin[head].sum() > 0.2 * foreground[head].sum() and height > 0.75 * len(pixels)
    if not tall and (article in _ON_LEGS or not face):
        return foreground
    if segmenter is not None:
        found = _segmented(pixels, article, segmenter) & foreground
        if found.sum() >= _FOUND_LEAST * foreground.sum():
            return found
    return _rows_of(article, foreground, skin, top, height)


def _segmented(pixels: Pixels, article: str, segmenter: Segmenter) -> Mask:
    """What the model takes for the article's classes: for any garment where the article is no type of ours."""
    height, width = pixels.shape[:2]
    size = (width * _ENLARGED, height * _ENLARGED)
    label_map = segmenter.segment(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)).label_map
    vocabulary = type_vocabulary()
    meant = vocabulary.sources["products"].get(article, ())
    names = {name for item in vocabulary.types if item.name in meant for name in item.classes}
    names = names or {"top", "outerwear", "dress", "pants", "shorts", "skirt", "legwear", "scarf"}
    part = np.isin(label_map, [segmenter.taxonomy.index(name) for name in names]).astype(np.float32)
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA) >= 0.5)


def _rows_of(article: str, foreground: Mask, skin: Mask, top: int, height: int) -> Mask:
    """The foreground of the rows where a dressed person has such an article, without skin and arms."""
    if article in _ON_LEGS:
        part = (0.30, 0.62) if article in _SHORT else (0.35, 0.85)
    else:
        part = (0.24, 0.56) if article in _ON_CHEST else (0.25, 0.68)
    band = foreground.copy()
    band[: int(top + part[0] * height)] = False
    band[int(top + part[1] * height) :] = False
    if article not in _ON_LEGS:
        band &= _between_the_arms(band)
    bare = band & ~skin
    if bare.sum() > 0.6 * band.sum():
        band = bare
    return band if band.sum() > 30 else foreground


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


def _without_reflection(pixels: Pixels, foreground: Mask) -> Mask:
    """The foreground without what is pale and grey below the lowest other pixel of its column; a white shoe stays."""
    darkest = pixels.min(axis=2).astype(int)
    pale = (darkest >= _PALE) & (pixels.max(axis=2) - darkest <= _GREYISH)
    solid = foreground & ~pale
    if solid.sum() < 0.3 * foreground.sum():
        return foreground
    return np.asarray(foreground & (np.cumsum(solid[::-1], axis=0)[::-1] > 0))


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
