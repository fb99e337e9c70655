"""Fit the material network on labelled garments; writes `attributes/data/material.npz` and prints its precision.

    EWARDROBE_DATA=... python benchmarks/fit_material.py [--cache FILE]

The printed table is cross-validated: every garment is judged by a network that did not see it, with the prior of its
type as the labelled set names it.
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np
from pattern_photos import material_photos
from texture_training import Floats, Labels, balanced, cross_validated, save, train

from ewardrobe.attributes.colours import palette
from ewardrobe.attributes.material import material_features, posterior
from ewardrobe.attributes.texture import texture_features

NAMES = ("other", "denim", "leather", "knit")

TYPES = {
    **{
        tag: tag
        for tag in (
            "jacket",
            "coat",
            "blazer",
            "shirt",
            "blouse",
            "dress",
            "skirt",
            "shorts",
            "boots",
            "heels",
        )
    },
    **{tag: tag for tag in ("flats", "sandals", "sneakers", "hat", "scarf", "gloves")},
    **{"pants": "trousers", "bag": "handbag", "vest": "waistcoat", "shoes": "flats", "romper": "jumpsuit"},
    **{
        "loafers": "flats",
        "pumps": "heels",
        "wedges": "heels",
        "cape": "coat",
        "suit": "blazer",
        "top": "blouse",
    },
    **{
        "Outwear": "jacket",
        "Blazer": "blazer",
        "Shirt": "shirt",
        "Blouse": "blouse",
        "Dress": "dress",
        "Skirt": "skirt",
    },
    **{"Shorts": "shorts", "Pants": "trousers", "Shoes": "sneakers", "Hat": "hat"},
}
"""The type whose prior is used, for the tags whose cloth the name does not settle."""


def data(cache: Path | None) -> tuple[Floats, Labels, list[str | None]]:
    """Measures, labels, and types of the labelled garments."""
    if cache and cache.exists():
        return pickle.loads(cache.read_bytes())
    features, labels, types = [], [], []
    for row, pixels, mask in material_photos():
        features.append(material_features(texture_features(pixels, mask), palette(pixels, mask)))
        labels.append(NAMES.index(row["material"]))
        types.append(TYPES.get(row["tag"]))
    found = np.array(features, float), np.array(labels), types
    if cache:
        cache.write_bytes(pickle.dumps(found))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="keep the measures in this file between runs")
    options = parser.parse_args()
    features, labels, types = data(options.cache)
    weights = balanced(labels, len(NAMES), balance=0.8)
    likely = cross_validated(features, labels, weights, NAMES, np.ones(len(labels), bool))
    print("| Material | garments | answered | right | precision | recall |\n|---|---|---|---|---|---|")
    asked = np.array([kind is not None for kind in types])
    for least in (0.5, 0.6, 0.7):
        said = np.array(
            [_answer(row, kind, least) if kind else 0 for row, kind in zip(likely, types, strict=True)]
        )
        for number, name in enumerate(NAMES[1:], 1):
            there, answered = (labels == number) & asked, said == number
            right = int((there & answered).sum())
            share = right / max(1, answered.sum()), right / max(1, there.sum())
            counts = f"{there.sum()} | {answered.sum()} | {right}"
            print(f"| {name} (from {least}) | {counts} | {share[0]:.2f} | {share[1]:.2f} |")
    save(train(features, labels, weights, NAMES), "material", 1.0)


def _answer(row: Floats, kind: str, least: float) -> int:
    likely = posterior(row, kind)
    return int(likely.argmax()) if likely.max() >= least else 0


if __name__ == "__main__":
    main()
