"""The engine `recolour`: the asked colour arrives, and folds, texture and highlights are still there."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ewardrobe.attributes.perceptual import oklab_from_srgb, to_cielab
from ewardrobe.imaging import open_photo
from ewardrobe.restyling import Restyled, restyle
from ewardrobe.restyling.colour_words import colour_of_phrase
from ewardrobe.segmentation import Segmentation
from ewardrobe.taxonomy import load
from tests.conftest import Scene
from tests.restyling.conftest import truth_of

ASKED = [
    "red",
    "yellow",
    "green",
    "navy",
    "black",
    "white",
    "grey",
    "burgundy",
    "light blue",
    "beige",
    "orange",
    "pink",
]
CLOTH = {"black": (26, 26, 30), "white": (236, 236, 234), "red": (180, 30, 40), "beige": (205, 188, 160)}
SIZE = 160


def cloth(rgb: tuple[int, int, int], *, highlight: bool = False, seed: int = 0) -> Segmentation:
    """A dress of folds and grain before a grey wall; with a `highlight`, a white shine runs down its middle."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    folds = 0.8 + 0.2 * np.sin(columns / 9 + np.sin(rows / 25)) + 0.03 * random.normal(size=(SIZE, SIZE))
    linear = (np.array(rgb) / 255) ** 2.2 * folds[..., None].clip(0.3, 1.1)
    if highlight:
        shine = 0.9 * np.exp(-(((columns - 80) / 2.5) ** 2))
        linear = linear + shine[..., None] * (1 - linear)
    image = np.full((SIZE, SIZE, 3), 128.0)
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[20:140, 40:120] = load("wardrobe").index("dress")
    image[labels > 0] = 255 * linear[labels > 0].clip(0, 1) ** (1 / 2.2)
    image += random.normal(0, 1, image.shape)
    pixels = image.round().clip(0, 255).astype(np.uint8)
    return truth_of(Scene(pixels, labels, (labels > 0).astype(np.float32), {}))


def inner(scene: Segmentation) -> npt.NDArray[np.bool_]:
    return cv2.erode(scene.garments[0].mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0


def median_lab(made: Restyled, where: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    return np.asarray(np.median(to_cielab(made.pixels[where]), axis=0))


@pytest.mark.parametrize("own", CLOTH)
@pytest.mark.parametrize("asked", ASKED)
def test_the_asked_colour_arrives_with_the_folds(own: str, asked: str) -> None:
    scene = cloth(CLOTH[own])
    where = inner(scene)
    made = restyle(scene, f"make the dress {asked}")
    colour = colour_of_phrase(asked.split())
    assert colour is not None
    swatch = to_cielab(colour.rgb)
    # Black and white leave room for shade and light, which is what ΔL 8 is for.
    assert np.abs(median_lab(made, where) - swatch).max() < 8
    assert np.abs(median_lab(made, where)[1:] - swatch[1:]).max() < 3
    before = cv2.GaussianBlur(to_cielab(scene.photo.pixels)[..., 0], (0, 0), 1.5)[where]
    after = cv2.GaussianBlur(to_cielab(made.pixels)[..., 0], (0, 0), 1.5)[where]
    assert np.corrcoef(before, after)[0, 1] > 0.95
    assert 0.4 < after.std() / before.std() < 2.5
    clipped = ((made.pixels[where] == 0) | (made.pixels[where] == 255)).any(axis=1)
    assert clipped.mean() < 0.01


@pytest.mark.parametrize("own", CLOTH)
def test_its_own_colour_changes_next_to_nothing(own: str) -> None:
    scene = cloth(CLOTH[own])
    where = inner(scene)
    colour = np.median(scene.photo.pixels[where], axis=0).astype(int)
    made = restyle(scene, "make the dress #{:02x}{:02x}{:02x}".format(*colour))
    gaps = np.linalg.norm(to_cielab(made.pixels[where]) - to_cielab(scene.photo.pixels[where]), axis=1)
    assert np.median(gaps) < 1.5 and np.percentile(gaps, 95) < 4


@pytest.mark.parametrize("asked", ["red", "navy", "green"])
def test_a_highlight_stays_neutral(asked: str) -> None:
    scene = cloth((150, 90, 60), highlight=True)
    made = restyle(scene, f"make the dress {asked}")
    shine = inner(scene) & (scene.photo.pixels.min(axis=2) > 225)
    assert shine.sum() > 100
    lab = oklab_from_srgb(made.pixels[shine])
    assert np.median(np.hypot(lab[:, 1], lab[:, 2])) < 0.05
    assert np.median(lab[:, 0]) > 0.65


def test_words_for_shades_move_the_right_way() -> None:
    scene = cloth((180, 60, 60))
    where = inner(scene)
    own = oklab_from_srgb(np.median(scene.photo.pixels[where], axis=0))

    def after(word: str) -> npt.NDArray[np.float64]:
        return oklab_from_srgb(np.median(restyle(scene, f"make the dress {word}").pixels[where], axis=0))

    assert after("darker")[0] < own[0] - 0.05
    assert after("lighter")[0] > own[0] + 0.05
    assert np.hypot(*after("brighter")[1:]) > np.hypot(*own[1:])
    assert np.hypot(*after("paler")[1:]) < 0.8 * np.hypot(*own[1:])


@pytest.mark.parametrize(
    ("prompt", "axis"), [("white and navy stripes", 0), ("vertical white and navy stripes", 1)]
)
def test_stripes_run_as_asked_and_have_both_colours(prompt: str, axis: int) -> None:
    scene = cloth(CLOTH["beige"])
    where = inner(scene)
    made = restyle(scene, f"{prompt} on the dress")
    lightness = to_cielab(made.pixels)[30:130, 50:110, 0]
    assert np.percentile(lightness, 10) < 30 and np.percentile(lightness, 90) > 80
    across, along = (np.abs(np.diff(lightness, axis=side)).mean() for side in (axis, 1 - axis))
    assert across > 2 * along
    assert ((made.pixels[where] > 60).all(axis=1).mean() - 0.5) < 0.2


@pytest.mark.parametrize("kind", ["checks", "dots", "stripes"])
def test_a_pattern_on_the_own_colour_leaves_the_ground_as_it_is(kind: str) -> None:
    scene = cloth(CLOTH["red"])
    where = inner(scene)
    made = restyle(scene, f"white {kind} on the dress")
    same = (np.abs(made.pixels[where].astype(int) - scene.photo.pixels[where]) <= 1).all(axis=1)
    assert 0.15 < same.mean() < 0.85


def test_a_garment_of_a_few_pixels_is_no_trouble() -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[10:30, 18:21] = load("wardrobe").index("dress")
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    scene = truth_of(Scene(pixels, labels, (labels > 0).astype(np.float32), {}))
    for prompt in (
        "make the dress red",
        "white dots on the dress",
        "thin diagonal red and white stripes on the dress",
    ):
        assert (restyle(scene, prompt).mask > 0).any()


def test_one_flat_colour_is_no_trouble() -> None:
    labels = np.full((30, 30), load("wardrobe").index("dress"), np.uint8)
    for level in (0, 128, 255):
        pixels = np.full((30, 30, 3), level, np.uint8)
        scene = truth_of(Scene(pixels, labels, np.ones((30, 30), np.float32), {}))
        for asked in ("black", "white", "red"):
            made = restyle(scene, f"make the dress {asked}")
            assert len(np.unique(made.pixels.reshape(-1, 3), axis=0)) == 1
    assert open_photo(made.pixels).size == (30, 30)
