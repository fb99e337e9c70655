"""Geometric and photometric augmentation onto one canvas, and the pasting of garments and people onto new grounds."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ewardrobe.taxonomy import IGNORE
from ewardrobe.training.items import Item
from ewardrobe.training.scenery import draw_props, studio, texture

__all__ = ["Augmenter", "photometric"]

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]


def _placement(
    rng: np.random.Generator,
    shape: tuple[int, int],
    canvas: tuple[int, int],
    scale: tuple[float, float],
    turn: float,
    focus: tuple[float, float] | None = None,
) -> Matrix:
    """Random affine map from a photo of `shape` (h, w) onto `canvas` (h, w); `scale` 1 = the photo just fits.

    With `focus`, a point (x, y) of the photo, that point lands near the canvas's middle.
    """
    height, width = shape
    rows, columns = canvas
    size = min(rows / height, columns / width) * np.exp(rng.uniform(*np.log(scale)))
    stretch = np.exp(rng.normal(0, 0.06))
    flip = -1 if rng.random() < 0.5 else 1
    c, s = np.cos(turn), np.sin(turn)
    linear = np.array([[c, -s], [s, c]]) @ np.diag([flip * size * stretch, size / stretch])
    linear[0, 1] += rng.normal(0, 0.04) * size
    extent = np.abs(linear) @ np.array([width, height])
    slack = np.array([columns, rows]) - extent
    # Within the slack when the photo is smaller than the canvas, a window of it when it is larger.
    centre = np.array([columns, rows]) / 2 + slack * rng.uniform(-0.5, 0.5, 2)
    offset = centre - linear @ np.array([width / 2, height / 2])
    if focus is not None:
        aim = np.array([columns, rows]) * rng.uniform((0.3, 0.2), (0.7, 0.7))
        offset = aim - linear @ np.array(focus)
    return np.hstack([linear, offset[:, None]])


def _long_side(
    shape: tuple[int, int], canvas: tuple[int, int], scale: tuple[float, float]
) -> tuple[float, float]:
    """`scale` of the long side to the canvas's, as a scale of `_placement`.

    At inference a photo's long side is what is fixed; a landscape photo fitted to a portrait canvas is far smaller.
    """
    fit = min(canvas[0] / shape[0], canvas[1] / shape[1])
    ratio = max(canvas) / max(shape) / fit
    return scale[0] * ratio, scale[1] * ratio


def _face_or_garment(rng: np.random.Generator, labels: Pixels) -> tuple[float, float] | None:
    """A point of the person, half the time of hair or skin: what a selfie or a webcam is centred on."""
    body = (labels == 1) | (labels == 2)
    person = (labels > 0) & (labels != IGNORE)
    ys, xs = np.nonzero(body if rng.random() < 0.5 and body.any() else person)
    if not len(ys):
        return None
    # Among body pixels the upper ones: a face, not a knee.
    pick = rng.integers(len(ys) // 3 + 1) if body.any() and rng.random() < 0.7 else rng.integers(len(ys))
    return float(xs[pick]), float(ys[pick])


def _half(matrix: Matrix) -> Matrix:
    """The same map onto a canvas of half the size, pixel centres kept in place."""
    full = np.vstack([matrix, [0, 0, 1]])
    shrink = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1]])
    return np.asarray((shrink @ full)[:2])


def _warp(
    image: Pixels, matrix: Matrix, canvas: tuple[int, int], *, nearest: bool = False, fill: int | None = None
) -> Pixels:
    flags = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    border = cv2.BORDER_REPLICATE if fill is None else cv2.BORDER_CONSTANT
    value = 0 if fill is None else fill
    return np.asarray(
        cv2.warpAffine(image, matrix, canvas[::-1], flags=flags, borderMode=border, borderValue=(value,) * 3),
        np.uint8,
    )


def photometric(rng: np.random.Generator, image: Pixels) -> Pixels:
    """What light, cameras and JPEG do to a photo, uint8 (H, W, 3) in and out."""
    x = image.astype(np.float32)
    x *= np.exp(rng.normal(0, 0.10, 3)).astype(np.float32)
    if rng.random() < 0.25:
        rows, columns = x.shape[:2]
        shade = cv2.resize(
            rng.uniform(0.55, 1.25, (3, 3)).astype(np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC
        )
        x *= shade[..., None]
    grey = x.mean(-1, keepdims=True)
    x = grey + (x - grey) * rng.uniform(0.5, 1.5) if rng.random() < 0.96 else np.repeat(grey, 3, -1)
    x = (x - 128) * np.exp(rng.normal(0, 0.2)) + 128 + rng.normal(0, 18)
    if rng.random() < 0.3:
        x = 255 * np.clip(x / 255, 0, 1) ** np.exp(rng.normal(0, 0.3))
    if rng.random() < 0.2:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.3, 1.6))
    if rng.random() < 0.2:
        x += rng.normal(0, rng.uniform(2, 14), x.shape).astype(np.float32)
    out = np.clip(x, 0, 255).astype(np.uint8)
    if rng.random() < 0.06:
        out = out[..., rng.permutation(3)]
    if rng.random() < 0.2:
        packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])[1]
        out = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return out


class Augmenter:
    """Turns an item into one training pair on a canvas: image uint8 (H, W, 3), labels uint8 (H / 2, W / 2).

    Args:
        grounds: photos emptied of their garments (floors, beds, walls), uint8 (h, w, 3) each.
        streets: backgrounds of worn photos, likewise.
    """

    def __init__(self, grounds: list[Pixels], streets: list[Pixels]) -> None:
        self.grounds = grounds
        self.streets = streets

    def _ground(self, rng: np.random.Generator, canvas: tuple[int, int]) -> Pixels:
        choice = rng.random()
        if choice < 0.3:
            return studio(rng, *canvas)
        if choice < 0.42:
            return texture(rng, *canvas)
        pool = self.grounds if choice < 0.8 or not self.streets else self.streets
        photo = pool[rng.integers(len(pool))]
        cover = max(canvas[0] / photo.shape[0], canvas[1] / photo.shape[1])
        fit = min(canvas[0] / photo.shape[0], canvas[1] / photo.shape[1])
        matrix = _placement(rng, photo.shape[:2], canvas, (cover / fit, 1.8 * cover / fit), 0.0)
        return _warp(photo, matrix, canvas)

    def flat(
        self, rng: np.random.Generator, item: Item, other: Item | None, canvas: tuple[int, int]
    ) -> tuple[Pixels, Pixels]:
        """A flat photo as it is, or its garment (with `other` beside it, perhaps) pasted onto another ground."""
        turn = rng.normal(0, 0.25)
        if rng.random() < 0.12:
            turn += rng.choice([-1, 1, 2]) * np.pi / 2
        compose = rng.random() < 0.45
        upright = compose and rng.random() < 0.5
        matrix = _placement(
            rng,
            item.labels.shape,
            canvas,
            _long_side(item.labels.shape, canvas, (0.7, 1.3)),
            turn * (0.25 if upright else 1.0),
        )
        half = (canvas[0] // 2, canvas[1] // 2)
        if not compose:
            return self._plain(item, matrix, canvas)
        image = self._ground(rng, canvas)
        labels = np.zeros(half, np.uint8)
        pasted = [(item, matrix)]
        if other is not None and rng.random() < 0.25:
            pasted.append(
                (other, _placement(rng, other.labels.shape, canvas, (0.35, 0.8), rng.normal(0, 0.3)))
            )
        for number, (garment, place) in enumerate(pasted):
            assert garment.alpha is not None
            alpha = _warp(garment.alpha, place, canvas, fill=0)
            if number == 0 and upright and rng.random() < 0.75:
                draw_props(rng, image, alpha)
            image = self._paste(
                rng, image, _warp(garment.pixels, place, canvas), alpha, shadow=rng.random() < 0.5
            )
            warped = _warp(garment.labels, _half(place), half, nearest=True, fill=0)
            labels = np.where(warped > 0, warped, labels)
        return image, labels

    def worn(self, rng: np.random.Generator, item: Item, canvas: tuple[int, int]) -> tuple[Pixels, Pixels]:
        """A worn photo as it is or cropped closer; now and then its person on another ground."""
        focus = _face_or_garment(rng, item.labels) if rng.random() < 0.3 else None
        scale = (0.8, 1.3) if focus is None else (1.3, 4.5)
        matrix = _placement(rng, item.labels.shape, canvas, scale, rng.normal(0, 0.1), focus)
        image, labels = self._plain(item, matrix, canvas)
        if rng.random() < 0.2:
            person = ((labels != 0) & (labels != IGNORE)).astype(np.uint8) * 255
            alpha = cv2.resize(
                cv2.erode(person, np.ones((2, 2), np.uint8)), canvas[::-1], interpolation=cv2.INTER_LINEAR
            )
            alpha = cv2.GaussianBlur(alpha, (0, 0), 1.0)
            image = self._paste(
                rng, self._ground(rng, canvas), image, np.asarray(alpha, np.uint8), shadow=False
            )
            labels = np.where(labels == IGNORE, 0, labels)
        return image, labels

    @staticmethod
    def _plain(item: Item, matrix: Matrix, canvas: tuple[int, int]) -> tuple[Pixels, Pixels]:
        half = (canvas[0] // 2, canvas[1] // 2)
        return _warp(item.pixels, matrix, canvas), _warp(
            item.labels, _half(matrix), half, nearest=True, fill=IGNORE
        )

    @staticmethod
    def _paste(
        rng: np.random.Generator, ground: Pixels, pixels: Pixels, alpha: Pixels, *, shadow: bool
    ) -> Pixels:
        base = ground.astype(np.float32)
        if shadow:
            blur = float(rng.uniform(2, 14))
            shift = np.array([[1, 0, rng.normal(0, 8)], [0, 1, rng.normal(3, 6)]], np.float32)
            dark = cv2.GaussianBlur(cv2.warpAffine(alpha, shift, alpha.shape[::-1]), (0, 0), blur)
            base *= 1 - (dark.astype(np.float32) / 255 * rng.uniform(0.1, 0.6))[..., None]
        mix = alpha.astype(np.float32)[..., None] / 255
        return np.asarray(base * (1 - mix) + pixels * mix, np.uint8)
