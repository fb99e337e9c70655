from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.attributes.embedding import embed, likeness
from ewardrobe.attributes.heads import Heads
from ewardrobe.datasets import CCP_PAIRS
from ewardrobe.training.head_examples import HELD_OUT, Examples, changed_copy, held_out
from ewardrobe.training.projection import fit_projection
from tests.attributes.made_heads import heads_for
from tests.segmentation.models import write_colour_model


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Heads:
    return heads_for(write_colour_model(tmp_path_factory.mktemp("model") / "colours.onnx"))


@settings(deadline=None)
@given(st.lists(st.floats(-50, 50, width=32), min_size=3, max_size=3), st.booleans())
def test_embeddings_have_length_one(heads: Heads, values: list[float], projected: bool) -> None:
    found = embed(np.array(values, dtype=np.float32), heads if projected else None)
    assert found.dtype == np.float32
    assert found.shape == ((2,) if projected else (3,))
    assert not found.any() or float(np.linalg.norm(found)) == pytest.approx(1, abs=1e-4)


def test_likeness_is_a_cosine() -> None:
    one = embed(np.array([3, 0, 0], dtype=np.float32), None)
    assert likeness(one, one) == 1
    assert likeness(one, -one) == -1
    assert likeness(one, embed(np.array([0, 2, 0], dtype=np.float32), None)) == 0


def test_embeddings_of_two_models_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different models"):
        likeness(np.ones(3, dtype=np.float32), np.ones(2, dtype=np.float32))


class TestProjection:
    """Copies of one garment differ most in a direction that says nothing about garments."""

    rng = np.random.default_rng(0)
    garments = rng.normal(size=(60, 12)).astype(np.float32)
    groups = np.repeat(np.arange(60), 5)

    def _copies(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        copies = self.garments[self.groups] + self.rng.normal(0, 0.05, (300, 12)).astype(np.float32)
        copies[:, 0] += self.rng.normal(0, 20, 300).astype(np.float32)  # the light, say
        return copies.astype(np.float32)

    def test_copies_come_together(self) -> None:
        copies = self._copies()
        projection, centre = fit_projection(copies, self.groups, 8)
        assert projection.shape == (8, 12)
        assert self._found(copies, lambda row: row) < 0.8
        assert self._found(self._copies(), lambda row: projection @ (row - centre)) > 0.95

    def test_the_loud_direction_is_left_out(self) -> None:
        projection, _ = fit_projection(self._copies(), self.groups, 8)
        strength = np.linalg.norm(projection, axis=0)
        assert strength[0] < 0.1 * np.median(strength[1:])

    def test_copies_that_are_all_alike_do_no_harm(self) -> None:
        projection, centre = fit_projection(self.garments[self.groups], self.groups, 8)
        assert np.isfinite(projection).all()
        assert np.isfinite(centre).all()

    def _found(self, copies: np.ndarray, project: object) -> float:  # type: ignore[type-arg]
        rows = np.stack([project(row) for row in copies])  # type: ignore[operator]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        scores = rows @ rows.T - 2 * np.eye(len(rows))
        return float((self.groups[scores.argmax(axis=1)] == self.groups).mean())


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(9, 500), st.integers(9, 500)),
    part=st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.02, 1), st.floats(0.02, 1)),
    flat=st.booleans(),
)
def test_changed_copies_keep_some_of_the_garment(
    seed: int, size: tuple[int, int], part: tuple[float, float, float, float], flat: bool
) -> None:
    (height, width), (top, left, tall, wide) = size, part
    mask = np.zeros(size, np.bool_)
    rows, columns = int(top * height), int(left * width)
    mask[rows : rows + max(1, int(tall * height)), columns : columns + max(1, int(wide * width))] = True
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    before = pixels.copy(), mask.copy()
    copied, cover = changed_copy(np.random.default_rng(seed), pixels, mask, flat=flat)
    assert copied.dtype == np.uint8
    assert cover.dtype == np.bool_
    assert copied.shape == (*cover.shape, 3)
    np.testing.assert_array_equal(pixels, before[0])
    np.testing.assert_array_equal(mask, before[1])


def test_half_of_the_copies_of_a_large_garment_are_cut() -> None:
    """A garment with ground on all sides reaches the picture's edge only where a copy cuts into it."""
    mask = np.zeros((400, 300), np.bool_)
    mask[100:300, 80:220] = True
    pixels = np.full((400, 300, 3), 90, np.uint8)
    reaching = 0
    for seed in range(200):
        _, cover = changed_copy(np.random.default_rng(seed), pixels, mask)
        inner = cover[:, 2:-2].any(axis=1)
        reaching += bool(inner[:2].any() and inner[-2:].any() and cover.mean() > 0.85)
    assert 50 < reaching < 150


def test_only_the_ground_of_flat_garments_changes_its_colour() -> None:
    mask = np.zeros((120, 120), np.bool_)
    mask[30:90, 30:90] = True
    pixels = np.where(mask[..., None], [90, 90, 90], [220, 30, 30]).astype(np.uint8)
    hues: dict[bool, set[int]] = {False: set(), True: set()}
    for flat, seed in itertools.product(hues, range(40)):
        copied, cover = changed_copy(np.random.default_rng(seed), pixels, mask, flat=flat)
        ground = copied[~cover & (np.ptp(copied, axis=2) > 60)]  # what a mask left out of the garment is grey
        hues[flat] |= set(ground.argmax(axis=1).tolist())
        grey = copied[cover].mean(axis=0)
        assert np.ptp(grey) < 0.4 * grey.max()
    assert hues[False] == {0}
    assert hues[True] > {0}


def test_what_tests_the_embedding_is_held_out() -> None:
    names = [f"{number:04}" for number in range(200)]
    worn = [name for pair in CCP_PAIRS for name in pair] + ["5000"]
    source = np.array(["flat-lay"] * 200 + ["people-clothing"] * len(worn) + ["products"])
    examples = Examples(
        vectors=np.zeros((len(source), 1), np.float32),
        pooled=1,
        source=source,
        id=np.array([*names, *worn, worn[0]]),
        split=np.array(["train"] * 180 + ["val"] * 20 + ["train"] * (len(worn) + 1)),
        label=np.full(len(source), ""),
        view=np.zeros(len(source), np.int64),
    )
    found = held_out(examples)
    assert found[180:200].all()
    assert found[:180].sum() == HELD_OUT
    assert found[200 : 200 + len(worn)].tolist() == [True] * (len(worn) - 1) + [False]
    assert not found[-1]
