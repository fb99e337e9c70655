"""The colours of a garment: a palette with shares, and the one name a person would give it.

The masked pixels are counted in a coarse RGB histogram, so that everything after it works on some hundred weighted
colours whatever the photo's size. They are clustered along shading lines: under a weaker light every OKLab coordinate
of a cloth shrinks by the same factor, so (a/L, b/L) stays, and lightness alone separates little.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from .light import NEUTRAL_LIGHT, estimate_light
from .perceptual import linear_from_srgb, oklab_from_linear, oklab_from_srgb, srgb_from_oklab, to_cielab
from .values import Colour, Value
from .vocabulary import MULTICOLOUR, colour_names, colour_of_word, name_colour, vocabulary

__all__ = ["colour_names", "colour_of_word", "estimate_light", "main_colour", "name_colour", "palette"]

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_WORKING_SIZE = 192
_MAX_COLOURS = 6
_SEEDS = 8
_SMALLEST_SHARE = 0.03
_LIGHTNESS_WEIGHT = 0.5  # against (a/L, b/L): black and white differ by 0.45, a fold by 0.1
_DARKEST_RATIO = 0.35  # below this lightness a/L is noise
_MERGE_DISTANCE = 0.085
_LIT_QUANTILE = 0.3  # the darkest part of a cluster is fold and shadow, not cloth
_DIFFERENT = 0.12  # OKLab distance at which two colours are no longer shades of one
_EDGE_STEP = 48
_FLAT_LEAST = 0.65  # less, and the edges are the print
_SKIN_MOST = 0.45
_SKIN_PATCH = 9


def palette(pixels: Pixels, mask: Mask, *, light: npt.ArrayLike | None = None) -> tuple[Colour, ...]:
    """The colours of a garment, the largest share first; at most six, shares sum to 1.

    Args:
        pixels: uint8 (H, W, 3) sRGB, the photo or a crop of it.
        mask: bool (H, W), the garment in it.
        light: gains of `estimate_light`; none means neutral light.

    Returns:
        Colours with different names; empty for an empty mask. Shadows and small patches of skin are left out.
    """
    return _named(clusters(pixels, mask, light=light))


def clusters(pixels: Pixels, mask: Mask, *, light: npt.ArrayLike | None = None) -> list[tuple[Floats, float]]:
    """The palette before it is named: OKLab colours (3,) and their shares, as `palette` takes its arguments."""
    crop = _crop(pixels, mask)
    if crop is None:
        return []
    small, inside = crop
    colours, weights = _count(small, _flat(small, _without_skin(small, inside)))
    gains = NEUTRAL_LIGHT if light is None else np.asarray(light, np.float64)
    points = oklab_from_linear(np.clip(linear_from_srgb(colours) * gains, 0.0, 1.0))
    groups = _cluster(points, weights / weights.sum())
    return [
        _cloth(points[groups == group], weights[groups == group] / weights.sum())
        for group in range(groups.max() + 1)
    ]


def colour_map(pixels: Pixels, mask: Mask) -> tuple[npt.NDArray[np.intp], Floats]:
    """Which of a few colours each pixel has: numbers (H, W), meaningful inside the mask, and OKLab colours (K, 3)."""
    colours, weights = _count(pixels, mask)
    points = oklab_from_srgb(colours)
    groups = _cluster(points, weights / weights.sum())
    numbers = np.zeros(1 << 15, np.intp)
    numbers[np.unique(_bins(pixels[mask]))] = groups
    means = [
        np.average(points[groups == n], axis=0, weights=weights[groups == n]) for n in range(groups.max() + 1)
    ]
    return numbers[_bins(pixels)], np.array(means)


def main_colour(colours: Sequence[Colour]) -> Value:
    """The one name for a palette: the likeliest name over its shares, or `multicolour` when none leads.

    Returns:
        A value of source "pixels"; `unknown` for an empty palette. The confidence is calibrated on shop photos
        with human labels (docs: attributes).
    """
    if not colours:
        return Value.unknown()
    words = vocabulary()
    settings = words.settings
    shares = np.array([colour.share for colour in colours])
    weights = shares ** settings["share_power"]
    weights /= weights.sum()
    scores = weights @ words.probabilities(oklab_from_srgb([colour.rgb for colour in colours]))
    scores = scores ** settings["sharpness"]
    scores /= scores.sum()
    order = np.argsort(-scores, kind="stable")
    best, second = words.names[order[0]], words.names[order[1]]
    excess = _distinct(colours) - settings["multicolour_from"]
    if excess > 0:
        return Value(MULTICOLOUR, float(min(0.5 + 0.25 * excess, 0.95)), best, "pixels")
    return Value(best, float(scores[order[0]]), second, "pixels")


def _distinct(colours: Sequence[Colour]) -> float:
    """How many clearly different colours of equal share a palette amounts to: 1 for plain, 2 for two-tone stripes.

    The similarity-sensitive diversity of order 2 (Leinster and Cobbold 2012), with OKLab distances.
    """
    lab = oklab_from_srgb([colour.rgb for colour in colours]) * np.array([0.6, 1.0, 1.0])
    shares = np.array([colour.share for colour in colours])
    gaps = np.sqrt(np.square(lab[:, None] - lab[None]).sum(axis=2))
    return float(1.0 / (shares @ np.exp(-np.square(gaps / _DIFFERENT)) @ shares))


def _crop(pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask] | None:
    """The mask's box at working size, without the mixed pixels at its edge."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return None
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    crop, inside = pixels[box], mask[box]
    scale = _WORKING_SIZE / max(inside.shape)
    if scale < 1:
        size = (max(1, round(inside.shape[1] * scale)), max(1, round(inside.shape[0] * scale)))
        crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
        inside = cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    core = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    if core.sum() >= 0.4 * inside.sum():
        inside = core
    return (crop, inside) if inside.any() else (crop, np.ones_like(inside))


