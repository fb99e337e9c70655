"""From a label map to objects: what is cut is joined, what lies apart is not, and no pixel is lost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ewardrobe import taxonomy
from ewardrobe.datasets import Instance
from ewardrobe.datasets.drawn import draw_instances, find_instances

WARDROBE = taxonomy.load("wardrobe")
DEEPFASHION2 = taxonomy.load("deepfashion2")

Shape = tuple[str, tuple[int, int, int, int]]
"""Class, and left, top, right, bottom."""

PERSON: list[Shape] = [
    ("hair", (45, 5, 75, 20)),
    ("skin", (45, 20, 75, 50)),
    ("outerwear", (30, 50, 90, 130)),
    ("pants", (40, 130, 80, 220)),
    ("footwear", (38, 220, 55, 230)),
    ("footwear", (65, 220, 82, 230)),
]


def painted(
    shapes: list[Shape], labels: taxonomy.Taxonomy = WARDROBE, width: int = 300
) -> npt.NDArray[np.uint8]:
    label_map = np.zeros((240, width), np.uint8)
    for name, (left, top, right, bottom) in shapes:
        label_map[top:bottom, left:right] = labels.index(name)
    return label_map


def found(label_map: npt.NDArray[np.uint8], labels: taxonomy.Taxonomy = WARDROBE) -> list[str]:
    objects = find_instances(label_map, labels)
    height, width = label_map.shape
    again = draw_instances(objects, (width, height), {item.name: item.index for item in labels})
    assert np.array_equal(again, label_map), "an object lost pixels, or took some"
    return [item.label for item in objects]


def moved(shapes: list[Shape], by: int) -> list[Shape]:
    return [(name, (left + by, top, right + by, bottom)) for name, (left, top, right, bottom) in shapes]


BODY = ["hair", "skin", "outerwear", "pants", "footwear"]


@pytest.mark.parametrize(
    ("in_front", "more"),
    [
        ([], []),
        ([("skin", (30, 80, 90, 95))], []),  # an arm across the coat
        ([("bag", (57, 50, 63, 130)), ("bag", (50, 130, 75, 150))], ["bag"]),  # a strap down it
        ([("top", (50, 50, 70, 130))], ["top"]),  # an open coat
        ([("outerwear", (58, 130, 62, 220))], []),  # a long coat between the legs
    ],
)
def test_what_is_in_front_of_a_garment_does_not_part_it(in_front: list[Shape], more: list[str]) -> None:
    assert sorted(found(painted(PERSON + in_front))) == sorted(BODY + more)


def test_two_people_wear_two_of_each() -> None:
    assert sorted(found(painted(PERSON + moved(PERSON, 150)))) == sorted(BODY * 2)


def test_the_strap_that_an_arm_cuts_off_is_the_bags_and_a_second_bag_is_not() -> None:
    bag: list[Shape] = [("bag", (92, 120, 125, 160))]
    assert found(painted([*PERSON, *bag, ("bag", (85, 50, 90, 70))])).count("bag") == 1
    assert found(painted([*PERSON, *bag, ("bag", (5, 120, 28, 160))])).count("bag") == 2


def test_nothing_is_worn_where_no_body_is() -> None:
    """DeepFashion2 has no class for skin: nearness decides."""
    halves: list[Shape] = [
        ("long sleeve outwear", (40, 50, 70, 200)),
        ("long sleeve outwear", (90, 50, 120, 200)),
    ]
    assert len(found(painted(halves, DEEPFASHION2), DEEPFASHION2)) == 1
    apart = [halves[0], ("long sleeve outwear", (190, 50, 250, 200))]
    assert len(found(painted(apart, DEEPFASHION2), DEEPFASHION2)) == 2


def test_two_shoes_lying_apart_are_a_pair_and_the_third_is_not() -> None:
    shoes: list[Shape] = [("footwear", (20, 100, 60, 130)), ("footwear", (90, 100, 130, 130))]
    assert found(painted(shoes)) == ["footwear"]
    assert found(painted([*shoes, ("footwear", (240, 100, 280, 130))])) == ["footwear"] * 2


def test_a_speck_is_the_nearest_objects() -> None:
    shapes: list[Shape] = [
        ("top", (10, 10, 90, 110)),
        ("top", (200, 10, 280, 110)),
        ("top", (195, 50, 197, 52)),
    ]
    label_map = painted(shapes)
    objects: tuple[Instance, ...] = find_instances(label_map, WARDROBE)
    assert [item.area for item in objects] == [8000, 8004]
    assert found(label_map) == ["top", "top"]


def test_ignored_pixels_and_background_are_no_object() -> None:
    label_map = painted([("top", (10, 10, 90, 110))])
    label_map[150:200] = taxonomy.IGNORE
    (only,) = find_instances(label_map, WARDROBE)
    assert (only.label, only.box) == ("top", (10, 10, 80, 100))
