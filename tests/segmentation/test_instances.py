from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ewardrobe import taxonomy
from ewardrobe.segmentation.cleanup import clean
from ewardrobe.segmentation.instances import Instance, find_instances
from ewardrobe.segmentation.people import find_people
from tests.segmentation.conftest import CertainScores
from tests.segmentation.models import Shape, paint, person

WARDROBE = taxonomy.load("wardrobe")
Labels = npt.NDArray[np.uint8]


def garments(labels: Labels, certain_scores: CertainScores, sure: float = 0.9) -> list[Instance]:
    scores = certain_scores(labels, sure)
    clean(labels, scores, WARDROBE)
    return find_instances(labels, scores, WARDROBE)


def names(found: list[Instance]) -> list[tuple[int | None, str]]:
    return [(item.person, WARDROBE[item.label].name) for item in found]


def test_a_person_is_dressed_in_one_of_each(certain_scores: CertainScores) -> None:
    found = garments(paint((240, 160), person(40)), certain_scores)
    assert names(found) == [(1, "top"), (1, "pants"), (1, "footwear")]  # two shoes are one item
    assert found[2].box == (54, 210, 52, 14)
    assert all(abs(item.score - 0.9) < 1e-5 for item in found)


def test_two_people_side_by_side(certain_scores: CertainScores) -> None:
    found = garments(paint((240, 260), [*person(20), *person(150)]), certain_scores)
    assert names(found) == [(n, name) for n in (1, 2) for name in ("top", "pants", "footwear")]
    assert [item.box[0] < 130 for item in found] == [True] * 3 + [False] * 3


def test_two_people_who_touch(certain_scores: CertainScores) -> None:
    labels = paint((240, 260), [*person(40), *person(110)])  # arm on arm
    assert find_people(labels, WARDROBE).count == 2
    found = garments(labels, certain_scores)
    assert names(found) == [(n, name) for n in (1, 2) for name in ("top", "pants", "footwear")]


def test_two_people_whose_coats_run_into_each_other(certain_scores: CertainScores) -> None:
    shapes = [*person(40), *person(130), ("outerwear", (50, 40, 150, 100))]
    found = garments(paint((240, 260), shapes), certain_scores)
    coats = [item for item in found if WARDROBE[item.label].name == "outerwear"]
    assert [item.person for item in coats] == [1, 2]
    assert sum(int(item.mask.sum()) for item in coats) == 150 * 100
    assert abs(coats[0].box[2] - 75) < 15


def test_a_child_beside_an_adult(certain_scores: CertainScores) -> None:
    found = garments(paint((240, 200), [*person(10), *person(120, 140, 0.4)]), certain_scores)
    assert {item.person for item in found} == {1, 2}


@pytest.mark.parametrize("bar", [("background", (0, 95, 160, 12)), ("background", (0, 150, 160, 25))])
def test_one_person_cut_by_a_bar_is_one(certain_scores: CertainScores, bar: Shape) -> None:
    found = garments(paint((240, 160), [*person(40), bar]), certain_scores)
    assert names(found) == [(1, "top"), (1, "pants"), (1, "footwear")]


def test_one_person_behind_a_lamp_post_is_one(certain_scores: CertainScores) -> None:
    labels = paint((240, 160), [*person(40), ("background", (60, 0, 6, 240))])
    found = garments(labels, certain_scores)
    assert names(found) == [(1, "top"), (1, "pants"), (1, "footwear")]


def test_long_hair_on_both_sides_is_one_head(certain_scores: CertainScores) -> None:
    hair: list[Shape] = [("hair", (58, 18, 8, 60)), ("hair", (94, 18, 8, 60))]
    assert find_people(paint((240, 160), [*person(40), *hair]), WARDROBE).count == 1


def test_a_bag_strap_cuts_no_top_in_two(certain_scores: CertainScores) -> None:
    strap: list[Shape] = [("bag", (70, 40, 5, 90)), ("bag", (60, 130, 25, 25))]
    found = garments(paint((240, 160), [*person(40), *strap]), certain_scores)
    assert names(found) == [(1, "top"), (1, "pants"), (1, "footwear"), (1, "bag")]


def test_two_bags_are_two(certain_scores: CertainScores) -> None:
    bags: list[Shape] = [("bag", (10, 100, 25, 30)), ("bag", (125, 100, 25, 30))]
    found = garments(paint((240, 160), [*person(40), *bags]), certain_scores)
    assert names(found)[-2:] == [(1, "bag"), (1, "bag")]


def test_a_bag_on_the_floor_beside_somebody_is_nobodys(certain_scores: CertainScores) -> None:
    found = garments(paint((240, 300), [*person(10), ("bag", (200, 180, 60, 50))]), certain_scores)
    assert names(found)[-1] == (None, "bag")


def test_clothes_on_a_bed(certain_scores: CertainScores) -> None:
    shapes: list[Shape] = [
        ("top", (10, 10, 80, 70)),
        ("top", (160, 10, 80, 70)),
        ("pants", (20, 120, 60, 110)),
        ("footwear", (150, 130, 30, 60)),
        ("footwear", (190, 130, 30, 60)),
    ]
    found = garments(paint((250, 260), shapes), certain_scores)
    assert names(found) == [(None, name) for name in ("top", "top", "pants", "footwear")]


def test_three_pairs_of_shoes_and_an_odd_one(certain_scores: CertainScores) -> None:
    shoes: list[Shape] = [("footwear", (x + shift, 20, 24, 60)) for x in (10, 110, 210) for shift in (0, 30)]
    found = garments(paint((160, 320), [*shoes, ("footwear", (20, 110, 24, 20))]), certain_scores)
    assert len(found) == 4
    assert sorted(int(item.mask.sum()) for item in found) == [480, 2880, 2880, 2880]


