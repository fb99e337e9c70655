"""The taxonomies' files: order, layout, colours."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from ewardrobe import taxonomy
from ewardrobe.errors import TaxonomyError

NAMES = taxonomy.names()


def test_the_taxonomies_the_design_asks_for_are_there() -> None:
    wanted = {
        "wardrobe": 17,
        "people-clothing": 59,
        "deepfashion2": 14,
        "imaterialist": 47,
        "fashionpedia": 47,
    }
    wanted |= {"imaterialist-supercategories": 13, "regions": 6, "parts": 4, "flat-lay": 18, "fashionista": 8}
    wanted |= {"u2net-cloth": 4, "segformer-clothes": 18, "foreground": 2}
    assert {name: len(taxonomy.load(name)) for name in NAMES} == wanted
    assert NAMES[0] == "wardrobe"


def test_wardrobe_is_in_the_order_of_the_design() -> None:
    order = (
        "background hair skin hat eyewear top outerwear dress pants shorts skirt legwear footwear bag belt"
    )
    assert taxonomy.load("wardrobe").labels == (*order.split(), "scarf", "accessories")
    assert taxonomy.load("regions").labels[1:] == (
        "upper-body",
        "lower-body",
        "whole-body",
        "feet",
        "accessories",
    )
    assert taxonomy.load("parts").labels == ("background", "top", "bottom", "dress")


@pytest.mark.parametrize("name", NAMES)
def test_every_taxonomy_is_well_formed(name: str) -> None:
    found = taxonomy.load(name)
    regions = set(taxonomy.load("regions").labels[1:])
    assert found.name == name and found.title and found.about
    assert [item.index for item in found] == list(range(len(found)))
    assert len(set(found.labels)) == len(found) < taxonomy.IGNORE
    assert [item.index for item in found if item.kind == "background"] == [0]
    for item in found:
        assert item.title and item.kind in {"background", "body", "garment"}
        assert item.region is None or (item.region in regions and item.kind == "garment")
        assert found[item.name] is item is found[item.index]
        assert found.index(item.name) == item.index
    assert found.garments == tuple(item.index for item in found if item.kind == "garment")


@pytest.mark.parametrize("name", NAMES)
def test_unknown_classes_are_refused_in_one_line(name: str) -> None:
    found = taxonomy.load(name)
    for key in ("no such class", len(found), -1):
        with pytest.raises(TaxonomyError) as caught:
            found[key]
        assert "\n" not in str(caught.value) and name in str(caught.value)


def test_an_unknown_taxonomy_names_those_there_are() -> None:
    with pytest.raises(TaxonomyError, match="wardrobe"):
        taxonomy.load("../wardrobe")


def test_palette_and_colours_agree() -> None:
    for found in map(taxonomy.load, NAMES):
        table = np.array(found.palette()).reshape(256, 3)
        assert (table[: len(found)] == found.colours).all() and (table[255] == 255).all()
        assert tuple(found.colours[0]) == (0, 0, 0)


# Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency".
_SIGHT = {
    "normal": "1 0 0  0 1 0  0 0 1",
    "protan": "0.152286 1.052583 -0.204868  0.114503 0.786281 0.099216  -0.003882 -0.048116 1.051998",
    "deutan": "0.367322 0.860646 -0.227968  0.280085 0.672501 0.047413  -0.011820 0.042940 0.968881",
    "tritan": "1.255528 -0.076749 -0.178779  -0.078411 0.930809 0.147602  0.004733 0.691367 0.303900",
}
_CONES = np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]])
_OKLAB = np.array([[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]])


def _nearest(colours: np.ndarray, sight: str) -> float:
    """The smallest OKLab distance between two of the colours, as someone with that sight sees them."""
    unit = colours / 255.0
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(_SIGHT[sight].split(), dtype=float).reshape(3, 3).T, 0, 1)
    lab = np.cbrt(seen @ _CONES.T) @ _OKLAB.T
    return min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(lab, 2))


@pytest.mark.parametrize("sight", _SIGHT)
def test_colours_stay_apart_for_colour_blind_eyes(sight: str) -> None:
    for found in map(taxonomy.load, NAMES):
        few = len(found) <= 18
        assert _nearest(found.colours, sight) > (0.07 if few else 0.03), found.name


def test_to_dict_is_json_in_index_order() -> None:
    document = json.loads(json.dumps(taxonomy.load("wardrobe").to_dict()))
    assert [row["index"] for row in document["classes"]] == list(range(17))
    assert document["classes"][5] | {"colour": ""} == {
        "index": 5, "name": "top", "title": "Top", "colour": "", "kind": "garment", "region": "upper-body",
    }  # fmt: skip


@pytest.mark.data
def test_orders_are_those_of_the_datasets_own_files(data_folder: Path) -> None:
    tags = (data_folder / "ccp/labels.txt").read_text().split()
    assert taxonomy.load("people-clothing").labels == tuple(tags)
    spec = json.loads((data_folder / "fashionista_val/spec.json").read_text())
    assert taxonomy.load("fashionista").labels == tuple(spec["classes"])
    merge = taxonomy.load_map("wardrobe", "fashionista")
    assert {name: merge.target_of(name) for name in merge.source.labels} == spec["merge"]
    rows = (data_folder / "flatlay/items.csv").read_text().splitlines()[1:]
    assert set(taxonomy.load("flat-lay").labels[1:]) == {row.split(",")[1] for row in rows}
    official = json.loads((data_folder / "samples/imaterialist2020/label_descriptions.json").read_text())
    categories = {row["id"]: row for row in official["categories"]}
    supercategory = taxonomy.load_map("imaterialist", "imaterialist-supercategories")
    for item in taxonomy.load("imaterialist").classes[1:]:
        assert item.category_id == item.index - 1
        assert item.name == categories[item.category_id]["name"]
        assert supercategory.target_of(item.name) == categories[item.category_id]["supercategory"]
    sample = json.loads((data_folder / "samples/fashionpedia/sample.json").read_text())
    extra = {row["name"] for row in sample["categories"]} - set(taxonomy.load("fashionpedia").labels)
    assert extra == {"earmuffs", "garment belt"}
