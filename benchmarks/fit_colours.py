"""Fit the colour vocabulary on the training half of the shop photos; writes `attributes/data/colours.json` back.

    EWARDROBE_DATA=... python benchmarks/fit_colours.py [--balance-only]

The likelihood of the labels' names is maximised, for photos and, so that names with few or no photos keep their place,
for points around each name's anchors. Labels are wrong often, so each costs a bounded amount. Then the names' offsets
are balanced: the likelihood spreads in-between names such as charcoal too widely, since they count for two labels.
"""

from __future__ import annotations

import argparse
import json
import pickle
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from product_photos import NOT_ONE_COLOUR, products

from ewardrobe.attributes.colours import clusters
from ewardrobe.attributes.perceptual import oklab_from_srgb

Floats = npt.NDArray[np.float64]

FILE = Path(__file__).parents[1] / "src" / "ewardrobe" / "attributes" / "data" / "colours.json"
LOWER = np.tril_indices(3)
START_FACTOR = np.array([[9.0, 0.0, 0.0], [0.0, 26.0, 0.0], [0.0, 0.0, 26.0]])
JITTER = np.array([0.03, 0.012, 0.012])
RARE = 0.35  # a label weighs as its count to the power 1 - RARE
SYNONYM = 0.7  # what a stated name earns that is another label's own
PULL = 5.0  # how strongly the densities are drawn back to where they start
WRONG = 0.05  # part of the labels that say nothing
SLOTS = 4
CLOSEST = 0.3  # in balancing, what the closest name earns above a synonym
MOVED = 2.0  # in balancing, the photos that an offset moved by 1 must win
BALANCE_STEPS = (-0.8, -0.4, -0.2, 0.2, 0.4, 0.8)


@dataclass
class Densities:
    """The parameters of K Gaussians: means (K, 3), lower factors (K, 3, 3), offsets (K,)."""

    means: Floats
    factors: Floats
    offsets: Floats

    def posterior(self, points: Floats) -> tuple[Floats, Floats]:
        """p(part | point) (N, K), and the differences to the means (N, K, 3)."""
        apart = points[:, None] - self.means
        steps = np.einsum("kij,nkj->nki", self.factors, apart)
        scores = self.offsets - 0.5 * np.square(steps).sum(axis=2)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True), apart

    def gradient(self, apart: Floats, pull: Floats) -> Densities:
        """The gradient of sum(pull * logit) for pull (N, K)."""
        moments = np.einsum("nk,nki,nkj->kij", pull, apart, apart)
        means = np.einsum("kli,klj,kj->ki", self.factors, self.factors, np.einsum("nk,nkj->kj", pull, apart))
        factors = np.tril(-np.einsum("kij,kjl->kil", self.factors, moments))
        return Densities(means, factors, pull.sum(axis=0))


@dataclass
class Lesson:
    """What is learned from: points (B, SLOTS, 3), their shares, the parts that are right (B, K), weights (B,)."""

    points: Floats
    shares: Floats
    right: Floats
    weights: Floats

    def gradient(self, model: Densities, rows: npt.NDArray[np.intp], power: float) -> tuple[float, Densities]:
        """The mean loss over some rows and its gradient."""
        shares = self.shares[rows] ** power
        shares /= shares.sum(axis=1, keepdims=True)
        points = self.points[rows].reshape(-1, 3)
        right = np.repeat(self.right[rows], self.shares.shape[1], axis=0)
        parts, apart = model.posterior(points)
        agreed_each = (parts * right).sum(axis=1)
        agreed = (1 - WRONG) * (agreed_each.reshape(shares.shape) * shares).sum(axis=1) + WRONG / 30
        scale = -(1 - WRONG) * self.weights[rows] / agreed / len(rows)
        pull = (scale[:, None] * shares).reshape(-1, 1) * parts * (right - agreed_each[:, None])
        loss = float(-(self.weights[rows] * np.log(agreed)).mean())
        return loss, model.gradient(apart, pull)


def palettes(cache: Path | None, every: int) -> list[tuple[str, list[tuple[Floats, float]]]]:
    """(label, clusters) of every training photo with one colour."""
    if cache and cache.exists():
        return pickle.loads(cache.read_bytes())
    found = [
        (product.colour, clusters(product.pixels, product.mask))
        for product in products(held_out=False, every=every)
        if product.colour not in NOT_ONE_COLOUR
    ]
    if cache:
        cache.write_bytes(pickle.dumps(found))
    return found


def credits(document: dict[str, Any], label: str) -> dict[str, float]:
    """What each name earns for a label: 1 for the closest, and for narrower ones that no label is closest to.

    The other stated names earn `SYNONYM`: where people are divided between two labels, a name that stands for both
    (charcoal between black and grey) is the likeliest.
    """
    own = {rule["names"][0] for rule in document["labels"].values()}
    first, *others = document["labels"][label]["names"]
    return {first: 1.0, **{name: SYNONYM if name in own else 1.0 for name in others}}


def lessons(document: dict[str, Any], found: list, owner: npt.NDArray[np.intp]) -> Lesson:
    names = [entry["name"] for entry in document["names"]]
    labels = [label for label, _ in found]
    counts = {label: labels.count(label) for label in set(labels)}
    points, shares = np.zeros((len(found), SLOTS, 3)), np.full((len(found), SLOTS), 1e-12)
    right = np.zeros((len(found), len(owner)))
    for row, (label, groups) in enumerate(found):
        for column, (lab, share) in enumerate(sorted(groups, key=lambda group: -group[1])[:SLOTS]):
            points[row, column], shares[row, column] = lab, share
        for name, credit in credits(document, label).items():
            right[row, owner == names.index(name)] = credit
    weights = np.array([counts[label] ** -RARE for label in labels])
    return Lesson(points, shares, right, weights / weights.mean())


