"""The maps between taxonomies: every class lands, chains agree, label maps are converted."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe import taxonomy
from ewardrobe.errors import TaxonomyError
from ewardrobe.taxonomy import IGNORE, load, load_map, map_names

REQUIRED = [
    ("people-clothing", "wardrobe"),
    ("imaterialist", "wardrobe"),
    ("imaterialist", "regions"),
    ("imaterialist", "parts"),
    ("deepfashion2", "wardrobe"),
    ("deepfashion2", "parts"),
    ("fashionpedia", "wardrobe"),
    ("wardrobe", "parts"),
    ("wardrobe", "regions"),
    ("wardrobe", "fashionista"),
    ("wardrobe", "foreground"),
    ("flat-lay", "wardrobe"),
    ("u2net-cloth", "wardrobe"),
    ("segformer-clothes", "wardrobe"),
]


def _all_pairs() -> list[tuple[str, str]]:
    """Every pair that `load_map` answers, from a file or as a chain."""
    pairs = []
    for pair in itertools.product(taxonomy.names(), repeat=2):
        try:
            load_map(*pair)
        except TaxonomyError:
            continue
        pairs.append(pair)
    return pairs


PAIRS = _all_pairs()


def test_the_maps_the_design_asks_for_are_files() -> None:
    assert set(REQUIRED) <= set(map_names())


@pytest.mark.parametrize("pair", PAIRS, ids="--".join)
def test_every_class_lands_on_a_class_or_on_ignore_with_a_reason(pair: tuple[str, str]) -> None:
    found = load_map(*pair)
    for name in found.source.labels:
        landing = found.target_of(name)
        if landing is None:
            assert len(found.reasons[name]) > 20, f"{name} is ignored without a reason"
        else:
            assert landing in found.target and name not in found.reasons
    assert set(found.reasons) <= set(found.source.labels)
    assert found.gives_way <= set(found.reasons)
    assert found.lut.shape == (256,) and found.lut.dtype == np.uint8
    assert (found.lut[len(found.source) :] == IGNORE).all()


@pytest.mark.parametrize("pair", PAIRS, ids="--".join)
def test_a_garment_never_becomes_body_and_a_body_never_a_garment(pair: tuple[str, str]) -> None:
    found = load_map(*pair)
    if found.target.name == "foreground":
        pytest.skip("it does not tell a body from what it wears")
    for item in found.source:
        landing = found.target_of(item.name)
        if landing is not None and item.kind != "garment":
            assert found.target[landing].kind != "garment"
        if landing is not None and item.kind == "garment":
            assert found.target[landing].kind != "body"


@pytest.mark.parametrize("pair", [p for p in PAIRS if p not in map_names() and p[0] != p[1]], ids="--".join)
def test_chains_agree_with_their_two_steps(pair: tuple[str, str]) -> None:
    whole, first, second = load_map(*pair), load_map(pair[0], "wardrobe"), load_map("wardrobe", pair[1])
    for name in whole.source.labels:
        between = first.target_of(name)
        assert whole.target_of(name) == (None if between is None else second.target_of(between))


@pytest.mark.parametrize("source", sorted({s for s, t in map_names() if t == "wardrobe"}))
def test_direct_parts_agree_with_the_way_over_wardrobe(source: str) -> None:
    """Where wardrobe keeps a class, the way over it agrees with the direct map; it may only ignore more."""
    direct, first, second = (
        load_map(source, "parts"),
        load_map(source, "wardrobe"),
        load_map("wardrobe", "parts"),
    )
    for name in direct.source.labels:
        between = first.target_of(name)
        if between is not None:
            assert second.target_of(between) == direct.target_of(name), name


def test_regions_of_the_classes_are_those_of_the_maps() -> None:
    for source, target in PAIRS:
        if target != "regions":
            continue
        found = load_map(source, target)
        for item in found.source:
            if item.kind == "garment" and found.target_of(item.name) is not None:
                assert found.target_of(item.name) == item.region, (source, item.name)


@pytest.mark.parametrize(
    ("source", "target", "name", "landing"),
    [
        ("people-clothing", "wardrobe", "suit", "outerwear"),
        ("people-clothing", "wardrobe", "panties", "pants"),
        ("people-clothing", "wardrobe", "vest", "top"),
        ("people-clothing", "wardrobe", "leggings", "legwear"),
        ("people-clothing", "wardrobe", "wallet", "bag"),
        ("people-clothing", "wardrobe", "tie", "accessories"),
        ("people-clothing", "parts", "tights", None),
        ("people-clothing", "parts", "coat", "top"),
        ("imaterialist", "regions", "coat", "whole-body"),
        ("imaterialist", "wardrobe", "sleeve", None),
        ("wardrobe", "regions", "outerwear", "upper-body"),
        ("wardrobe", "parts", "legwear", None),
        ("wardrobe", "parts", "skin", "background"),
        ("flat-lay", "wardrobe", "Body", "dress"),
        ("flat-lay", "wardrobe", "Undershirt", "top"),
        ("deepfashion2", "wardrobe", "background", None),
        ("deepfashion2", "parts", "background", "background"),
        ("segformer-clothes", "wardrobe", "Left-leg", "skin"),
        ("u2net-cloth", "parts", "lower", "bottom"),
    ],
)
def test_stated_choices(source: str, target: str, name: str, landing: str | None) -> None:
    assert load_map(source, target).target_of(name) == landing


def test_ten_shoe_names_of_people_clothing_are_footwear() -> None:
    found = load_map("people-clothing", "wardrobe")
    assert sum(found.target_of(name) == "footwear" for name in found.source.labels) == 10


@pytest.mark.parametrize(
    "pair", [("people-clothing", "deepfashion2"), ("imaterialist", "fashionista"), ("parts", "wardrobe")]
)
def test_what_would_lose_or_guess_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(TaxonomyError, match="there is no map from"):
        load_map(*pair)


@pytest.mark.parametrize("source", ["wardrobe", "people-clothing", "segformer-clothes", "flat-lay"])
def test_the_foreground_is_all_but_the_background(source: str) -> None:
    found = load_map(source, "foreground")
    assert not found.reasons
    assert found.lut[: len(found.source)].tolist() == [0] + [1] * (len(found.source) - 1)


def test_in_parts_only_legwear_is_ignored() -> None:
    assert set(load_map("wardrobe", "parts").reasons) == {"legwear"}
    legwear = {"leggings", "stockings", "tights", "socks"}
    assert set(load_map("people-clothing", "parts").reasons) == legwear


@given(st.integers(0, 2**32 - 1), st.sampled_from(PAIRS))
def test_apply_sends_each_pixel_where_its_class_goes(seed: int, pair: tuple[str, str]) -> None:
    found = load_map(*pair)
    labels = np.random.default_rng(seed).integers(0, len(found.source) + 1, (9, 7)).astype(np.uint8)
    labels[labels == len(found.source)] = IGNORE
    mapped = found.apply(labels)
    assert mapped.dtype == np.uint8 and mapped.shape == labels.shape
    for value, landing in zip(labels.ravel(), mapped.ravel(), strict=True):
        wanted = None if value == IGNORE else found.target_of(found.source[int(value)].name)
        assert landing == (IGNORE if wanted is None else load(pair[1]).index(wanted))


def test_apply_refuses_a_label_map_of_another_taxonomy() -> None:
    found = load_map("wardrobe", "parts")
    with pytest.raises(TaxonomyError, match="pixel value 17"):
        found.apply(np.full((2, 2), 17, np.uint8))
    with pytest.raises(TaxonomyError, match="uint8"):
        found.apply(np.zeros((2, 2), np.int64))  # type: ignore[arg-type]
