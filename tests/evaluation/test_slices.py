"""Worn photos fall into the slice that a person would put them in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ewardrobe import taxonomy
from ewardrobe.evaluation.slices import describe_worn
from tests.conftest import Scene

WARDROBE = taxonomy.load("wardrobe")


def paint(scene: Scene, label: str, colour: tuple[int, int, int], other: tuple[int, int, int]) -> Scene:
    """The scene with one class in stripes of two colours, 12 pixels wide each."""
    rows = np.arange(scene.label_map.shape[0])[:, None] // 12 % 2 == 0
    stripes = np.where(rows[..., None], colour, other)
    worn = (scene.label_map == WARDROBE.index(label))[..., None]
    pixels = np.where(worn, stripes, scene.pixels).astype(np.uint8)
    return Scene(pixels, scene.label_map, scene.coverage, scene.colours)


def slices(scene: Scene) -> dict[str, str]:
    return describe_worn(scene.pixels, scene.label_map, WARDROBE)


def test_pattern(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene(items=("dress",))
    grey = (120, 120, 120)
    assert slices(paint(scene, "dress", grey, grey))["pattern"] == "plain"
    assert slices(paint(scene, "dress", grey, (20, 20, 20)))["pattern"] == "patterned"


def test_tone(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene(items=("dress",))
    assert slices(paint(scene, "dress", (25, 25, 40), (25, 25, 40)))["tone"] == "dark"
    assert slices(paint(scene, "dress", (210, 200, 190), (210, 200, 190)))["tone"] == "light"


def test_background(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene(items=("dress",))
    grey = np.full_like(scene.pixels, 128)
    noise = np.random.default_rng(0).integers(0, 256, scene.pixels.shape, np.uint8)
    ground = (scene.label_map == 0)[..., None]
    for backdrop, expected in ((grey, "plain"), (noise, "busy")):
        pixels = np.where(ground, backdrop, scene.pixels)
        assert describe_worn(pixels, scene.label_map, WARDROBE)["background"] == expected


@pytest.mark.parametrize(
    ("items", "layers", "legs"),
    [
        (("top", "pants"), "single", "covered"),
        (("top", "shorts"), "single", "bare"),
        (("top", "skirt", "legwear"), "single", "covered"),
        (("dress",), "single", "bare"),
        (("outerwear", "top", "pants"), "overlapping", "covered"),
        (("outerwear", "dress"), "overlapping", "bare"),
        (("outerwear", "pants"), "single", "covered"),
    ],
)
def test_layers_and_legs(
    make_scene: Callable[..., Scene], items: tuple[str, ...], layers: str, legs: str
) -> None:
    found = slices(make_scene(items=items))
    assert (found["layers"], found["legs"]) == (layers, legs)


def test_axes_that_cannot_be_known_are_left_out() -> None:
    pixels = np.full((40, 30, 3), 128, np.uint8)
    nothing = describe_worn(pixels, np.zeros((40, 30), np.uint8), WARDROBE)
    assert nothing == {"background": "plain", "layers": "single"}
    regions = taxonomy.load("regions")
    labels = np.full((40, 30), regions.index("upper-body"), np.uint8)
    assert set(describe_worn(pixels, labels, regions)) == {"pattern", "tone"}
    assert describe_worn(pixels, np.full((40, 30), 255, np.uint8), regions) == {}
