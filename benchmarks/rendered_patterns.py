"""Patterns rendered onto photographed plain garments, with their folds and light: training data for rare ones.

The cloth's own colour is divided out, which leaves shading; a drawn pattern, bent by a smooth random displacement, is
multiplied back in.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.perceptual import (
    linear_from_srgb,
    oklab_from_linear,
    oklab_from_srgb,
    srgb_from_oklab,
)

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator


def render(
    pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], pattern: str, rng: Rng
) -> npt.NDArray[np.uint8]:
    """The garment with one of `PATTERNS` on it, uint8 (H, W, 3)."""
    linear = linear_from_srgb(pixels)
    cloth = np.median(linear[mask], axis=0) + 0.01
    shading = np.clip((linear + 0.01) @ [0.3, 0.5, 0.2] / (cloth @ [0.3, 0.5, 0.2]), 0.25, 2.2)
    shading **= rng.choice([1.0, rng.uniform(0, 1)])
    ground = oklab_from_linear(cloth)
    if rng.random() < 0.6:
        ground = _colour(rng)
    drawn = linear_from_srgb(srgb_from_oklab(PATTERNS[pattern](*_coordinates(mask, rng), mask, ground, rng)))
    lit = np.clip(drawn * shading[..., None] + rng.normal(0, 0.004, drawn.shape), 0, 1)
    shown = 255 * np.where(lit <= 0.0031308, lit * 12.92, 1.055 * np.maximum(lit, 1e-9) ** (1 / 2.4) - 0.055)
    shown = cv2.GaussianBlur(shown.astype(np.float32), (0, 0), float(rng.uniform(0.3, 0.8)))
    return np.where(mask[..., None], np.clip(shown, 0, 255).astype(np.uint8), pixels)


def _coordinates(mask: npt.NDArray[np.bool_], rng: Rng) -> tuple[Floats, Floats]:
    """Bent x and y of the cloth under each pixel."""
    rows, columns = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]].astype(float)
    sigma, amount = rng.uniform(12, 40), rng.uniform(0, 7)
    bend = []
    for _ in range(2):
        noise = cv2.GaussianBlur(rng.normal(0, 1, mask.shape), (0, 0), sigma)
        bend.append(amount * noise / (noise.std() + 1e-9))
    return columns + bend[0], rows + bend[1]


def _colour(rng: Rng) -> Floats:
    lightness, chroma, hue = (
        rng.uniform(0.15, 0.97),
        rng.choice([0.01, 0.06, 0.13, 0.18]),
        rng.uniform(0, 2 * np.pi),
    )
    return np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])


def _other(ground: Floats, rng: Rng, *, least: float = 0.12) -> Floats:
    while True:
        colour = _colour(rng)
        if np.linalg.norm(colour - ground) >= least:
            return colour


def _turned(x: Floats, y: Floats, angle: float) -> Floats:
    return np.asarray(x * np.cos(angle) + y * np.sin(angle))


def _bands(along: Floats, rng: Rng, widths: Floats) -> npt.NDArray[np.intp]:
    edges = np.cumsum(widths)
    return np.searchsorted(edges, np.mod(along + rng.uniform(0, edges[-1]), edges[-1]), side="right").clip(
        max=len(widths) - 1
    )


def _stripes(x: Floats, y: Floats, mask: npt.NDArray[np.bool_], ground: Floats, rng: Rng) -> Floats:
    angle = rng.choice([np.pi / 2, 0.0, rng.uniform(0, np.pi)], p=[0.55, 0.37, 0.08]) + rng.normal(0, 0.06)
    period = np.exp(rng.uniform(np.log(5), np.log(55)))
    count = int(rng.choice([1, 2, 3], p=[0.75, 0.18, 0.07]))
    share = rng.choice([rng.uniform(0.1, 0.25), rng.uniform(0.3, 0.6)])
    widths = np.concatenate([[period * (1 - share)], np.full(count, period * share / count)])
    colours = np.stack([ground, *(_other(ground, rng, least=0.1) for _ in range(count))])
    return np.asarray(colours[_bands(_turned(x, y, angle), rng, widths)])


def _checks(x: Floats, y: Floats, mask: npt.NDArray[np.bool_], ground: Floats, rng: Rng) -> Floats:
    angle, size = rng.normal(0, 0.08), np.exp(rng.uniform(np.log(6), np.log(60)))
    if rng.random() < 0.06:
        angle += np.pi / 4
    count = int(rng.choice([1, 2, 3], p=[0.5, 0.25, 0.25]))
    shares = (
        rng.dirichlet(np.full(count + 1, 2.0))
        if rng.random() < 0.7
        else np.array([0.85, *np.full(count, 0.15 / count)])
    )
    colours = np.stack([ground, *(_other(ground, rng, least=0.14) for _ in range(count))])
    one = colours[_bands(_turned(x, y, angle), rng, size * shares)]
    two = colours[_bands(_turned(x, y, angle + np.pi / 2), rng, size * shares)]
    return np.asarray((one + two) / 2)


def _dots(x: Floats, y: Floats, mask: npt.NDArray[np.bool_], ground: Floats, rng: Rng) -> Floats:
    radius = np.exp(rng.uniform(np.log(1.3), np.log(11)))
    step, angle = radius * rng.uniform(2.6, 6.0), rng.uniform(0, np.pi)
    u, v = _turned(x, y, angle) / step, _turned(x, y, angle + np.pi / 2) / step
    row = np.floor(v)
    u = u + 0.5 * np.mod(row, 2) * (rng.random() < 0.8)
    away = np.hypot(u - np.floor(u) - 0.5, v - row - 0.5) * step
    colour = _other(ground, rng)
    return np.where((away <= radius)[..., None], colour, ground)


def _prints(x: Floats, y: Floats, mask: npt.NDArray[np.bool_], ground: Floats, rng: Rng) -> Floats:
    colours = [_other(ground, rng, least=0.1) for _ in range(int(rng.integers(1, 5)))]
    canvas = np.broadcast_to(srgb_from_oklab(ground), (*mask.shape, 3)).copy()
    if rng.random() < 0.35:
        sigma = np.exp(rng.uniform(np.log(1.5), np.log(12)))
        for colour in colours:
            noise = cv2.GaussianBlur(rng.normal(0, 1, mask.shape), (0, 0), sigma)
            canvas[noise > noise.std() * rng.uniform(0.2, 1.1)] = srgb_from_oklab(colour)
    else:
        size = np.exp(rng.uniform(np.log(3), np.log(26)))
        count = int(mask.size / size**2 * rng.uniform(0.12, 0.5))
        _scatter(canvas, colours, size, count, (0, 0, mask.shape[1], mask.shape[0]), rng)
    return _bent(canvas, x, y)


def _bent(canvas: npt.NDArray[np.uint8], x: Floats, y: Floats) -> Floats:
    places = x.astype(np.float32), y.astype(np.float32)
    return oklab_from_srgb(cv2.remap(canvas, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))


def _paint(colour: Floats) -> list[int]:
    return [int(level) for level in srgb_from_oklab(colour)]


def _scatter(
    canvas: npt.NDArray[np.uint8],
    colours: list[Floats],
    size: float,
    count: int,
    box: tuple[int, int, int, int],
    rng: Rng,
) -> None:
    """Small motifs (petals around a middle, leaves, stars, blobs) at random places of a box (x, y, w, h)."""
    petals = int(rng.choice([0, 4, 5, 6]))
    for _ in range(count):
        middle = np.array([box[0] + rng.uniform(0, box[2]), box[1] + rng.uniform(0, box[3])])
        reach, turn = size * rng.uniform(0.5, 1.1), rng.uniform(0, 2 * np.pi)
        colour = colours[int(rng.integers(len(colours)))]
        if petals:
            for petal in range(petals):
                angle = turn + 2 * np.pi * petal / petals
                place = middle + 0.3 * reach * np.array([np.cos(angle), np.sin(angle)])
                _ellipse(canvas, place, (0.3 * reach, 0.16 * reach), angle, colour)
            _ellipse(canvas, middle, (0.12 * reach, 0.12 * reach), 0.0, colours[-1])
        else:
            corners = int(rng.integers(3, 9))
            angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
            radii = reach * rng.uniform(0.15, 0.6, corners)
            points = middle + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
            cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], _paint(colour))


def _ellipse(
    canvas: npt.NDArray[np.uint8], place: Floats, axes: tuple[float, float], angle: float, colour: Floats
) -> None:
    size = (max(1, round(axes[0])), max(1, round(axes[1])))
    cv2.ellipse(
        canvas,
        (round(float(place[0])), round(float(place[1]))),
        size,
        np.degrees(angle),
        0,
        360,
        _paint(colour),
        -1,
    )


def _graphics(x: Floats, y: Floats, mask: npt.NDArray[np.bool_], ground: Floats, rng: Rng) -> Floats:
    canvas = np.broadcast_to(srgb_from_oklab(ground), (*mask.shape, 3)).copy()
    rows, columns = np.nonzero(mask)
    width, height = np.ptp(columns), np.ptp(rows)
    wide, tall = int(width * rng.uniform(0.2, 0.5)), int(height * rng.uniform(0.1, 0.4))
    left = int(columns.mean() - wide / 2 + rng.normal(0, 0.06) * width)
    top = int(rows.min() + height * rng.uniform(0.15, 0.5))
    colours = [_other(ground, rng, least=0.15) for _ in range(int(rng.integers(1, 4)))]
    if rng.random() < 0.5:
        lines = int(rng.integers(1, 5))
        scale = max(0.25, wide / 90)
        for line in range(lines):
            text = "".join(rng.choice(list("ABCDEFGHKLMNOPRSTUVWXYZ019 "), int(rng.integers(4, 10))))
            place = (left, top + int((line + 1) * tall / lines))
            cv2.putText(
                canvas,
                text,
                place,
                int(rng.integers(0, 5)),
                scale,
                _paint(colours[line % len(colours)]),
                int(rng.integers(1, 4)),
            )
    if rng.random() < 0.7:
        _scatter(
            canvas,
            colours,
            min(wide, tall) * rng.uniform(0.3, 0.9),
            int(rng.integers(3, 14)),
            (left, top, wide, tall),
            rng,
        )
    return _bent(canvas, x, y)


def _plain(x: Floats, y: Floats, mask: npt.NDArray[np.bool_], ground: Floats, rng: Rng) -> Floats:
    return np.broadcast_to(ground, (*mask.shape, 3))


PATTERNS: dict[str, Callable[..., Floats]] = {
    "solid": _plain,
    "striped": _stripes,
    "checked": _checks,
    "dotted": _dots,
    "print": _prints,
    "graphic": _graphics,
}
"""What can be rendered, by name."""
