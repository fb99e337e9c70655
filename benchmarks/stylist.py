"""Do garments that were worn together score higher than garments that were not?

    EWARDROBE_DATA=... python benchmarks/stylist.py [--cache runs/worn.pkl] [--write]

Each outfit of an annotated street photo (Clothing Co-Parsing) against itself with garments exchanged:
`same class`: one garment for one of its class from another photo, so that which classes go together is not the answer;
`same class, same light`: only from the photos most alike in light;
`any`: every garment from any photo, whatever its class: the easy version.
`relit`: not exchanged at all, but described after the photo was turned to another photo's light: a score that sees no
light has AUC 0.5 here.
AUC over pairs (outfit, its changed copies), with a bootstrap 95 % interval over photos. Weights are fitted on the
training photos, figures are taken on the others. `--write` puts the fitted weights into the package. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
from worn_together import CLASSES, Worn, outfits, worn

from ewardrobe.stylist.learning import fit_logistic
from ewardrobe.stylist.pairing import COLOUR_FEATURES
from ewardrobe.stylist.scoring import LOOK_FEATURES, Scorer
from ewardrobe.stylist.slots import SLOTS, slot_of
from ewardrobe.stylist.traits import Traits
from ewardrobe.stylist.weights import HAND_SET, WEIGHTS

Floats = npt.NDArray[np.float64]
Outfit = list[Worn]
Embed = Callable[[Sequence[Outfit]], Floats]

COPIES = 10
NEAREST = 0.1  # part of the other photos that count as alike in light
SPREAD = 0.4  # how far the evidence may lead from weights set by hand
FREE_SPREAD = 0.5  # and from none, in standard deviations of a feature
FOLDS = 5
COLOURS = (*COLOUR_FEATURES, "further hues")
CHUNK = 24


class Garment:
    """What `Traits.of` asks of a garment."""

    def __init__(self, item: Worn) -> None:
        self.label, self.type, self.style = item.label, item.type, item.style
        self.pattern, self.colour, self.colours = item.pattern, item.look.colour, item.look.colours


def changed(photos: Sequence[Outfit], how: str, rng: np.random.Generator) -> list[tuple[int, Outfit]]:
    """`COPIES` changed copies of each outfit, with the outfit's number."""
    pool = [(number, item) for number, outfit in enumerate(photos) for item in outfit]
    by_label = {label: [pair for pair in pool if pair[1].label == label] for label in CLASSES}
    lights = np.stack([outfit[0].light for outfit in photos])
    lights = (lights - lights.mean(axis=0)) / lights.std(axis=0)
    found = []
    for number, outfit in enumerate(photos):
        away = np.square(lights - lights[number]).sum(axis=1)
        near = set(np.argsort(away)[1 : 1 + round(NEAREST * len(photos))].tolist())
        for _ in range(COPIES):
            copy = list(outfit)
            if how == "relit":
                copy_at = int(rng.integers(len(copy)))
                copy[copy_at] = replace(copy[copy_at], look=copy[copy_at].relit)
            elif how == "any":
                picks = rng.choice(len(pool), len(copy), replace=False)
                copy = [pool[pick][1] for pick in picks]
            else:
                at = int(rng.integers(len(copy)))
                choices = [
                    item
                    for other, item in by_label[copy[at].label]
                    if other != number and (how != "light" or other in near)
                ]
                if not choices:
                    continue
                copy[at] = choices[int(rng.integers(len(choices)))]
            found.append((number, copy))
    return found


def ours(measured: bool = False, only: Sequence[str] | None = None) -> Embed:
    """The stylist's own features of the look; `measured` with colours as they were measured."""
    kept = np.array([only is None or name in only for name in LOOK_FEATURES])

    def embed(chosen: Sequence[Outfit]) -> Floats:
        parts = [chosen[start : start + CHUNK] for start in range(0, len(chosen), CHUNK)]
        return np.concatenate([_looks(part, measured) for part in parts]) * kept

    return embed


