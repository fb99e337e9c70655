"""What shows where a garment was taken off: skin on limbs, other clothes beside them, the background elsewhere."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.perceptual import oklab_from_srgb, srgb_from_oklab
from ewardrobe.imaging import Inpainter
from ewardrobe.taxonomy import load
from ewardrobe.tryon.body import ARMPIT, HIP, WAIST, Body
from ewardrobe.tryon.outlines import Mask
from ewardrobe.tryon.scene import Scene, limb

__all__ = ["bare"]

Pixels = npt.NDArray[np.uint8]

_FOLDS = 0.25  # how much of a sleeve's own light and shade the arm under it is given
_BARE_LEG = np.array([0.19, 0.155, 0.12, 0.105, 0.075])
"""Half a bare leg's thickness at `Body.leg_rows`, in widths of the shoulders: trousers are wider."""
_ROUND = 0.1  # how much darker, in OKLab lightness, a limb is at its sides


def bare(scene: Scene, gone: Mask, label: str, inpainter: Inpainter, rng: np.random.Generator) -> Scene:
    """The scene without the pixels `gone`, bool (H, W), of which a garment of class `label` will cover most."""
    if not gone.any():
        return scene
    wardrobe = load("wardrobe")
    pixels, labels = scene.pixels.copy(), scene.labels.copy()
    grow = max(1, round(scene.body.width / 30))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1))
    # Its soft edge goes too, as far as it lies on the background.
    hole = gone | ((cv2.dilate(gone.view(np.uint8), disc) > 0) & (scene.labels == 0))
    limbs = [zone & hole for zone in _skin_zones(scene, label)]
    inner = _inner_zone(scene, label) & hole
    if inner.any() and _spread(pixels, labels, scene, inner, ("top", "dress"), hole, inpainter, rng):
        limbs[0] &= ~inner
        hole &= ~inner
    skin = limbs[0] | limbs[1]
    under = _under_zone(scene, label) & hole & ~skin
    # The background is asked some way off: a rim of the old cloth that no label covers would be smeared over it.
    wide = 2 * max(2, round(scene.body.width / 14)) + 1
    person = cv2.dilate((scene.labels != 0).view(np.uint8), np.ones((wide, wide), np.uint8)) > 0
    rest = hole & ~skin & ~under
    if rest.any():
        _fill(pixels, rest, person, inpainter, rng)
        labels[rest] = 0
    if under.any() and not _spread(
        pixels, labels, scene, under, ("pants", "shorts", "skirt", "dress"), hole, inpainter, rng
    ):
        limbs[0] |= under
    for part, lower in zip(limbs, (False, True), strict=True):
        if part.any():
            shown = _shown(scene, lower=lower)
            _paint_skin(pixels, scene, part, shown)
            stockings = bool(shown.any()) and bool(scene.where("legwear")[shown].mean() > 0.5)
            labels[part] = wardrobe.index("legwear" if stockings else "skin")
    return Scene(pixels, labels, scene.body)


def _skin_zones(scene: Scene, label: str) -> tuple[Mask, Mask]:
    """Where the body itself is: what a garment of that class may bare above, arms first of all, and below the waist."""
    body, shape = scene.body, scene.labels.shape
    upper, lower = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    if label in ("top", "dress", "outerwear"):
        for arm in body.arms:
            upper |= limb(shape, arm.line, 1.12 * arm.half).view(np.uint8)
        rows = np.linspace(float(body.row(0.16)), max(body.waist, float(body.row(ARMPIT + 0.12))), 8)
        _fill_trunk(upper, body, rows, 0.94)
        neck = np.array([[-0.19 * body.width, -0.02 * body.unit], [0.19 * body.width, -0.02 * body.unit]])
        inset = np.array([[-0.06 * body.width, 0.06 * body.unit], [0.06 * body.width, 0.06 * body.unit]])
        outline = np.concatenate([body.neck + neck, body.shoulders[::-1] + inset])
        cv2.fillPoly(upper, [np.rint(outline).astype(np.int32)], 1)
    if label in ("pants", "shorts", "skirt", "dress"):
        _fill_legs(lower, body, _BARE_LEG * body.width)
        _fill_trunk(lower, body, np.linspace(body.waist, body.crotch, 5), 0.95)
    return upper > 0, (lower > 0) & (upper == 0)


def _under_zone(scene: Scene, label: str) -> Mask:
    """Where a top or coat hid trousers or a skirt."""
    zone = np.zeros(scene.labels.shape, np.uint8)
    if label in ("top", "outerwear"):
        rows = np.linspace(float(scene.body.row(WAIST - 0.05)), float(scene.body.row(HIP + 0.3)), 6)
        _fill_trunk(zone, scene.body, rows, 1.04)
        _fill_legs(zone, scene.body, np.full(len(_BARE_LEG), np.inf))
    return zone > 0


def _inner_zone(scene: Scene, label: str) -> Mask:
    """Where a coat hid what is worn under it."""
    zone = np.zeros(scene.labels.shape, np.uint8)
    if label == "outerwear":
        rows = np.linspace(float(scene.body.row(0.14)), scene.body.waist, 8)
        _fill_trunk(zone, scene.body, rows, 0.96)
    return zone > 0