def test_a_garment_that_a_shadow_cuts_is_one(certain_scores: CertainScores) -> None:
    shapes: list[Shape] = [("dress", (50, 20, 100, 200)), ("background", (50, 100, 100, 12))]
    assert names(garments(paint((240, 200), shapes), certain_scores)) == [(None, "dress")]


@pytest.mark.parametrize("name", ["belt", "top", "eyewear"])
def test_twelve_pixels_are_no_item(certain_scores: CertainScores, name: str) -> None:
    labels = paint((240, 160), [*person(40), (name, (75, 120, 4, 3))])
    assert names(garments(labels, certain_scores)) == [(1, "top"), (1, "pants"), (1, "footwear")]
    assert (labels == WARDROBE.index("pants"))[118:125, 70:77].all()  # the trousers close over it


def test_a_real_belt_is_one(certain_scores: CertainScores) -> None:
    found = garments(paint((240, 160), [*person(40), ("belt", (58, 108, 44, 4))]), certain_scores)
    assert "belt" in dict(names(found)).values() or (1, "belt") in names(found)


def test_what_the_model_hardly_believes_is_no_item(certain_scores: CertainScores) -> None:
    shapes: list[Shape] = [*person(40), ("hat", (5, 5, 12, 12))]
    assert (1, "hat") not in names(garments(paint((240, 160), shapes), certain_scores, sure=0.3))


def test_a_patch_of_skirt_on_trousers_is_trousers(certain_scores: CertainScores) -> None:
    labels = paint((240, 160), [*person(40), ("skirt", (58, 112, 20, 15))])
    assert (1, "skirt") not in names(garments(labels, certain_scores))


def test_a_shirt_in_an_open_jacket_stays(certain_scores: CertainScores) -> None:
    labels = paint(
        (240, 160), [*person(40), ("outerwear", (55, 40, 20, 70)), ("outerwear", (85, 40, 20, 70))]
    )
    assert names(garments(labels, certain_scores))[:2] == [(1, "top"), (1, "outerwear")]


def test_a_skin_coloured_print_on_a_bed_is_cloth(certain_scores: CertainScores) -> None:
    labels = paint((200, 200), [("top", (30, 30, 140, 140)), ("skin", (90, 90, 20, 20))])
    assert names(garments(labels, certain_scores)) == [(None, "top")]
    assert not (labels == WARDROBE.index("skin")).any()


def test_nothing_is_nothing(certain_scores: CertainScores) -> None:
    assert garments(np.zeros((50, 40), np.uint8), certain_scores) == []


def test_a_taxonomy_without_bodies() -> None:
    parts = taxonomy.load("parts")
    labels = paint((120, 200), [("top", (10, 10, 60, 50)), ("bottom", (10, 60, 60, 50))], "parts")
    assert find_people(labels, parts).count == 0


@settings(deadline=None, max_examples=60)
@given(
    shapes=st.lists(
        st.tuples(
            st.sampled_from(WARDROBE.labels),
            st.tuples(st.integers(0, 90), st.integers(0, 70), st.integers(1, 60), st.integers(1, 60)),
        ),
        max_size=14,
    ),
    noise=st.sampled_from([0.0, 0.02, 1.0]),
    seed=st.integers(0, 99),
)
def test_masks_are_disjoint_and_make_up_the_map(shapes: list[Shape], noise: float, seed: int) -> None:
    labels = paint((80, 100), shapes)
    random = np.random.default_rng(seed)
    spots = random.random(labels.shape) < noise
    labels[spots] = random.integers(0, 17, int(spots.sum()))
    rest = np.full((17, *labels.shape), 0.02, np.float32)
    np.put_along_axis(rest, labels[None].astype(np.intp), np.float32(0.68), axis=0)
    from ewardrobe.segmentation.geometry import Axis
    from ewardrobe.segmentation.scores import ScoreMap

    scores = ScoreMap(rest, Axis(80, 80, 1.0, 0.0), Axis(100, 100, 1.0, 0.0))
    clean(labels, scores, WARDROBE)
    found = find_instances(labels, scores, WARDROBE)
    covered = np.zeros(labels.shape, dtype=int)
    for item in found:
        x, y, width, height = item.box
        assert item.mask.shape == (height, width)
        assert item.mask.any(axis=0)[[0, -1]].all() and item.mask.any(axis=1)[[0, -1]].all()
        window = (slice(y, y + height), slice(x, x + width))
        covered[window] += item.mask
        assert (labels[window][item.mask] == item.label).all()
        assert 0 <= item.score <= 1
    np.testing.assert_array_equal(covered, np.isin(labels, WARDROBE.garments))


def test_bits_of_a_passer_by_go(certain_scores: CertainScores) -> None:
    shapes: list[Shape] = [*person(40), ("pants", (280, 100, 12, 20)), ("skin", (290, 20, 5, 8))]
    labels = paint((240, 300), shapes)
    assert names(garments(labels, certain_scores)) == [(1, "top"), (1, "pants"), (1, "footwear")]
    assert not labels[:, 200:].any()


def test_a_scrap_far_from_its_garment_goes(certain_scores: CertainScores) -> None:
    labels = paint((240, 200), [*person(60), ("bag", (130, 60, 35, 40)), ("bag", (80, 195, 5, 5))])
    found = garments(labels, certain_scores)
    assert names(found)[-1] == (1, "bag")
    assert found[-1].box == (130, 60, 35, 40)