def _without_skin(pixels: Pixels, mask: Mask) -> Mask:
    """The mask without patches of skin, unless skin-like colours are most of it (then they are the cloth)."""
    lab = oklab_from_srgb(_LEVELS)[_bins(pixels)]
    chroma, hue = np.hypot(lab[..., 1], lab[..., 2]), np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    skin = mask & (hue > 32) & (hue < 72) & (chroma > 0.035) & (chroma < 0.14) & (lab[..., 0] > 0.35)
    patches = cv2.morphologyEx(
        skin.astype(np.uint8), cv2.MORPH_OPEN, np.ones((_SKIN_PATCH, _SKIN_PATCH), np.uint8)
    )
    part = patches.sum() / max(1, mask.sum())
    return mask & (patches == 0) if 0 < part < _SKIN_MOST else mask


def _flat(pixels: Pixels, mask: Mask) -> Mask:
    """The mask without strong edges, where two colours mix into a third that is not there, if enough is left."""
    kernel = np.ones((3, 3), np.uint8)
    red, green, blue = cv2.split(cv2.dilate(pixels, kernel) - cv2.erode(pixels, kernel))
    steps = np.maximum(np.maximum(red, green), blue)
    flat = mask & (steps <= _EDGE_STEP)
    return flat if flat.sum() >= _FLAT_LEAST * mask.sum() else mask


def _bins(pixels: Pixels) -> npt.NDArray[np.intp]:
    coarse = (pixels >> 3).astype(np.intp)
    return np.array(coarse[..., 0] << 10 | coarse[..., 1] << 5 | coarse[..., 2])


_LEVELS = np.stack(np.unravel_index(np.arange(1 << 15), (32, 32, 32)), axis=1) * 8.0 + 3.5


def _count(pixels: Pixels, mask: Mask) -> tuple[Floats, Floats]:
    """The distinct colours of the masked pixels (N, 3) and how many pixels have each (N,)."""
    chosen = pixels[mask]
    places = _bins(chosen)
    weights = np.bincount(places, minlength=1 << 15).astype(np.float64)
    used = np.flatnonzero(weights)
    sums = [np.bincount(places, chosen[:, channel], minlength=1 << 15)[used] for channel in range(3)]
    return np.stack(sums, axis=1) / weights[used, None], weights[used]


