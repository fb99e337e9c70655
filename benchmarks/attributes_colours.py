"""How often the main colour agrees with the human label of a shop photo, on the half nothing was fitted on.

    EWARDROBE_DATA=... python benchmarks/attributes_colours.py [--every 5]

Prints Markdown: agreement (strict, and with the stated synonyms), by kind of product, and for the garments (Apparel and
Footwear) the confusion matrix and how reliable the confidences are.
"""

from __future__ import annotations

import argparse
import pickle
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from product_photos import NOT_ONE_COLOUR, Product, products

from ewardrobe.attributes.colours import main_colour, palette
from ewardrobe.attributes.vocabulary import MULTICOLOUR, vocabulary
from ewardrobe.segmentation import Segmenter

GARMENTS = ("Apparel", "Footwear")
"""The shop's master categories that count as garments; the third, Accessories, is bags, belts, eyewear and the like."""


def photos(cache: Path | None, every: int, *, held_out: bool) -> list[Product]:
    """The photos with their masks, kept in `cache` between runs."""
    if cache and cache.exists():
        return pickle.loads(cache.read_bytes())
    found = list(products(held_out=held_out, every=every, segmenter=Segmenter(size="live")))
    if cache:
        cache.write_bytes(pickle.dumps(found))
    return found


def measured(found: Sequence[Product]) -> pd.DataFrame:
    """One row per photo: id, category, article, label, name, confidence, largest share, strict, right."""
    rules, rows = vocabulary().labels, []
    for product in found:
        if product.colour in NOT_ONE_COLOUR[1:]:
            continue
        colours = palette(product.pixels, product.mask)
        value = main_colour(colours)
        names = rules.get(product.colour, (MULTICOLOUR,))
        rows.append(
            {
                "id": product.id,
                "category": product.category,
                "article": product.article,
                "label": product.colour,
                "name": value.name,
                "confidence": value.confidence,
                "share": colours[0].share,
                "strict": value.name == names[0],
                "right": value.name in names,
                "second": value.runner_up in names,
            }
        )
    return pd.DataFrame(rows)


def agreement(table: pd.DataFrame) -> str:
    """Markdown: strict and synonym agreement by kind, the latter with a bootstrap 95 % interval over photos."""
    garments = table[table.category.isin(GARMENTS)]
    lines = ["| Photos | n | strict | with synonyms | 95 % | or the runner-up |", "|---|---|---|---|---|---|"]
    plain = ("garments, one colour over 80 %", garments[garments.share > 0.8])
    for name, part in [("garments", garments), *table.groupby("category"), plain]:
        draws = np.random.default_rng(0).choice(part.right.to_numpy(float), (2000, len(part))).mean(axis=1)
        low, high = np.percentile(draws, [2.5, 97.5])
        either = (part.right | part.second).mean()
        lines.append(
            f"| {name} | {len(part)} | {part.strict.mean():.3f} | {part.right.mean():.3f} | {low:.3f}-{high:.3f} "
            f"| {either:.3f} |"
        )
    return "\n".join(lines)


def by_label(table: pd.DataFrame) -> str:
    """Markdown, the confusion matrix row by row: per human label, the agreement and every name with its count."""
    lines = ["| Label | n | strict | with synonyms | named |", "|---|---|---|---|---|"]
    for label, part in sorted(table.groupby("label"), key=lambda group: -len(group[1])):
        named = ", ".join(f"{name} {count}" for name, count in part.name.value_counts().items())
        lines.append(
            f"| {label} | {len(part)} | {part.strict.mean():.2f} | {part.right.mean():.2f} | {named} |"
        )
    return "\n".join(lines)


def reliability(table: pd.DataFrame) -> str:
    """Markdown: mean confidence against agreement with synonyms, and the expected calibration error."""
    lines = ["| Confidence | n | mean confidence | right |", "|---|---|---|---|"]
    error = 0.0
    for low in np.arange(0.0, 1.0, 0.1):
        part = table[(table.confidence >= low) & (table.confidence < low + 0.1 + 1e-9 * (low > 0.85))]
        if len(part):
            error += len(part) / len(table) * abs(part.confidence.mean() - part.right.mean())
            lines.append(
                f"| {low:.1f}-{low + 0.1:.1f} | {len(part)} | {part.confidence.mean():.2f} | {part.right.mean():.2f} |"
            )
    return "\n".join([*lines, "", f"Expected calibration error: {error:.3f}"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="take every n-th photo")
    parser.add_argument(
        "--fitted-half", action="store_true", help="the half the names were fitted on, for tuning"
    )
    parser.add_argument("--cache", type=Path, help="keep the photos and masks in this file between runs")
    options = parser.parse_args()
    found = photos(options.cache, options.every, held_out=not options.fitted_half)
    start = time.perf_counter()
    table = measured(found)
    each = (time.perf_counter() - start) / max(1, len(table)) * 1000
    multi = table[table.label == "Multi"]
    table = table[table.label != "Multi"]
    garments = table[table.category.isin(GARMENTS)]
    print(agreement(table), by_label(garments), reliability(garments), sep="\n\n")
    print(f"\n`Multi` photos called {MULTICOLOUR}: {(multi.name == MULTICOLOUR).mean():.2f} of {len(multi)};")
    print(f"one-colour garments called so: {(garments.name == MULTICOLOUR).mean():.3f}.")
    print(f"{each:.1f} ms a photo, without reading and masking.")


if __name__ == "__main__":
    main()
