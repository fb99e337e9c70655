"""Fit the pattern network on the labelled training garments and on rendered ones; writes `attributes/data/pattern.npz`.

    EWARDROBE_DATA=... python benchmarks/fit_pattern.py [--rendered 600] [--cache FILE]

Confidences are calibrated by five-fold cross-validation over the labelled training garments; the test garments are not
read here.
"""

from __future__ import annotations

import argparse
import pickle
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pattern_photos import PatternPhoto, pattern_photos
from rendered_patterns import PATTERNS as RENDERED
from rendered_patterns import render
from texture_training import balanced, cross_validated, save, sharpness, train

from ewardrobe.attributes.pattern import PATTERNS
from ewardrobe.attributes.texture import texture_features

Floats = npt.NDArray[np.float64]

RENDERED_WEIGHT = 0.5  # of a rendered garment against a photographed one
BALANCE = 0.6


def rendered(plain: list[PatternPhoto], count: int) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Measures and labels of patterns rendered onto plain training garments, every kind equally often."""
    rng, features, labels = np.random.default_rng(0), [], []
    for number in range(count):
        pattern = list(RENDERED)[number % len(RENDERED)]
        for _ in range(6):
            photo = plain[int(rng.integers(len(plain)))]
            drawn = render(photo.pixels, photo.mask, pattern, rng)
            if pattern != "graphic" or _shows(drawn, photo.mask):
                break
        features.append(texture_features(drawn, photo.mask))
        labels.append(PATTERNS.index(pattern))
    return np.array(features, float), np.array(labels)


def _shows(drawn: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> bool:
    """Whether a drawn picture lies on the visible cloth and does not cover it."""
    away = np.abs(drawn[mask].astype(int) - np.median(drawn[mask], axis=0)).max(axis=1) > 45
    return bool(0.03 < away.mean() < 0.4)


def data(cache: Path | None, count: int) -> tuple[Floats, npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Measures, labels, and which of them are of real patterns."""
    if cache and cache.exists():
        return pickle.loads(cache.read_bytes())
    photos = list(pattern_photos(held_out=False))
    seen = np.array([texture_features(photo.pixels, photo.mask) for photo in photos], float)
    said = np.array([PATTERNS.index(photo.pattern) for photo in photos])
    drawn, kinds = rendered([photo for photo in photos if photo.pattern == "solid"], count)
    found = (
        np.vstack([seen, drawn]),
        np.concatenate([said, kinds]),
        np.arange(len(seen) + len(drawn)) < len(seen),
    )
    if cache:
        cache.write_bytes(pickle.dumps(found))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rendered", type=int, default=780, help="how many rendered garments to add")
    parser.add_argument("--cache", type=Path, help="keep the measures in this file between runs")
    options = parser.parse_args()
    features, labels, real = data(options.cache, options.rendered)
    weights = balanced(labels, len(PATTERNS), balance=BALANCE, weights=np.where(real, 1.0, RENDERED_WEIGHT))
    likely = cross_validated(features, labels, weights, PATTERNS, real)
    power = sharpness(likely, labels[real])
    right = likely.argmax(axis=1) == labels[real]
    each = np.bincount(labels[real], right) / np.bincount(labels[real])
    print(f"cross-validated: accuracy {right.mean():.3f}, balanced {each.mean():.3f}; sharpness {power:.2f}")
    save(train(features, labels, weights, PATTERNS), "pattern", power)


if __name__ == "__main__":
    main()
