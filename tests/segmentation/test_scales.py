"""One photo seen at several sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe.errors import ModelError
from ewardrobe.segmentation import InputSpec, ModelDescription, Segmenter
from ewardrobe.segmentation.geometry import place
from ewardrobe.segmentation.scores import agreed
from tests.segmentation.models import description, paint, person, photograph, write_colour_model

ROUND = InputSpec("round", long_side=256)


@given(st.tuples(st.integers(1, 3000), st.integers(1, 3000)), st.integers(32, 800), st.integers(1, 64))
def test_round_fills_the_input_and_bends_by_half_a_divisor_at_most(
    photo: tuple[int, int], side: int, divisor: int
) -> None:
    placed = place(photo, InputSpec("round", long_side=side, divisor=divisor), side)
    assert placed.size == placed.input_size and placed.origin == (0, 0)
    for made, wanted in zip(placed.size, (length * side / max(photo) for length in photo), strict=True):
        assert made % divisor == 0
        assert made == divisor or abs(made - wanted) <= divisor / 2 + 1e-6


@pytest.mark.parametrize("resize", ["round", "fit"])
@pytest.mark.parametrize(
    ("photo", "size"), [((900, 600), (640, 427)), ((600, 600), (554, 554)), ((500, 900), (356, 640))]
)
def test_a_squarer_photo_takes_no_more_than_its_area(
    resize: Literal["round", "fit"], photo: tuple[int, int], size: tuple[int, int]
) -> None:
    spec = InputSpec(resize, long_side=640, divisor=1, max_area=0.75)
    assert place(photo, spec, 640).size == size


def test_what_is_no_area_is_refused() -> None:
    for value in (0, 1.5, -0.2, float("nan"), "0.5"):
        with pytest.raises(ModelError, match=r"input\.max_area must be a number"):
            InputSpec("round", long_side=640, max_area=value)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"takes no input\.max_area"):
        InputSpec("stretch", height=64, width=64, max_area=0.5)


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 4))
def test_agreed_scores_are_probabilities_and_the_ground_is_no_lower_than_its_mean(
    seed: int, classes: int, count: int
) -> None:
    random = np.random.default_rng(seed)
    maps = [
        random.dirichlet(np.ones(classes), (4 + 2 * n, 6)).transpose(2, 0, 1).astype(np.float32)
        for n in range(count)
    ]
    made = agreed(maps)
    assert made.shape == (classes, 2 + 2 * count, 6)
    assert np.allclose(made.sum(axis=0), 1, atol=1e-5) and (made >= 0).all()
    alike = agreed([maps[-1]] * count)
    assert np.allclose(alike, maps[-1], atol=1e-5)
    if count == 2:
        ground = agreed([maps[1], maps[1][:, ::-1]])[0]
        mean, most = (f(maps[1][0], maps[1][0][::-1]) for f in (lambda a, b: (a + b) / 2, np.maximum))
        assert np.allclose(ground, (mean + most) / 2, atol=1e-5)


def test_a_patch_that_one_size_sees_is_ground() -> None:
    sure = np.array([0.1, 0.9], np.float32)[:, None, None] * np.ones((2, 4, 4), np.float32)
    split = agreed([sure, sure[::-1].copy()])  # one says garment, the other ground, as surely
    assert (split[0] > split[1]).all()


def test_a_model_sees_a_photo_at_every_scale_of_a_named_size(tmp_path: Path) -> None:
    path = write_colour_model(tmp_path / "a.onnx", input=ROUND, scales={"full": (320, 192)})
    labels = paint((250, 190), person(50))
    many, one, live = (Segmenter(path, size=size) for size in (None, 256, "live"))
    assert many.scales == (320, 192) and one.scales == () and live.scales == ()
    for segmenter in (many, one):
        found = segmenter.segment(photograph(labels))
        assert (found.label_map == labels).mean() > 0.95
    cells = many.segment(photograph(labels)).scores.probabilities.shape
    assert cells == (17, 80, 64)  # of the largest, 320 x 256, at stride 4
    pooled = [item.segment(photograph(labels)) for item in (many, one)]
    assert np.array_equal(pooled[0].features, pooled[1].features)  # of the size itself


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scales": {"full": (320,)}}, "resize 'round'"),
        ({"input": ROUND, "scales": {"huge": (320,)}}, "which sizes does not have"),
        ({"input": ROUND, "scales": {"full": (0,)}}, "positive whole numbers"),
    ],
)
def test_scales_that_make_no_sense(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        description(**changes)  # type: ignore[arg-type]


def test_scales_survive_the_file() -> None:
    made = description(input=ROUND, scales={"full": (320, 192)})
    assert ModelDescription.from_json(made.to_json()) == made
    with pytest.raises(ModelError, match="scales must hold lists"):
        ModelDescription.from_json(made.to_json().replace("[320, 192]", "5"))
