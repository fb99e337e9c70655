"""What holds for every engine and every change: nothing else is touched, and the same seed gives the same picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.errors import UsageError
from ewardrobe.restyling import ENGINES, Restyler, restyle
from ewardrobe.restyling.diffusion.settings import MODEL_VARIABLE
from ewardrobe.restyling.mask import find_region
from tests.conftest import render_scene
from tests.restyling.conftest import Segmented, truth_of

ITEMS = ("top", "pants", "footwear", "bag", "scarf")
GARMENTS = ["top", "pants", "shoes", "scarf", "outfit", "everything but the shoes"]
CHANGES = [
    "red",
    "pale yellow",
    "black",
    "white",
    "#123456",
    "darker",
    "white stripes",
    "thin diagonal red and navy stripes",
    "green checks",
    "wide pink dots",
]
OFFLINE = [
    name for name in ENGINES if name != "diffusion"
]  # which has tests of its own, where its packages are
SCENE = truth_of(render_scene(150, 220, items=ITEMS, seed=3))


@pytest.mark.parametrize("engine", OFFLINE)
@given(garment=st.sampled_from(GARMENTS), change=st.sampled_from(CHANGES), seed=st.integers(0, 3))
@settings(max_examples=12)
def test_outside_of_the_mask_nothing_changes(engine: str, garment: str, change: str, seed: int) -> None:
    made = restyle(SCENE, f"make the {garment} {change}", engine=engine, seed=seed)
    before = SCENE.photo.pixels
    assert made.pixels.shape == before.shape and made.pixels.dtype == np.uint8
    assert made.mask.shape == before.shape[:2] and made.mask.min() >= 0 and made.mask.max() <= 1
    assert (made.pixels[made.mask == 0] == before[made.mask == 0]).all()
    assert (made.pixels != before).any()
    again = restyle(SCENE, f"make the {garment} {change}", engine=engine, seed=seed)
    assert (again.pixels == made.pixels).all() and again.provenance == made.provenance


@pytest.mark.parametrize("engine", OFFLINE)
@pytest.mark.parametrize("prompt", ["remove the bag", "remove the scarf"])
def test_what_is_removed_takes_nothing_else_along(engine: str, prompt: str) -> None:
    made = restyle(SCENE, prompt, engine=engine)
    label = prompt.split()[-1]
    others = (SCENE.label_map != 0) & (SCENE.label_map != SCENE.taxonomy.index(label))
    assert (made.mask[others] == 0).all()
    assert (made.pixels[made.mask == 0] == SCENE.photo.pixels[made.mask == 0]).all()
    assert (made.pixels == restyle(SCENE, prompt, engine=engine).pixels).all()


@pytest.mark.parametrize("label", ["top", "pants", "footwear", "bag", "scarf"])
@pytest.mark.parametrize("grow", [0.0, 0.05])
def test_other_classes_keep_out_of_the_mask(label: str, grow: float) -> None:
    garment = next(item for item in SCENE.garments if item.label == label)
    region = find_region(SCENE, garment, grow=grow)
    labels = SCENE.label_map[region.window]
    assert (region.alpha[(labels != 0) & (labels != garment.index)] == 0).all()
    # Of the garment itself all is covered, but for the soft edge.
    assert region.alpha[region.inside].mean() > 0.9
    assert region.alpha[~region.inside].sum() < (0.2 + 10 * grow) * garment.area


def test_another_seed_gives_another_picture_except_for_figures() -> None:
    named = [restyle(SCENE, "make the top red", seed=seed).pixels for seed in range(3)]
    assert (named[0] != named[1]).any() and (named[1] != named[2]).any()
    exact = [restyle(SCENE, "make the top #b02030", seed=seed).pixels for seed in range(2)]
    assert (exact[0] == exact[1]).all()


def test_an_engine_refuses_what_it_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"the engine recolour changes colours.*cannot make “leather”$"):
        Restyler("make the jacket leather", engine="recolour")
    # Where none is named, it is said of each why it cannot.
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    with pytest.raises(UsageError, match=r"the engine recolour .*; the engine diffusion needs "):
        Restyler("make the jacket leather")
    with pytest.raises(UsageError, match="the engine recolour has no setting 'steps'"):
        Restyler("make the jacket red", engine="recolour", settings={"steps": 3})
    with pytest.raises(UsageError, match="unknown engine 'magic'; there are: recolour"):
        Restyler("make the jacket red", engine="magic")


def test_the_provenance_says_what_made_the_picture() -> None:
    made = restyle(SCENE, "make the top red and remove the bag", seed=7)
    assert made.provenance["prompt"] == "make the top red and remove the bag"
    assert made.provenance["changes"] == ["top → red", "bag → removed"] == list(made.done)
    assert (made.provenance["engine"], made.provenance["seed"]) == ("recolour", 7)
    assert (made.provenance["model"], made.provenance["inpainter"]) == ("truth", "opencv")
    assert made.provenance["photo_sha256"] == SCENE.photo.sha256
    other = restyle(SCENE, "make the top red")
    assert made.provenance["mask_sha256"] != other.provenance["mask_sha256"]


def test_what_is_not_in_the_photo_is_said(segmented: Segmented) -> None:
    with pytest.raises(UsageError, match="no skirt in this photo; found: top, pants, footwear"):
        restyle(segmented(), "make the skirt red")
    with pytest.raises(UsageError, match="only one person in this photo"):
        restyle(segmented(), "make the left person's top red")
    with pytest.raises(UsageError, match="no garment was found"):
        restyle(segmented(items=()), "make the top red")
    with pytest.raises(UsageError, match="nothing is left of outfit but not"):
        restyle(segmented(items=("top",)), "make the outfit but the top red")
    with pytest.raises(UsageError, match="a worn top cannot be removed"):
        restyle(segmented(), "remove the top")


def test_a_flat_garment_can_be_removed(segmented: Segmented) -> None:
    scene = segmented(items=("top",), kind="flat")
    assert restyle(scene, "remove the top").done == ("top → removed",)


def test_people_are_told_apart(segmented: Segmented) -> None:
    pair = segmented(people=2)
    middle = pair.photo.width // 2
    left = restyle(pair, "make the left person's top red").mask
    right = restyle(pair, "make the top of the woman on the right red").mask
    both = restyle(pair, "make the tops red")
    assert left[:, :middle].any() and not left[:, middle:].any()
    assert right[:, middle:].any() and not right[:, :middle].any()
    assert both.mask[:, :middle].any() and both.mask[:, middle:].any()
    assert both.done == ("top (2 of them) → red",)


def test_words_fit_other_taxonomies(segmented: Segmented) -> None:
    parts = segmented().remap("parts")
    assert restyle(parts, "make the trousers red").done == ("bottom → red",)
    assert restyle(parts, "make the shirt red").done == ("top → red",)
    with pytest.raises(UsageError, match="no shoes in this photo; found: top, bottom"):
        restyle(parts, "make the shoes red")
