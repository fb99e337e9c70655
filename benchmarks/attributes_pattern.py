"""How good `pattern_of` is on the 300 test garments of `data/patterns.csv`, labelled twice; nothing is fitted on them.

    EWARDROBE_DATA=... python benchmarks/attributes_pattern.py

Prints Markdown: how far the two labellers agreed; accuracy against each of them over all garments, and over those on
which they agree, which are also what balanced accuracy, confusion matrix and reliability are taken over.
"""

from __future__ import annotations

import argparse
import time

import pandas as pd
from pattern_photos import pattern_photos

from ewardrobe.attributes.pattern import PATTERNS, pattern_of


def measured() -> pd.DataFrame:
    """One row per test garment: source, first and second (the labels), name, runner_up, confidence, ms."""
    found = []
    for photo in pattern_photos(held_out=True):
        start = time.perf_counter()
        value = pattern_of(photo.pixels, photo.mask)
        spent = (time.perf_counter() - start) * 1000
        source = photo.key.split(":")[0]
        found.append(
            (source, photo.first, photo.second, value.name, value.runner_up, value.confidence, spent)
        )
    return pd.DataFrame(found, columns=["source", "first", "second", "name", "runner_up", "confidence", "ms"])


def kappa(one: pd.Series, other: pd.Series) -> float:
    """Cohen's kappa: the agreement beyond what two labellers with these shares reach by chance, 1 at best."""
    shares = one.value_counts(normalize=True), other.value_counts(normalize=True)
    chance = sum(float(shares[0].get(name, 0) * shares[1].get(name, 0)) for name in PATTERNS)
    return (float((one == other).mean()) - chance) / (1 - chance)


def confusion(table: pd.DataFrame) -> str:
    """Markdown: rows are labels, columns are answers."""
    counts = pd.crosstab(table.label, table.name).reindex(index=PATTERNS, columns=PATTERNS, fill_value=0)
    lines = ["| | " + " | ".join(PATTERNS) + " | recall |", "|---" * (len(PATTERNS) + 2) + "|"]
    for label in PATTERNS:
        row = counts.loc[label]
        lines.append(
            f"| {label} | " + " | ".join(map(str, row)) + f" | {row[label] / max(1, row.sum()):.2f} |"
        )
    return "\n".join(lines)


def reliability(table: pd.DataFrame) -> str:
    """Markdown: mean confidence against accuracy, and the expected calibration error."""
    right = table.name == table.label
    lines, error = ["| Confidence | n | mean | right |", "|---|---|---|---|"], 0.0
    for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.85), (0.85, 0.95), (0.95, 1.01)):
        part = (table.confidence >= low) & (table.confidence < high)
        if part.any():
            mean, share = table.confidence[part].mean(), right[part].mean()
            error += part.mean() * abs(mean - share)
            lines.append(f"| {low:.2f}-{min(high, 1):.2f} | {part.sum()} | {mean:.2f} | {share:.2f} |")
    return "\n".join([*lines, "", f"Expected calibration error: {error:.3f}"])


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    table = measured()
    same = table["first"] == table["second"]
    print(
        f"The two labellers agree on {same.sum()} of {len(table)} ({same.mean():.3f}), Cohen's kappa "
        f"{kappa(table['first'], table['second']):.3f}."
    )
    by_labeller = [
        f"{(table.name == table[which]).mean():.3f} against the {which}" for which in ("first", "second")
    ]
    print(f"Accuracy over all {len(table)}: {', '.join(by_labeller)}.")
    agreed = table[same].assign(label=table["first"])
    right = agreed.name == agreed.label
    recall = right.groupby(agreed.label).mean()
    plain = ((agreed.name == "solid") == (agreed.label == "solid")).mean()
    either = (right | (agreed.runner_up == agreed.label)).mean()
    print(f"Where they agree: accuracy {right.mean():.3f}, balanced {recall.mean():.3f};")
    print(f"plain or patterned {plain:.3f}; right or runner-up {either:.3f};")
    by_source = right.groupby(agreed.source).agg(["mean", "size"])
    print(
        "; ".join(f"{name} {part['mean']:.3f} of {part['size']:.0f}" for name, part in by_source.iterrows())
        + "."
    )
    print(f"Median {table.ms.median():.0f} ms a garment.\n")
    print(confusion(agreed), reliability(agreed), sep="\n\n")


if __name__ == "__main__":
    main()
