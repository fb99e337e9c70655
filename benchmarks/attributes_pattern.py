"""How good `pattern_of` is on the 300 test garments of `data/patterns.csv`, labelled twice; nothing is fitted on them.

    EWARDROBE_DATA=... python benchmarks/attributes_pattern.py

Prints Markdown: accuracy and balanced accuracy, the confusion matrix, reliability, and how far the two passes agreed.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from pattern_photos import pattern_photos, rows

from ewardrobe.attributes.pattern import PATTERNS, pattern_of


def measured() -> pd.DataFrame:
    """One row per test garment: source, label, name, confidence, ms."""
    found = []
    for photo in pattern_photos(held_out=True):
        start = time.perf_counter()
        value = pattern_of(photo.pixels, photo.mask)
        spent = (time.perf_counter() - start) * 1000
        source = photo.key.split(":")[0]
        found.append((source, photo.pattern, value.name, value.runner_up, value.confidence, spent))
    return pd.DataFrame(found, columns=["source", "label", "name", "second", "confidence", "ms"])


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
    right = table.name == table.label
    recall = right.groupby(table.label).mean()
    plain = ((table.name == "solid") == (table.label == "solid")).mean()
    print(f"Accuracy {right.mean():.3f} on {len(table)} garments; balanced {recall.mean():.3f};")
    print(
        f"plain or patterned {plain:.3f}; right or runner-up {(right | (table.second == table.label)).mean():.3f};"
    )
    by_source = right.groupby(table.source).agg(["mean", "size"])
    print(
        "; ".join(f"{name} {part['mean']:.3f} of {part['size']:.0f}" for name, part in by_source.iterrows())
        + "."
    )
    twice = [row for row in rows() if row["set"] == "test"]
    same = np.mean([row["first"] == row["second"] for row in twice])
    print(
        f"The two passes agree on {same:.3f} of {len(twice)}. Median {table.ms.median():.0f} ms a garment.\n"
    )
    print(confusion(table), reliability(table), sep="\n\n")


if __name__ == "__main__":
    main()
