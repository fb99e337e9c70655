"""The kinds of worn photo that a user meets, told apart by labels and pixels, never by the prediction.

Texture is measured as the mean absolute difference between CIELAB lightness (0..100) and its Gaussian blur
(sigma = 1/275 of the photo's longer side), well inside a region, so that its outline does not count. The
thresholds were set by eye on street photos sorted by these numbers. The axes:

- `pattern`: `patterned` when a garment of at least 1 % of the photo has texture 5 or more, else `plain`;
- `tone`: `dark` when the median lightness of all garment pixels is below 35, else `light`;
- `background`: `busy` when its texture is 2 or more, else `plain`;
- `layers`: `overlapping` when outerwear is worn over a top or a dress (each at least 0.5 % of the
  photo), else `single`;
- `legs`: of the skin, pants and legwear below the middle of the person, `covered` when less than half is
  skin, else `bare`; photos that show none of them have no value.

An axis whose classes the labels' taxonomy does not have is left out.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ewardrobe.taxonomy import IGNORE, Taxonomy

__all__ = ["describe_worn"]

PATTERNED_TEXTURE = 5.0
BUSY_TEXTURE = 2.0
DARK_LIGHTNESS = 35.0
PATTERN_SHARE = 0.01
LAYER_SHARE = 0.005
BLUR_SHARE = 1 / 275
OUTLINE_SHARE = 1 / 165  # how far inside a region texture is measured, of the photo's longer side

_SMALL_ITEMS = frozenset({"hat", "eyewear", "footwear", "bag", "belt", "scarf", "accessories", "other"})


def describe_worn(
    pixels: NDArray[np.uint8], label_map: NDArray[np.uint8], taxonomy: Taxonomy
) -> dict[str, str]:
    """The slice that a worn photo falls into on each axis, such as `{"tone": "dark", "legs": "bare"}`.

    Args:
        pixels: uint8 (H, W, 3), sRGB.
        label_map: uint8 (H, W), the true labels.
        taxonomy: of the labels.
    """
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lightness: NDArray[np.float32] = np.asarray(lab, dtype=np.float32)[..., 0]
    sigma = BLUR_SHARE * max(label_map.shape)
    detail = np.abs(lightness - cv2.GaussianBlur(lightness, (0, 0), sigma)).astype(np.float32)
    clothes = [c.index for c in taxonomy if c.kind == "garment" and c.name not in _SMALL_ITEMS]
    found: dict[str, str | None] = {
        "pattern": _pattern(detail, label_map, clothes),
        "tone": _tone(lightness, label_map, clothes),
        "background": _background(detail, label_map),
        "layers": _layers(label_map, taxonomy),
        "legs": _legs(label_map, taxonomy),
    }
    return {axis: value for axis, value in found.items() if value is not None}


def _texture(detail: NDArray[np.float32], region: NDArray[np.bool_]) -> float:
    """Mean detail well inside a region; 0 where the region is too thin to have an inside."""
    side = 2 * max(1, round(OUTLINE_SHARE * max(region.shape))) + 1
    inside = cv2.erode(region.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    return float(detail[inside].mean()) if inside.any() else 0.0


def _pattern(detail: NDArray[np.float32], label_map: NDArray[np.uint8], clothes: list[int]) -> str | None:
    regions = [label_map == index for index in clothes]
    large = [region for region in regions if region.mean() >= PATTERN_SHARE]
    if not large:
        return None
    strongest = max(_texture(detail, region) for region in large)
    return "patterned" if strongest >= PATTERNED_TEXTURE else "plain"


def _tone(lightness: NDArray[np.float32], label_map: NDArray[np.uint8], clothes: list[int]) -> str | None:
    worn = lightness[np.isin(label_map, clothes)]
    if not worn.size:
        return None
    return "dark" if float(np.median(worn)) < DARK_LIGHTNESS else "light"


def _background(detail: NDArray[np.float32], label_map: NDArray[np.uint8]) -> str | None:
    region = label_map == 0
    if not region.any():
        return None
    return "busy" if _texture(detail, region) >= BUSY_TEXTURE else "plain"


def _share(label_map: NDArray[np.uint8], taxonomy: Taxonomy, name: str) -> float:
    return float((label_map == taxonomy.index(name)).mean())


def _layers(label_map: NDArray[np.uint8], taxonomy: Taxonomy) -> str | None:
    if not all(name in taxonomy for name in ("outerwear", "top", "dress")):
        return None
    over, top, dress = (_share(label_map, taxonomy, name) for name in ("outerwear", "top", "dress"))
    return "overlapping" if over >= LAYER_SHARE and max(top, dress) >= LAYER_SHARE else "single"


def _legs(label_map: NDArray[np.uint8], taxonomy: Taxonomy) -> str | None:
    if not all(name in taxonomy for name in ("skin", "pants", "legwear")):
        return None
    rows = np.flatnonzero(((label_map > 0) & (label_map != IGNORE)).any(axis=1))
    if not rows.size:
        return None
    lower = label_map[(int(rows[0]) + int(rows[-1]) + 1) // 2 :]
    skin, pants, legwear = (
        int(np.count_nonzero(lower == taxonomy.index(n))) for n in ("skin", "pants", "legwear")
    )
    if not skin + pants + legwear:
        return None
    return "bare" if skin >= pants + legwear else "covered"
