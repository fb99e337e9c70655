"""A garment fitted onto a person: bent into place, lit, hidden by what lies before it, the old one taken off."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.imaging import Inpainter, estimate_foreground
from ewardrobe.taxonomy import load
from ewardrobe.tryon.baring import bare
from ewardrobe.tryon.light import contact_shadow, scene_gain, shade
from ewardrobe.tryon.outlines import Floats
from ewardrobe.tryon.pieces import GarmentPiece
from ewardrobe.tryon.placing import Patch, place
from ewardrobe.tryon.scene import Scene
from ewardrobe.tryon.warping import warp

__all__ = ["LAYERS", "fit", "part_image"]

Image = npt.NDArray[np.float32]
Window = tuple[slice, slice]

LAYERS = ("pants", "shorts", "skirt", "top", "dress", "outerwear")
"""The classes in the order they are put on."""

_OVERLAP = 0.03  # of the garment's size: how far its parts reach into each other


def fit(scene: Scene, piece: GarmentPiece, inpainter: Inpainter, rng: np.random.Generator) -> Scene:
    """The scene with the person wearing the garment; its labels say so too."""
    patches = place(piece.shape, scene.body, piece.label)
    gone = scene.replaced_by(piece.label)
    face, hands = scene.skin_in_front()
    if piece.label in ("top", "dress", "outerwear"):
        hands = hands | scene.forearms_in_front()
    trunk = _draw(scene, piece, [patch for patch in patches if patch.arm is None])
    sleeves = _draw(scene, piece, [patch for patch in patches if patch.arm is not None])
    cover = 1 - (1 - trunk[..., 3]) * (1 - sleeves[..., 3])
    window = _window(cover)
    bared = bare(scene, gone, piece.label, inpainter, rng)
    light = shade(scene, gone, cover)[..., None] * scene_gain(scene, piece.gains) ** np.float32(1 / 2.2)
    made = bared.pixels.astype(np.float32) * contact_shadow(bared, cover)[..., None]
    front, ahead = scene.soft(scene.in_front_of(piece.label) | face), scene.soft(hands)
    made = _over(made, trunk, light)
    made = _before(made, bared, ahead, trunk[..., 3], window)
    made = _over(made, sleeves, light)
    made = _before(made, bared, front, cover, window)
    seen = (1 - (1 - trunk[..., 3] * (1 - ahead)) * (1 - sleeves[..., 3])) * (1 - front)
    labels = bared.labels.copy()
    labels[seen > 0.5] = load("wardrobe").index(piece.label)
    return Scene(np.clip(np.rint(made), 0, 255).astype(np.uint8), labels, scene.body)


def part_image(piece: GarmentPiece, patch: Patch) -> tuple[Image, Floats]:
    """The patch's pixels as float32 (h, w, 4), premultiplied RGBA with alpha 0..1, and its points there.

    Parts reach a little into each other, so that no gap opens between them.
    """
    pixels, alpha = piece.whole
    reach = max(1, round(_OVERLAP * max(alpha.shape)))
    # A cut-out much larger than its place is reduced first: remapping alone would alias.
    spread = np.ptp(patch.source, axis=0).max() / max(float(np.ptp(patch.target, axis=0).max()), 1.0)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    mask = cv2.dilate(patch.mask.view(np.uint8), disc).astype(np.float32)
    soft = cv2.GaussianBlur(mask, (0, 0), reach / 3)
    share = alpha.astype(np.float32) / 255 * np.clip(soft, 0, 1)
    image = np.dstack([pixels.astype(np.float32) * share[..., None], share]).astype(np.float32)
    scale = min(1.0, 1.3 / spread)
    if scale < 0.8:
        size = max(2, round(image.shape[1] * scale)), max(2, round(image.shape[0] * scale))
        ratio = np.array([size[0] / image.shape[1], size[1] / image.shape[0]])
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32), patch.source * ratio
    return image, patch.source


def _draw(scene: Scene, piece: GarmentPiece, patches: Sequence[Patch]) -> Image:
    """Parts of the garment on an empty canvas of the photo's size: float32 (H, W, 4), premultiplied, alpha 0..1."""
    size = scene.labels.shape
    canvas = np.zeros((*size, 4), np.float32)
    for patch in patches:
        image, source = part_image(piece, patch)
        drawn = warp(image, source, patch.target, (size[0], size[1]), 0.12 * scene.body.width)
        if drawn is not None:
            window, part = drawn
            canvas[window] = canvas[window] * (1 - part[..., 3:]) + part
    canvas[..., 3] = np.clip(canvas[..., 3], 0, 1)
    return canvas


def _over(ground: Image, layer: Image, light: Image) -> Image:
    return np.asarray(ground * (1 - layer[..., 3:]) + layer[..., :3] * light, np.float32)


def _before(made: Image, scene: Scene, front: Image, cover: Image, window: Window) -> Image:
    """What lies before the garment laid over it again, in its own colours up to its soft edge."""
    own = np.ascontiguousarray(np.where(cover > 0, front, 0)[window], dtype=np.float32)
    if not own.any():
        return made
    soft = np.ascontiguousarray(front[window])
    colours = estimate_foreground(np.ascontiguousarray(scene.pixels[window]), soft)
    made[window] = made[window] * (1 - own[..., None]) + colours * own[..., None]
    return made


def _window(cover: Image) -> Window:
    """Where the garment is, with some room."""
    x, y, width, height = cv2.boundingRect((cover > 0).view(np.uint8))
    return slice(max(0, y - 16), y + height + 16), slice(max(0, x - 16), x + width + 16)