def fit(
    document: dict[str, Any], found: list, *, hold: float, steps: int
) -> tuple[Densities, npt.NDArray[np.intp]]:
    """The fitted densities and which name each belongs to; the same for the same input."""
    rng = np.random.default_rng(0)
    anchors = [(n, a) for n, entry in enumerate(document["names"]) for a in entry["anchors"]]
    owner = np.array([n for n, _ in anchors])
    start = Densities(
        oklab_from_srgb([a for _, a in anchors]),
        np.tile(START_FACTOR, (len(owner), 1, 1)),
        np.zeros(len(owner)),
    )
    model = Densities(start.means.copy(), start.factors.copy(), start.offsets.copy())
    photos = lessons(document, found, owner)
    places = np.repeat(start.means, 20, axis=0) + rng.normal(0, 1, (20 * len(owner), 3)) * JITTER
    kept = Lesson(
        places[:, None],
        np.ones((len(places), 1)),
        np.repeat(owner[:, None] == owner, 20, axis=0),
        np.ones(len(places)),
    )
    rates = {"means": 0.006, "factors": 0.8, "offsets": 0.05}
    scales = {"means": 0.08, "factors": 20.0, "offsets": 1.5}
    first = dict.fromkeys(rates, 0.0)
    second = dict.fromkeys(rates, 0.0)
    for step in range(1, steps + 1):
        loss, taught = photos.gradient(
            model, rng.integers(len(found), size=1024), document["settings"]["share_power"]
        )
        lost, held = kept.gradient(model, rng.integers(len(places), size=256), 1.0)
        for field in fields(Densities):
            name = field.name
            gradient = getattr(taught, name) + hold * getattr(held, name)
            gradient += PULL / len(found) * (getattr(model, name) - getattr(start, name)) / scales[name] ** 2
            first[name] = 0.9 * first[name] + 0.1 * gradient
            second[name] = 0.99 * second[name] + 0.01 * gradient**2
            rate = rates[name] * 0.5 * (1 + np.cos(np.pi * step / steps))
            move = first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.99**step)) + 1e-12)
            setattr(model, name, getattr(model, name) - rate * move)
        if step % 100 == 0:
            print(step, round(loss, 4), "anchors", round(lost, 4))
    return model, owner


def shipped(document: dict[str, Any]) -> tuple[Densities, npt.NDArray[np.intp]]:
    """The densities that the document holds, and which name each belongs to."""
    parts = [(n, part) for n, entry in enumerate(document["names"]) for part in entry["parts"]]
    factors = np.zeros((len(parts), 3, 3))
    factors[:, LOWER[0], LOWER[1]] = [part["factor"] for _, part in parts]
    means, offsets = (np.array([part[key] for _, part in parts]) for key in ("mean", "offset"))
    return Densities(means, factors, offsets), np.array([n for n, _ in parts])


def balance(document: dict[str, Any], model: Densities, owner: npt.NDArray[np.intp], found: list) -> None:
    """Move the offset of each name in turn while more photos get a name that is right, above all the closest."""
    names = [entry["name"] for entry in document["names"]]
    photos = lessons(document, found, owner)
    shares = photos.shares ** document["settings"]["share_power"]
    parts, _ = model.posterior(photos.points.reshape(-1, 3))
    each = (parts @ (owner[:, None] == np.arange(len(names)))).reshape(*shares.shape, -1)
    earned = np.zeros((len(found), len(names)))
    for row, (label, _) in enumerate(found):
        right = [names.index(name) for name in document["labels"][label]["names"]]
        earned[row, right] = 1.0
        earned[row, right[0]] += CLOSEST

    def won(moves: Floats) -> float:
        scores = each * np.exp(moves)
        weights = shares / scores.sum(axis=2)
        chosen = np.einsum("ns,nsk->nk", weights, scores).argmax(axis=1)
        return float(earned[np.arange(len(found)), chosen].sum() - MOVED * np.abs(moves).sum())

    moves = np.zeros(len(names))
    best = won(moves)
    for _ in range(3):
        for name, step in ((n, step) for n in range(len(names)) for step in BALANCE_STEPS):
            trial = moves.copy()
            trial[name] += step
            if (result := won(trial)) > best:
                moves, best = trial, result
    model.offsets += moves[owner]
    print({name: round(float(move), 1) for name, move in zip(names, moves, strict=True) if move})


def write(document: dict[str, Any], model: Densities, owner: npt.NDArray[np.intp]) -> None:
    """Put the parts back into the document, rounded, and the file back on the disk."""
    for number, entry in enumerate(document["names"]):
        mine = np.flatnonzero(owner == number)
        entry["parts"] = [
            {
                "mean": model.means[part].round(4).tolist(),
                "factor": model.factors[part][LOWER].round(3).tolist(),
                "offset": round(float(model.offsets[part]), 4),
            }
            for part in mine
        ]
        entry["swatch"] = entry["anchors"][0]
    FILE.write_text(json.dumps(document, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--hold", type=float, default=0.5, help="how much the anchors weigh against the photos"
    )
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--every", type=int, default=1, help="take every n-th photo")
    parser.add_argument("--cache", type=Path, help="keep the palettes in this file between runs")
    parser.add_argument("--balance-only", action="store_true", help="keep the densities, move their offsets")
    options = parser.parse_args()
    document = json.loads(FILE.read_text())
    found = palettes(options.cache, options.every)
    if options.balance_only:
        model, owner = shipped(document)
    else:
        model, owner = fit(document, found, hold=options.hold, steps=options.steps)
    balance(document, model, owner, found)
    write(document, model, owner)


if __name__ == "__main__":
    main()