def _looks(chosen: Sequence[Outfit], measured: bool) -> Floats:
    items = [item for outfit in chosen for item in outfit]
    table = np.full((len(chosen), len(SLOTS)), -1, np.intp)
    row = 0
    for number, outfit in enumerate(chosen):
        for item in outfit:
            slot = slot_of(item.label, item.type)
            if slot is not None:
                table[number, SLOTS.index(slot)] = row
            row += 1
    scorer = Scorer(Traits.of([Garment(item) for item in items], measured=measured))
    return scorer.features(table)[:, : len(LOOK_FEATURES)]


def types_only(train: Sequence[Outfit]) -> Embed:
    """How much more often two tags are worn together than apart would explain (PMI), summed and meant over pairs."""
    pairs: Counter[tuple[str, str]] = Counter()
    single: Counter[str] = Counter()
    for outfit in train:
        tags = sorted(item.tag for item in outfit)
        single.update(tags)
        pairs.update(combinations(tags, 2))
    total = len(train)

    def embed(chosen: Sequence[Outfit]) -> Floats:
        rows = []
        for outfit in chosen:
            tags = sorted(item.tag for item in outfit)
            scores = [
                np.log((pairs[pair] + 1) * total / ((single[pair[0]] + 1) * (single[pair[1]] + 1)))
                for pair in combinations(tags, 2)
            ]
            rows.append([np.mean(scores), np.min(scores)])
        return np.array(rows)

    return embed


def spread_of(field: str) -> Embed:
    """How far a figure of the garments (or of their photos) lies apart within the outfit: mean and largest distance."""

    def embed(chosen: Sequence[Outfit]) -> Floats:
        rows = []
        for outfit in chosen:
            values = np.stack([getattr(item, field) for item in outfit])
            gaps = np.abs(values[:, None] - values[None])[np.triu_indices(len(outfit), 1)]
            rows.append(np.concatenate([gaps.mean(axis=0), gaps.max(axis=0)]))
        return np.array(rows)

    return embed


def fitted(embed: Embed, photos: Sequence[Outfit], how: str, mean: Floats | None = None) -> Floats:
    """Weights for an embedding, fitted on these photos from `mean`, else from 0; the last is the constant."""
    copies = changed(photos, how, np.random.default_rng(1))
    rows = np.concatenate([embed(photos), embed([copy for _, copy in copies])])
    rows = np.column_stack([rows, np.ones(len(rows))])
    liked = np.r_[np.ones(len(photos)), np.zeros(len(copies))]
    size = rows.shape[1]
    scale = np.r_[rows[:, :-1].std(axis=0), 1.0]
    start = np.zeros(size) if mean is None else np.r_[mean, 0.0]
    spread = np.where(scale > 0, SPREAD if mean is not None else FREE_SPREAD / np.maximum(scale, 1e-9), 0.0)
    spread[-1] = 10.0
    return fit_logistic(rows, liked, mean=start, spread=spread)


def score(embed: Embed, weights: Floats, photos: Sequence[Outfit], how: str) -> tuple[float, float, float]:
    """AUC within each photo's pairs and its 95 % interval over photos."""
    return _interval(_won(embed, weights, photos, how))


def cross_validated(
    embed: Embed, photos: Sequence[Outfit], how: str, mean: Floats
) -> tuple[float, float, float]:
    """The same over all photos, each scored with weights fitted on the other folds."""
    folds = np.random.default_rng(0).integers(0, FOLDS, len(photos))
    won: list[float] = []
    for fold in range(FOLDS):
        others = [outfit for outfit, its in zip(photos, folds, strict=True) if its != fold]
        held = [outfit for outfit, its in zip(photos, folds, strict=True) if its == fold]
        won += _won(embed, fitted(embed, others, "light", mean), held, how)
    return _interval(won)


def _won(embed: Embed, weights: Floats, photos: Sequence[Outfit], how: str) -> list[float]:
    """Per photo, the part of its changed copies that score lower than itself."""
    copies = changed(photos, how, np.random.default_rng(2))
    own, others = embed(photos), embed([copy for _, copy in copies])
    weights = weights[: own.shape[1]]
    wins: dict[int, list[float]] = {}
    # Rounded, so that a copy that differs in nothing seen is a tie, and not won by the order of a sum.
    mine_all, values = np.round(own @ weights, 9), np.round(others @ weights, 9)
    for (number, _), value in zip(copies, values, strict=True):
        mine = mine_all[number]
        wins.setdefault(number, []).append(float(mine > value) + 0.5 * float(mine == value))
    return [float(np.mean(part)) for part in wins.values()]