def _cluster(points: Floats, weights: Floats) -> npt.NDArray[np.intp]:
    """Group numbers (N,) of OKLab colours: weighted k-means along shading lines, then near groups merged."""
    ratio = points[:, 1:] / np.maximum(points[:, :1], _DARKEST_RATIO)
    places = np.column_stack([_LIGHTNESS_WEIGHT * points[:, 0], ratio])
    centres = _seeds(places, weights)
    for _ in range(8):
        groups = np.square(places[:, None] - centres[None]).sum(axis=2).argmin(axis=1)
        centres, sizes = _centres(places, weights, groups, len(centres))
    while len(centres) > 1:
        gaps = np.sqrt(np.square(centres[:, None] - centres[None]).sum(axis=2))
        np.fill_diagonal(gaps, np.inf)
        small = int(sizes.argmin())
        if sizes[small] < _SMALLEST_SHARE * sizes.sum() or len(centres) > _MAX_COLOURS:
            first, second = small, int(gaps[small].argmin())
        else:
            first, second = (int(place) for place in np.unravel_index(gaps.argmin(), gaps.shape))
            if gaps[first, second] > _MERGE_DISTANCE:
                break
        groups[groups == first] = second
        groups = np.asarray(np.unique(groups, return_inverse=True)[1].reshape(-1), np.intp)
        centres, sizes = _centres(places, weights, groups, len(centres) - 1)
    return np.asarray(groups, np.intp)


def _seeds(places: Floats, weights: Floats) -> Floats:
    """Starting centres, always the same for the same colours: the heaviest, then the farthest by weight."""
    chosen = [int(weights.argmax())]
    far = np.square(places - places[chosen[0]]).sum(axis=1)
    while len(chosen) < min(_SEEDS, len(places)):
        chosen.append(int((weights * far).argmax()))
        far = np.minimum(far, np.square(places - places[chosen[-1]]).sum(axis=1))
    return places[np.unique(chosen)]


def _centres(
    places: Floats, weights: Floats, groups: npt.NDArray[np.intp], count: int
) -> tuple[Floats, Floats]:
    """The weighted centre and the weight of each group; an empty one stays far away from everything."""
    sizes = np.bincount(groups, weights, minlength=count).astype(np.float64)
    sums = np.stack([np.bincount(groups, weights * axis, minlength=count) for axis in places.T], axis=1)
    return np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1e-9)[:, None], 9.0), sizes


def _cloth(points: Floats, weights: Floats) -> tuple[Floats, float]:
    """One group's colour in OKLab, from its lit part, and its weight."""
    order = np.argsort(points[:, 0])
    reached = np.cumsum(weights[order])
    lit = order[reached >= _LIT_QUANTILE * reached[-1]]
    return np.average(points[lit], axis=0, weights=weights[lit]), float(reached[-1])


def _named(found: Sequence[tuple[Floats, float]]) -> tuple[Colour, ...]:
    """Colours with names; groups with the same name become one, in the colour of the largest."""
    merged: dict[str, tuple[Floats, float]] = {}
    for lab, share in sorted(found, key=lambda group: -group[1]):
        name = vocabulary().name(lab)
        first, before = merged.get(name, (lab, 0.0))
        merged[name] = (first, before + share)
    ordered = sorted(merged.items(), key=lambda item: -item[1][1])
    return tuple(_colour(name, lab, share) for name, (lab, share) in ordered)


def _colour(name: str, lab: Floats, share: float) -> Colour:
    red, green, blue = (int(level) for level in srgb_from_oklab(lab))
    lightness, a, b = (round(float(axis), 2) for axis in to_cielab((red, green, blue)))
    return Colour(name, round(share, 4), (red, green, blue), (lightness, a, b))
