"""Landmarks of bodies and garments whose outlines are known."""

from __future__ import annotations

import numpy as np
import pytest

from ewardrobe.errors import UsageError
from ewardrobe.tryon import Scene, find_body
from ewardrobe.tryon.body import person_labels
from ewardrobe.tryon.shapes import LowerShape, SkirtShape, UpperShape, measure
from tests.tryon.conftest import Standing, flat_piece


def test_a_body_is_where_it_was_drawn(standing: Standing) -> None:
    seen = standing()
    body = find_body(person_labels(seen.label_map)[0])
    assert body is not None
    # The figure stands in the middle of 240 x 400 pixels; its top begins at row 108, its trousers at 200.
    assert body.neck == pytest.approx([120, 100], abs=12)
    assert body.shoulders[0, 0] == pytest.approx(240 - body.shoulders[1, 0], abs=8)
    assert 60 < body.width < 110
    assert body.waist == pytest.approx(205, abs=14)
    assert body.arms[0].line[2, 0] < 85 < 155 < body.arms[1].line[2, 0]  # the hands hang beside the trunk
    assert body.arms[0].seen and body.arms[0].line[2, 1] > 165
    left, right = body.edges(body.row(0.6))
    assert left < 120 < right
    assert body.legs[0][0, -1, 0] < body.legs[1][0, -1, 0]


def test_landmarks_follow_the_photo(standing: Standing) -> None:
    labels = person_labels(standing().label_map)[0]
    body, moved = find_body(labels), find_body(np.pad(labels, ((30, 0), (50, 0))))
    larger = find_body(labels.repeat(3, axis=0).repeat(3, axis=1))
    assert body is not None and moved is not None and larger is not None
    assert moved.shoulders == pytest.approx(body.shoulders + np.array([50, 30]), abs=1e-6)
    assert moved.arms[0].line == pytest.approx(body.arms[0].line + np.array([50, 30]), abs=1e-6)
    assert larger.shoulders == pytest.approx(3 * body.shoulders, abs=9)


def test_any_part_of_a_person_gives_landmarks_or_none(standing: Standing) -> None:
    labels = standing(items=("dress", "bag", "footwear")).label_map
    rng = np.random.default_rng(0)
    bodies = []
    for _ in range(60):
        top, left = rng.integers(0, 250), rng.integers(0, 130)
        height, width = rng.integers(20, 380), rng.integers(10, 200)
        part = np.ascontiguousarray(labels[top : top + height, left : left + width])
        bodies.append(find_body(person_labels(part)[0]))
        bodies.append(find_body(part))
    found = [body for body in bodies if body is not None]
    assert len(found) > 30
    for body in found:
        numbers = [
            body.neck,
            body.hip,
            body.shoulders,
            body.trunk,
            *body.legs,
            *(arm.line for arm in body.arms),
        ]
        assert all(np.isfinite(values).all() for values in numbers)
        assert body.width > 0 and body.unit > 0


@pytest.mark.parametrize("label", ["top", "dress", "pants", "skirt"])
def test_any_outline_is_measured_or_refused(label: str) -> None:
    rng = np.random.default_rng(1)
    measured = 0
    for _ in range(30):
        alpha = np.zeros((rng.integers(20, 300), rng.integers(20, 300)), np.uint8)
        for _ in range(rng.integers(1, 5)):
            y, x = rng.integers(0, alpha.shape[0]), rng.integers(0, alpha.shape[1])
            alpha[y : y + rng.integers(5, 200), x : x + rng.integers(5, 200)] = 255
        try:
            shape = measure(alpha, label)
        except UsageError:
            continue
        measured += 1
        edges = np.concatenate([np.ravel(values) for values in shape.edges])
        assert np.isfinite(edges).all()
    assert measured > 15


def test_nobody_is_one_line() -> None:
    with pytest.raises(UsageError, match="nobody was found"):
        Scene.of(np.zeros((90, 60, 3), np.uint8), np.zeros((90, 60), np.uint8))


def test_a_person_is_chosen_among_two(standing: Standing) -> None:
    seen = standing(people=2)
    left = Scene.of(seen.photo.pixels, seen.label_map, 1)
    right = Scene.of(seen.photo.pixels, seen.label_map, 2)
    assert left.body.neck[0] < 120 < right.body.neck[0]
    with pytest.raises(UsageError, match="no person 3 in this photo, only 2 people"):
        Scene.of(seen.photo.pixels, seen.label_map, 3)


def test_a_t_shirt_has_sleeves_and_armpits() -> None:
    shape = measure(flat_piece("top").alpha, "top")
    assert isinstance(shape, UpperShape)
    assert shape.armpits == pytest.approx(np.array([[54, 68], [146, 68]]), abs=5)
    assert shape.rows[-1] == pytest.approx(188, abs=4)
    for sleeve, sign in zip(shape.sleeves, (-1, 1), strict=True):
        assert sleeve is not None
        end = sleeve.edges[:, -1].mean(axis=0)
        assert sign * (end[0] - 100) > 70
        assert not (sleeve.mask & shape.trunk).any()
    assert shape.collar[0, 0] < 100 < shape.collar[1, 0]


def test_without_sleeves_there_are_none() -> None:
    piece = flat_piece("top")
    alpha = piece.alpha.copy()
    alpha[:, :52] = alpha[:, 148:] = 0
    shape = measure(alpha, "top")
    assert isinstance(shape, UpperShape)
    assert shape.sleeves == (None, None)


def test_trousers_have_two_legs_and_skirts_a_flare() -> None:
    shape = measure(flat_piece("pants").alpha, "pants")
    assert isinstance(shape, LowerShape)
    assert shape.edges[0][0, 1, 1] == pytest.approx(
        78, abs=8
    )  # a gap is seen from where it is two pixels wide
    assert shape.edges[0][0, -1, 0] == pytest.approx(40, abs=5)
    assert shape.edges[1][1, -1, 0] == pytest.approx(116, abs=5)
    skirt = measure(flat_piece("skirt").alpha, "skirt")
    assert isinstance(skirt, SkirtShape)
    assert np.ptp(skirt.edges[:, -1]) > 1.9 * np.ptp(skirt.edges[:, 0])


@pytest.mark.parametrize(
    ("label", "said"), [("bag", "class bag cannot be tried on"), ("top", "empty or too small")]
)
def test_what_cannot_be_fitted_is_one_line(label: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        measure(np.zeros((50, 50), np.uint8), label)