def _interval(won: Sequence[float]) -> tuple[float, float, float]:
    means = np.array(won)
    draws = np.random.default_rng(0).choice(means, (2000, len(means))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(means.mean()), float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path("runs/worn.pkl"))
    parser.add_argument("--write", action="store_true", help="put the weights into the package")
    options = parser.parse_args()
    data = Path(os.environ.get("EWARDROBE_DATA", "../shared/data"))
    found = worn(data, options.cache)
    train, val = outfits(found, "train"), outfits(found, "val")
    print(f"{len(train)} training outfits, {len(val)} held out, {sum(map(len, val))} garments in these\n")
    hand = np.array([HAND_SET.get(name, 0.0) for name in LOOK_FEATURES])
    coloured = np.array([name in COLOURS for name in LOOK_FEATURES])
    colours, rest = ours(only=COLOURS), ours(only=tuple(np.array(LOOK_FEATURES)[~coloured]))
    whole, exact, tags = ours(), ours(measured=True), types_only(train)
    everything = fitted(whole, train, "light", hand)
    if options.write:
        write(everything)
        return
    light = fitted(colours, train, "light", hand * coloured)
    shade, lamps = spread_of("shade"), spread_of("light")
    shipped = np.array([WEIGHTS[name] for name in LOOK_FEATURES])
    rows: list[tuple[str, Embed, Callable[[str], Floats]]] = [
        ("**stylist, as shipped**", whole, lambda how: shipped),
        ("hand-set weights", whole, lambda how: hand),
        ("colours alone, fitted", colours, lambda how: light),
        (
            "no colours: pattern, formality, warmth",
            rest,
            lambda how: fitted(rest, train, how, hand * ~coloured),
        ),
        (
            "measured colours instead of their names, fitted",
            exact,
            lambda how: fitted(exact, train, how, hand),
        ),
        ("control: the annotators' tags alone", tags, lambda how: fitted(tags, train, how)),
        ("control: brightness and contrast of the garments", shade, lambda how: fitted(shade, train, how)),
        ("control: the light of the garments' photos", lamps, lambda how: fitted(lamps, train, how)),
    ]
    everywhere = [*train, *val]
    for how in ("same", "light"):
        value, low, high = cross_validated(whole, everywhere, how, hand)
        print(
            f"as shipped, {FOLDS}-fold over all {len(everywhere)} outfits, {how}: {value:.3f} ({low:.3f}-{high:.3f})"
        )
    print()
    hows = {"same": "same class", "light": "same class, same light", "any": "any", "relit": "relit"}
    print(f"| | {' | '.join(hows.values())} |\n|---|{'---|' * len(hows)}")
    for title, embed, weights in rows:
        cells = []
        for how in hows:
            if how == "relit" and title.startswith("control"):
                cells.append("")  # none of these was computed anew
                continue
            chosen = weights("light" if how == "relit" else how)
            value, low, high = score(embed, chosen, val, how)
            cells.append(f"{value:.3f} ({low:.3f}-{high:.3f})")
        print(f"| {title} | {' | '.join(cells)} |", flush=True)
    print("\n| Feature | hand-set | shipped |\n|---|---|---|")
    for name, *values in zip(LOOK_FEATURES, hand, shipped, strict=True):
        print(f"| {name} | {' | '.join(f'{value:+.2f}' for value in values)} |")


def write(weights: Floats) -> None:
    """Put the weights into the package; the last is the constant."""
    path = Path(__file__).parents[1] / "src/ewardrobe/stylist/data/look.json"
    kept = {name: round(float(value), 3) for name, value in zip(LOOK_FEATURES, weights, strict=False)}
    about = "Weights of `LOOK_FEATURES`, written by benchmarks/stylist.py --write."
    path.write_text(json.dumps({"schema_version": 1, "about": about, "weights": kept}, indent=1) + "\n")


if __name__ == "__main__":
    main()
