"""The overlay: classes tinted, background untouched, chips that can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from ewardrobe import taxonomy
from ewardrobe.errors import MaskError
from ewardrobe.imaging import bounding_box, draw_overlay, drawing


@dataclass
class Item:
    label: str
    score: float
    box: tuple[int, int, int, int]


def test_garments_are_tinted_and_the_background_is_not(make_scene: Callable[..., Any]) -> None:
    scene = make_scene(240, 320, items=("top", "pants"))
    wardrobe = taxonomy.load("wardrobe")
    image = draw_overlay(scene.pixels, scene.label_map, wardrobe)
    drawn = np.asarray(image).astype(float)
    assert image.mode == "RGB" and image.size == (240, 320)
    background = scene.label_map == 0
    assert (drawn[background] == scene.pixels[background]).all()
    for name in ("top", "pants"):
        inside, colour = scene.label_map == wardrobe.index(name), wardrobe[name].colour
        before = np.abs(scene.pixels[inside].astype(float) - colour).mean()
        assert np.abs(drawn[inside] - colour).mean() < 0.6 * before


def test_ignored_pixels_are_left_alone() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    labels = np.full((40, 40), 255, np.uint8)
    assert (np.asarray(draw_overlay(pixels, labels, taxonomy.load("wardrobe"))) == pixels).all()


@pytest.mark.parametrize("size", [(400, 600), (1600, 1200), (90, 120)])
def test_chips_do_not_overlap_and_stay_inside(make_scene: Callable[..., Any], size: tuple[int, int]) -> None:
    width, height = size
    names = ("hat", "top", "belt", "pants", "footwear", "bag")
    scene = make_scene(width, height, items=names)
    wardrobe = taxonomy.load("wardrobe")
    items = [Item(n, 0.9, bounding_box(scene.label_map == wardrobe.index(n))) for n in names]
    image = draw_overlay(scene.pixels, scene.label_map, wardrobe, items)
    assert image.size == size
    if min(size) < 200:
        return  # no room for six chips: drawn all the same, as well as it goes
    chips = drawing._chips(image, wardrobe, items, min(size) / 400)
    assert len(chips) == len(names)
    for number, chip in enumerate(chips):
        assert chip.left >= 0 and chip.top >= 0
        assert chip.left + chip.width <= width and chip.top + chip.height <= height
        for other in chips[:number]:
            apart_x = chip.left + chip.width <= other.left or other.left + other.width <= chip.left
            apart_y = chip.top + chip.height <= other.top or other.top + other.height <= chip.top
            assert apart_x or apart_y


def test_strips_leave_no_seams() -> None:
    pixels = np.full((1100, 60, 3), 100, np.uint8)
    labels = np.full((1100, 60), 5, np.uint8)
    assert (
        len(
            np.unique(
                np.asarray(draw_overlay(pixels, labels, taxonomy.load("wardrobe"))).reshape(-1, 3), axis=0
            )
        )
        == 1
    )


def test_a_label_map_of_another_size_is_refused() -> None:
    with pytest.raises(MaskError):
        draw_overlay(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), np.uint8), taxonomy.load("parts"))
