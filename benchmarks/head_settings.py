"""Which settings of the heads' training are better, on the same cached features.

    EWARDROBE_DATA=... python benchmarks/head_settings.py [--cache runs/heads] [--model default]

Needs the extra `train`. Fits the heads with each of `TRIED` and prints, as Markdown, what part of the val rows each
question gets right, with the seconds that it took.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

from timing import grid

from ewardrobe.segmentation import resolve
from ewardrobe.training.head_examples import collect, joined
from ewardrobe.training.heads import Settings, scores, train_heads

NARROW = Settings(networks=4, hidden=256, epochs=24, rate=2e-3, input_dropout=0.2, hidden_dropout=0.4)
WIDE = Settings(networks=3, hidden=512, epochs=60, rate=3e-3, input_dropout=0.1, hidden_dropout=0.5)

TRIED = {
    "narrow, 24 epochs": NARROW,
    "wide, 24 epochs": replace(WIDE, epochs=24),
    "wide, 60 epochs": WIDE,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("EWARDROBE_DATA", "../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/heads"))
    parser.add_argument("--model", default="default")
    parser.add_argument("--jobs", type=int, default=2, help="processes that compute features")
    parser.add_argument("--limit", type=int, help="photos of each set and split, for a trial")
    options = parser.parse_args()
    model = resolve(options.model)
    examples = joined(
        collect(Path(options.data), model, cache=options.cache, jobs=options.jobs, limit=options.limit)
    )
    rows, names = [], ["settings"]
    for name, settings in TRIED.items():
        start = time.perf_counter()
        heads = train_heads(examples, model, settings)
        seconds = time.perf_counter() - start
        found = scores(heads, examples)
        names = ["settings", *found, "seconds"]
        rows.append([name, *(f"{value:.3f}" for value in found.values()), f"{seconds:.0f}"])
    print(grid(names, rows))


if __name__ == "__main__":
    main()
