from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe.attributes.embedding import embed, likeness
from ewardrobe.attributes.heads import Heads
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