def _spread(
    pixels: Pixels,
    labels: npt.NDArray[np.uint8],
    scene: Scene,
    wanted: Mask,
    names: tuple[str, ...],
    hole: Mask,
    inpainter: Inpainter,
    rng: np.random.Generator,
) -> bool:
    """Fill `wanted`, in place, from what is seen of garments of these classes; False where too little is."""
    source = scene.where(*names) & ~hole
    if np.count_nonzero(source) < max(50, 0.02 * np.count_nonzero(wanted)):
        return False
    _fill(pixels, wanted, cv2.erode(source.view(np.uint8), np.ones((3, 3), np.uint8)) == 0, inpainter, rng)
    labels[wanted] = np.bincount(scene.labels[source]).argmax()
    return True


def _fill_legs(zone: npt.NDArray[np.uint8], body: Body, thickest: npt.NDArray[np.float64]) -> None:
    """The legs, no thicker to either side of their middle than so many pixels at `body.leg_rows`."""
    for outer, inner in body.legs:
        middle = (outer + inner) / 2
        half = np.clip((outer - inner)[:, 0] / 2, -thickest, thickest)
        above = [[middle[0, 0], body.waist]]
        left = np.column_stack([middle[:, 0] - half, body.leg_rows])
        right = np.column_stack([middle[:, 0] + half, body.leg_rows])
        ankle = np.array([[right[-1, 0], body.soles], [left[-1, 0], body.soles]])
        outline = np.concatenate([above, right, ankle, left[::-1]])
        cv2.fillPoly(zone, [np.rint(outline).astype(np.int32)], 1)


def _fill_trunk(zone: npt.NDArray[np.uint8], body: Body, rows: npt.NDArray[np.float64], share: float) -> None:
    left, right = body.edges(rows)
    middle = body.axis(rows)
    outline = np.concatenate(
        [
            np.column_stack([middle + share * (left - middle), rows]),
            np.column_stack([middle + share * (right - middle), rows])[::-1],
        ]
    )
    cv2.fillPoly(zone, [np.rint(outline).astype(np.int32)], 1)


def _fill(
    pixels: Pixels, wanted: Mask, unknown: Mask, inpainter: Inpainter, rng: np.random.Generator
) -> None:
    """Fill `wanted`, in place, from what is neither wanted nor `unknown`, in a window around it."""
    x, y, width, height = cv2.boundingRect(wanted.view(np.uint8))
    reach = max(24, round(0.25 * max(width, height)))
    window = (slice(max(0, y - reach), y + height + reach), slice(max(0, x - reach), x + width + reach))
    hole = (wanted | unknown)[window]
    if hole.all():
        hole = wanted[window]
    filled = inpainter.fill(np.ascontiguousarray(pixels[window]), np.ascontiguousarray(hole), rng)
    pixels[window][wanted[window]] = filled[wanted[window]]


def _shown(scene: Scene, *, lower: bool) -> Mask:
    """Where what is laid bare can be seen beside it: the skin above or below the waist, or stockings."""
    skin, rows = scene.where("skin"), np.arange(len(scene.labels))[:, None]
    part = skin & (rows < scene.body.waist)
    if lower:
        legs, stockings = skin & (rows > scene.body.crotch), scene.where("legwear")
        part = stockings if np.count_nonzero(stockings) > np.count_nonzero(legs) else legs
    return np.asarray(part if np.count_nonzero(part) > 0.004 * scene.body.width**2 else skin)


def _paint_skin(pixels: Pixels, scene: Scene, zone: Mask, shown: Mask) -> None:
    """Skin in place of cloth: coloured as where it is `shown`, darker at the sides, with the cloth's broad folds."""
    tone = oklab_from_srgb(np.array([206, 160, 132]))
    if np.count_nonzero(shown) >= 12:
        found = oklab_from_srgb(scene.pixels[shown])
        # Eyes, mouth, beard and shadow are darker than skin.
        lit = found[:, 0] >= np.percentile(found[:, 0], 45)
        tone = np.median(found[lit], axis=0)
    x, y, width, height = cv2.boundingRect(zone.view(np.uint8))
    window = (slice(y, y + height), slice(x, x + width))
    part = zone[window]
    cloth = oklab_from_srgb(scene.pixels[window])[..., 0].astype(np.float32)
    sigma = max(1.0, scene.body.width * 0.06)
    share = part.astype(np.float32)
    broad = cv2.GaussianBlur(cloth * share, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(share, (0, 0), sigma), np.float32(1e-3)
    )
    folds = _FOLDS * (broad - float(np.median(broad[part])))
    body = ((scene.labels[window] != 0) | part).view(np.uint8)
    depth = cv2.distanceTransform(np.pad(body, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    round_off = _ROUND * np.clip(1 - depth / (0.09 * scene.body.width), 0, 1) ** 2
    lightness = np.clip(tone[0] + np.clip(folds, -0.08, 0.08) - round_off, 0.05, 0.97)
    chroma = np.broadcast_to(tone[1:], (*lightness.shape, 2))
    skin = srgb_from_oklab(np.dstack([lightness, chroma]))
    pixels[window][part] = skin[part]
