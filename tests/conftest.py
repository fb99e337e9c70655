"""Fixtures that every room's tests share: the development data, and photo-like scenes with known labels."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings

from ewardrobe import taxonomy

REPOSITORY = Path(__file__).resolve().parents[1]

# A deadline per example fails on any busy machine; what must be fast is measured by the benchmarks.
settings.register_profile("ewardrobe", deadline=None)
settings.load_profile("ewardrobe")

# The figure's items as polygons `x,y x,y ...` in thousandths (x right, y down), drawn in this order.
_FIGURE: dict[str, list[str]] = {
    "skin": [
        "440,100 560,100 570,190 530,240 470,240 430,190",
        "470,220 530,220 540,280 460,280",
        "290,420 350,420 330,550 280,550",
        "650,420 710,420 720,550 670,550",
        "390,500 610,500 590,920 410,920",
    ],
    "hair": [
        "420,70 580,70 590,170 560,120 440,120 410,170",
    ],
    "legwear": [
        "410,620 590,620 580,910 420,910",
    ],
    "footwear": [
        "370,900 470,900 470,960 350,960",
        "530,900 630,900 650,960 530,960",
    ],
    "pants": [
        "380,500 620,500 600,910 520,910 500,600 480,910 400,910",
    ],
    "shorts": [
        "380,500 620,500 630,660 520,660 500,590 480,660 370,660",
    ],
    "skirt": [
        "390,500 610,500 680,700 320,700",
    ],
    "top": [
        "400,270 600,270 700,330 720,440 650,440 620,380 620,530 380,530 380,380 350,440 280,440 300,330",
    ],
    "dress": [
        "410,270 590,270 620,500 700,760 300,760 380,500",
    ],
    "outerwear": [
        "380,270 460,270 450,580 350,580 350,400 320,530 260,530 290,320",
        "540,270 620,270 710,320 740,530 680,530 650,400 650,580 550,580",
    ],
    "belt": [
        "380,500 620,500 620,530 380,530",
    ],
    "scarf": [
        "430,250 570,250 580,300 530,310 530,440 490,440 480,310 420,300",
    ],
    "hat": [
        "430,30 570,30 580,80 630,100 370,100 420,80",
    ],
    "eyewear": [
        "450,140 550,140 550,165 450,165",
    ],
    "bag": [
        "700,520 820,520 830,660 690,660",
    ],
}
_BODY = ("skin", "hair")
_SKIN_RGB, _HAIR_RGB = (214, 168, 140), (70, 48, 36)


@dataclass(frozen=True)
class Scene:
    """A rendered photo with its truth.

    `pixels` uint8 (H, W, 3) sRGB; `label_map` uint8 (H, W) in the taxonomy `wardrobe`; `coverage` float32
    (H, W), how much of each pixel the figure covers, 0..1; `colours` the mean sRGB colour each class was
    painted with.
    """

    pixels: npt.NDArray[np.uint8]
    label_map: npt.NDArray[np.uint8]
    coverage: npt.NDArray[np.float32]
    colours: dict[str, tuple[int, int, int]]


def _polygons(label: str, left: float, width: float, height: int) -> list[npt.NDArray[np.int32]]:
    """The item's polygons in sixteenths of a pixel, for a figure `width` pixels wide that starts at `left`."""
    polygons = []
    for text in _FIGURE[label]:
        points = np.array([point.split(",") for point in text.split()], dtype=np.float64) / 1000
        polygons.append(np.round((points * (width, height) + (left, 0)) * 16).astype(np.int32))
    return polygons


def render_scene(
    width: int = 480,
    height: int = 640,
    *,
    items: Sequence[str] = ("top", "pants", "footwear"),
    people: int = 1,
    kind: str = "worn",
    seed: int = 0,
) -> Scene:
    """A photo-like scene: a lit, textured ground and `people` figures wearing `items` of `wardrobe`.

    `kind="flat"` leaves the bodies away, so that the items lie alone, as on a bed. Edges are antialiased,
    cloth is shaded and grained, and the same arguments always give the same scene.
    """
    random = np.random.default_rng(seed)
    wardrobe = taxonomy.load("wardrobe")
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 0.75 + 0.3 * columns / width - 0.15 * rows / height
    ground = np.array(random.integers(150, 225, 3), np.float32)
    texture = cv2.GaussianBlur(random.normal(0, 40, (height, width)).astype(np.float32), (0, 0), 3)
    image = ground * light[..., None] + texture[..., None]
    label_map = np.zeros((height, width), np.uint8)
    uncovered = np.ones((height, width), np.float32)
    labels = [name for name in _FIGURE if name in items or (kind == "worn" and name in _BODY)]
    colours: dict[str, tuple[int, int, int]] = {}
    for person in range(people):
        for label in labels:
            colour = {"skin": _SKIN_RGB, "hair": _HAIR_RGB}.get(label) or tuple(
                int(value) for value in random.integers(20, 235, 3)
            )
            colours[label] = colour
            polygons = _polygons(label, width * person / people, width / people, height)
            soft = np.zeros((height, width), np.uint8)
            for polygon in polygons:
                cv2.fillPoly(soft, [polygon], 255, cv2.LINE_AA, 4)
            cover = cv2.GaussianBlur(soft.astype(np.float32) / 255, (0, 0), 0.7)
            folds = 1 + 0.12 * np.sin(columns / width * 60 + rows / height * 25 + random.uniform(0, 6))
            cloth = np.array(colour, np.float32) * (light * folds)[..., None]
            image += (cloth - image) * cover[..., None]
            label_map[cover >= 0.5] = wardrobe.index(label)
            uncovered *= 1 - cover
    image += random.normal(0, 2.5, image.shape)
    pixels = np.clip(np.round(image), 0, 255).astype(np.uint8)
    return Scene(pixels, label_map, 1 - uncovered, colours)


@pytest.fixture(scope="session")
def make_scene() -> Callable[..., Scene]:
    """`make_scene(width, height, items=..., people=..., kind=..., seed=...)` renders a `Scene`."""
    return render_scene


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The development data's folder; the test is skipped where it is not."""
    folder = Path(os.environ.get("EWARDROBE_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "ccp").is_dir():
        pytest.skip(f"the development data is not at {folder}: set EWARDROBE_DATA to its folder")
    return folder
