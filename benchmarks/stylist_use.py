"""Does the stylist learn what an owner likes, and how long does a suggestion take?

    python benchmarks/stylist_use.py [--garments 10000]

Made-up owners with a plain rule vote on the first outfits they are shown; then: the part of 36 further outfits, from
other seeds, that the rule likes, and in brackets how many of these differ. The wardrobes are random: 80 garments, some
colours more often than others. Time is that of this process (CPU), beside reading the same garments with `find`. Prints
Markdown.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from serve_wardrobe import fill

from ewardrobe.stylist import Day, Stylist, Suggestion, pack
from ewardrobe.wardrobe import Wardrobe

MAY = date(2026, 5, 4)
TYPES = (
    "shirt", "t-shirt", "sweater", "blouse", "jeans", "trousers", "skirt", "dress", "jacket", "coat", "sneakers",
    "boots",
)  # fmt: skip
COLOURS = (
    "black",
    "white",
    "grey",
    "navy",
    "blue",
    "beige",
    "brown",
    "red",
    "green",
    "pink",
    "olive",
    "yellow",
)
OFTEN = (6, 5, 4, 4, 4, 3, 2, 2, 2, 2, 2, 1)
VOTES = (0, 9, 30, 90)
Likes = Callable[[Suggestion], bool]


def colours(outfit: Suggestion) -> set[str | None]:
    return {item.colour for item in outfit.garments.values()}


OWNERS: dict[str, Likes] = {
    "no black": lambda outfit: "black" not in colours(outfit),
    "something colourful": lambda outfit: bool(colours(outfit) & {"red", "green", "pink", "yellow", "blue"}),
    "one colour at most beside black, white and grey": lambda outfit: (
        len(colours(outfit) - {"black", "white", "grey"}) <= 1
    ),
    "no jeans": lambda outfit: all(item.type != "jeans" for item in outfit.garments.values()),
    "skirts and dresses": lambda outfit: any(
        item.type in ("skirt", "dress") for item in outfit.garments.values()
    ),
    "no patterns": lambda outfit: all(item.pattern == "solid" for item in outfit.garments.values()),
}


def liked(stylist: Stylist, likes: Likes) -> str:
    """The part of outfits from seeds nobody voted on that the owner likes, and how many of them differ."""
    shown = [outfit for seed in range(1000, 1012) for outfit in stylist.suggest(Day(MAY), seed=seed).outfits]
    part = statistics.mean(likes(outfit) for outfit in shown)
    return f"{part:.0%} ({len({frozenset(outfit.ids) for outfit in shown})})"


def learning() -> None:
    print(
        f"| The owner likes | {' | '.join(f'{count} votes' for count in VOTES)} |\n|---|{'---|' * len(VOTES)}"
    )
    for number, (name, likes) in enumerate(OWNERS.items()):
        chance, cells = random.Random(number), []
        with tempfile.TemporaryDirectory() as folder, Wardrobe.open(folder) as wardrobe:
            for kind in (*TYPES, *chance.choices(TYPES, k=68)):
                pattern = chance.choice(("solid", "solid", "solid", "striped"))
                wardrobe.new(type=kind, colour=chance.choices(COLOURS, OFTEN)[0], pattern=pattern)
            stylist, cast, seed = Stylist(wardrobe), 0, 0
            for count in VOTES:
                while cast < count:
                    for outfit in stylist.suggest(Day(MAY), seed=seed).outfits[: count - cast]:
                        stylist.vote(outfit.ids, likes(outfit))
                        cast += 1
                    seed += 1
                cells.append(liked(stylist, likes))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def speed(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), count)
        with Wardrobe.open(folder) as wardrobe:
            stylist = Stylist(wardrobe)
            week = [Day(MAY, temperature=12)] * 7
            tasks: dict[str, Callable[[int], object]] = {
                "all garments through `find`": lambda _: wardrobe.find(),
                "three outfits": lambda seed: stylist.suggest(Day(MAY, temperature=12), seed=seed),
                "a week's packing list": lambda seed: pack(wardrobe, week, seed=seed),
            }
            print(f"\n| {count} garments | CPU seconds, median of 5 |\n|---|---|")
            for name, task in tasks.items():
                times = []
                for seed in range(5):
                    start = time.process_time()
                    task(seed)
                    times.append(time.process_time() - start)
                print(f"| {name} | {statistics.median(times):.2f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--garments", type=int, default=10_000)
    options = parser.parse_args()
    learning()
    speed(options.garments)
