"""Backgrounds and props onto which garments and people are pasted: floors, studios, streets, stands, hangers."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_props", "emptied", "studio", "texture"]

_PROP_COLOURS = np.array(
    [
        [226, 196, 170],
        [240, 236, 228],
        [205, 170, 140],
        [120, 85, 60],
        [40, 40, 42],
        [150, 150, 155],
        [184, 140, 96],
    ],
    np.float32,
)


def emptied(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The photo with what `mask` covers filled in from around it (coarsely: it is a background)."""
    height, width = mask.shape
    small = cv2.resize(pixels, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    hole = cv2.resize(mask.astype(np.uint8), (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    hole = cv2.dilate((hole > 0).astype(np.uint8), np.ones((5, 5), np.uint8))
    if hole.mean() > 0.9:
        return np.full_like(pixels, np.median(pixels[0], axis=0).astype(np.uint8))
    filled = cv2.resize(cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA), (width, height))
    soft = cv2.GaussianBlur(cv2.resize(hole.astype(np.float32), (width, height)), (0, 0), 2)[..., None]
    return np.asarray(pixels * (1 - soft) + filled * soft, np.uint8)


def studio(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """A studio sweep: near-white, grey or coloured ground with a soft gradient, sometimes a horizon."""
    base = rng.uniform(225, 256, 3) if rng.random() < 0.5 else rng.uniform(30, 240) + rng.normal(0, 14, 3)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    light = rng.normal(0, 18) * (np.cos(angle) * x + np.sin(angle) * y)
    light += rng.normal(0, 14) * ((x - rng.random()) ** 2 + (y - rng.random()) ** 2)
    if rng.random() < 0.3:
        horizon = np.clip((y - rng.uniform(0.5, 0.95)) * rng.uniform(15, 200), -30, 30)
        light += rng.normal(0, 25) / (1 + np.exp(-horizon))
    return np.asarray(np.clip(base + light[..., None], 0, 255), np.uint8)


def texture(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """Cloth- or wood-like ground: noise at several scales, stretched one way, in two colours, sometimes checked."""
    field = np.zeros((height, width), np.float32)
    for scale in (4, 12, 40, 120):
        rows = max(2, int(height / scale * rng.uniform(0.2, 1.5)))
        columns = max(2, int(width / scale * rng.uniform(0.2, 1.5)))
        noise = rng.random((rows, columns), np.float32) - 0.5
        field += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * rng.uniform(0, 1)
    if rng.random() < 0.3:
        step = rng.uniform(8, 60)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        tiles = np.sign(np.sin(y * np.pi / step)) + (
            np.sign(np.sin(x * np.pi / step)) if rng.random() < 0.6 else 0
        )
        field += tiles * rng.uniform(0.05, 0.4)
    mix = np.clip(field * rng.uniform(0.3, 1.2) + 0.5, 0, 1)[..., None]
    first, second = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    second = first + (second - first) * rng.uniform(0.1, 0.8)
    return np.asarray(np.clip(first * mix + second * (1 - mix), 0, 255), np.uint8)


def draw_props(rng: np.random.Generator, ground: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> None:
    """Draw, in place, what an upright garment may be shown on: a hanger, a tailor's bust, a stand, a mannequin.

    Everything drawn is background: the model learns that a neck of plastic or a pole is no garment and no skin.
    """
    ys, xs = np.nonzero(alpha > 127)
    if len(ys) < 200:
        return
    top, bottom, left, right = int(ys.min()), int(ys.max()), int(xs.min()), int(xs.max())
    width, height = right - left, bottom - top
    shoulders = xs[ys < top + max(3, height // 20)]
    middle = int(shoulders.mean())
    colour = np.clip(_PROP_COLOURS[rng.integers(len(_PROP_COLOURS))] + rng.normal(0, 12, 3), 0, 255)
    paint = tuple(float(c) for c in colour)
    layer = ground.copy()
    kind = rng.choice(["hanger", "bust", "stand", "mannequin"], p=[0.3, 0.25, 0.15, 0.3])
    thick = max(2, int(width * rng.uniform(0.015, 0.04)))
    if kind == "hanger":
        apex = top - int(height * rng.uniform(0.02, 0.08))
        for end in (left + width // 6, right - width // 6):
            cv2.line(layer, (middle, apex), (end, top + height // 8), paint, thick, cv2.LINE_AA)
        radius = max(3, width // 18)
        cv2.line(layer, (middle, apex), (middle, apex - radius), paint, max(1, thick // 2), cv2.LINE_AA)
        cv2.ellipse(
            layer,
            (middle, apex - 2 * radius),
            (radius, radius),
            0,
            -180,
            90,
            paint,
            max(1, thick // 2),
            cv2.LINE_AA,
        )
        if rng.random() < 0.4:
            rail = apex - 3 * radius
            cv2.line(
                layer,
                (0, rail),
                (layer.shape[1], rail + int(rng.normal(0, 6))),
                paint,
                2 * thick,
                cv2.LINE_AA,
            )
    else:
        neck = max(6, int(width * rng.uniform(0.09, 0.16)))
        reach = int(height * rng.uniform(0.05, 0.16))
        cv2.rectangle(
            layer, (middle - neck, top - reach), (middle + neck, top + height // 5), paint, -1, cv2.LINE_AA
        )
        cv2.ellipse(
            layer, (middle, top - reach), (neck, max(2, neck // 3)), 0, 0, 360, paint, -1, cv2.LINE_AA
        )
        body = (max(3, int(width * 0.36)), max(3, int(height * rng.uniform(0.35, 0.6))))
        cv2.ellipse(layer, (middle, top + height // 2), body, 0, 0, 360, paint, -1, cv2.LINE_AA)
    if kind == "stand" or (kind == "bust" and rng.random() < 0.6):
        foot = min(layer.shape[0] - 1, bottom + int(height * rng.uniform(0.1, 0.5)))
        cv2.line(layer, (middle, bottom - height // 4), (middle, foot), paint, 2 * thick, cv2.LINE_AA)
        cv2.ellipse(
            layer, (middle, foot), (width // 5, max(2, width // 20)), 0, 0, 360, paint, -1, cv2.LINE_AA
        )
    if kind == "mannequin":
        head = max(6, int(width * rng.uniform(0.13, 0.2)))
        if rng.random() < 0.5:
            centre = (middle, top - int(height * 0.1) - head)
            cv2.ellipse(layer, centre, (head, int(head * 1.3)), 0, 0, 360, paint, -1, cv2.LINE_AA)
        limb = max(4, int(width * rng.uniform(0.06, 0.1)))
        for side, edge in ((-1, left), (1, right)):
            hand = (
                edge + side * int(width * rng.uniform(-0.1, 0.15)),
                top + int(height * rng.uniform(0.5, 0.95)),
            )
            cv2.line(
                layer, (middle + side * width // 3, top + height // 6), hand, paint, 2 * limb, cv2.LINE_AA
            )
            if rng.random() < 0.6:
                thigh = middle + side * width // 6
                cv2.line(
                    layer,
                    (thigh, bottom - height // 5),
                    (thigh, bottom + height),
                    paint,
                    3 * limb,
                    cv2.LINE_AA,
                )
    # Light from one side, as on any round thing.
    shade = np.linspace(rng.uniform(0.7, 1.1), rng.uniform(0.7, 1.1), layer.shape[1], dtype=np.float32)
    changed = (layer != ground).any(-1, keepdims=True)
    ground[:] = np.where(changed, np.clip(layer * shade[None, :, None], 0, 255), ground).astype(np.uint8)
