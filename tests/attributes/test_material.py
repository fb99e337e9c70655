"""Material from the name, from the texture, and not at all."""

from __future__ import annotations

import numpy as np
import pytest

from ewardrobe.attributes import material
from ewardrobe.attributes.colours import palette
from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.attributes.material import MATERIALS, material_network, material_of

EVERYWHERE = np.ones((120, 100), bool)
GREEN = np.full((120, 100, 3), (40, 120, 60), np.uint8)


@pytest.mark.parametrize(
    ("kind", "cloth"),
    [
        ("jeans", "denim"),
        ("sweater", "knit"),
        ("t-shirt", "jersey"),
        ("hoodie", "fleece"),
        ("dress shoes", "leather"),
    ],
)
def test_some_names_settle_the_cloth(kind: str, cloth: str) -> None:
    value = material_of(kind, GREEN, EVERYWHERE, ())
    assert (value.name, value.source) == (cloth, "model")
    assert 0.5 < value.confidence < 1.0


def test_a_plain_green_shirt_says_nothing_of_its_cloth() -> None:
    assert material_of("shirt", GREEN, EVERYWHERE, palette(GREEN, EVERYWHERE)).name == "unknown"


def test_types_without_a_cloth_are_unknown() -> None:
    for kind in ("watch", "sunglasses", "no such type"):
        assert not material_of(kind, GREEN, EVERYWHERE, ()).known


def test_too_little_cloth_is_unknown() -> None:
    few = np.zeros_like(EVERYWHERE)
    few[0, :5] = True
    assert not material_of("jacket", GREEN, few, ()).known


def test_tables_name_only_types_that_there_are() -> None:
    names = set(type_vocabulary().names)
    assert set(material._FROM_NAME) <= names
    assert set(material._FROM_TEXTURE) <= names
    assert not set(material._FROM_NAME) & set(material._FROM_TEXTURE)
    assert all(sum(usual) < 1 for usual in material._FROM_TEXTURE.values())
    assert {cloth for cloth, _ in material._FROM_NAME.values()} <= set(MATERIALS)


def test_the_network_tells_what_the_tables_weigh() -> None:
    network = material_network()
    assert network.names[0] == "other"
    assert set(network.names[1:]) <= set(MATERIALS)
    assert {len(usual) for usual in material._FROM_TEXTURE.values()} == {len(network.names) - 1}


def test_the_answer_is_the_same_with_the_measures_given() -> None:
    from ewardrobe.attributes.texture import texture_features

    colours = palette(GREEN, EVERYWHERE)
    given = material_of("skirt", GREEN, EVERYWHERE, colours, texture=texture_features(GREEN, EVERYWHERE))
    assert given == material_of("skirt", GREEN, EVERYWHERE, colours)
