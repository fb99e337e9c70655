"""What outfits that were changed (`ewardrobe dataset restyle`) are worth in training: with them and without.

    python benchmarks/restyle_augmentation.py outfits --data DATA --runs runs/restyle-augmentation
    python benchmarks/restyle_augmentation.py train --data DATA --runs runs/restyle-augmentation
    python benchmarks/restyle_augmentation.py report --data DATA --runs runs/restyle-augmentation

`train` needs the extra `train`. The default model's kind of network (EfficientNet-Lite0 with a feature pyramid, from
ImageNet's weights) learns the 17 classes from a tenth of People Clothing's training photos at 192 x 128, 250 steps of
eight, with the usual flips, rotation, scale and colour jitter; other photos for each of the three seeds. In the second
arm half of the draws are four changed outfits of the same photos, in the third nine in ten. `report` scores every run
on People Clothing's validation photos and on Fashionista, keeps the scores beside the run, and prints Markdown: the
mean over the seeds and their standard deviation, and the gain over the photos alone, seed by seed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from timing import grid

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "people-clothing-lite-fpn.yaml"
SMALL = (
    "taxonomy=wardrobe",
    "about=Trained with and without changed outfits, to compare them.",
    "model={variant: 0, width: 96, weights: imagenet}",
    "data.height=192",
    "data.width=128",
    "training.epochs=1",
    "training.freeze_norms=false",
    "training.ema=0.99",
)
SHARE = 0.1
PER_PHOTO = 4
ARMS = {"photos alone": None, "half of them in other outfits": 1.0, "nine in ten in other outfits": 9.0}
"""By arm: how often a changed outfit is drawn for each time a photo is."""
SEEDS = (0, 1, 2)
SETS = {"ccp": "val", "fashionista_val": None}
SCORES = {"garment_miou": "garment mIoU", "foreground_iou": "foreground IoU", "pixel_accuracy": "pixels"}
PROGRAM = "import sys; from ewardrobe.cli import main; sys.exit(main())"


def command(*words: object) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM, *map(str, words)], check=True)


def folder(runs: Path, arm: str, seed: int) -> Path:
    return runs / f"{list(ARMS).index(arm)}-{seed}"


def outfits(options: argparse.Namespace) -> None:
    """For each seed its photos, and their outfits, as datasets."""
    for seed in range(options.seeds):
        photos = options.runs / f"photos-{seed}"
        if not (photos / "dataset.json").exists():
            taken = ("--split", "train", "--fraction", SHARE, "--seed", seed, "--to", "label-maps")
            command("dataset", "subset", options.data / "ccp", photos, *taken)
        changed = options.runs / f"outfits-{seed}"
        if not (changed / "dataset.json").exists():
            asked = ("--per-photo", PER_PHOTO, "--seed", seed, "--out", changed, "--jobs", options.jobs)
            command("dataset", "restyle", photos, *asked)


def train(options: argparse.Namespace) -> None:
    for seed in range(options.seeds):
        for arm, often in ARMS.items():
            run = folder(options.runs, arm, seed)
            if (run / "model.onnx").exists():
                continue
            sources = [f"{{path: {options.runs.resolve() / f'photos-{seed}'}}}"]
            if often is not None:
                changed = options.runs.resolve() / f"outfits-{seed}"
                sources.append(f"{{path: {changed}, weight: {often / PER_PHOTO}}}")
            keys = [*SMALL, f"data.train=[{', '.join(sources)}]", f"training.seed={seed}"]
            keys.append(f"training.steps={options.steps}")
            command("train", CONFIG, *keys, "--data", options.data, "--run", run, "--threads", 1)


def scores_of(run: Path, data: Path, limit: int | None) -> dict[str, dict[str, float]]:
    """A run's scores by dataset; read from beside the run where they are there."""
    kept = run / "scores-worn.json"
    if kept.exists():
        return json.loads(kept.read_text())
    from ewardrobe.datasets import open_dataset
    from ewardrobe.evaluation import evaluate
    from ewardrobe.segmentation import Segmenter

    segmenter = Segmenter(run / "model.onnx", threads=1)
    found = {}
    for name, split in SETS.items():
        dataset = open_dataset(data / name, split=split)
        report = evaluate(
            segmenter, dataset if limit is None else dataset.take(limit), slices=False, resamples=10
        )
        found[name] = {key: report.scores[key].value for key in SCORES}
    kept.write_text(json.dumps(found))
    return found


def report(options: argparse.Namespace) -> None:
    found = {
        arm: [
            scores_of(folder(options.runs, arm, seed), options.data, options.limit)
            for seed in range(options.seeds)
        ]
        for arm in ARMS
    }
    for name in SETS:
        columns = {
            arm: np.array([[one[name][key] for key in SCORES] for one in scores])
            for arm, scores in found.items()
        }
        first = next(iter(columns.values()))
        rows = []
        for arm, values in columns.items():
            spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.full(len(SCORES), np.nan)
            means = [f"{mean:.3f} ± {sd:.3f}" for mean, sd in zip(values.mean(axis=0), spread, strict=True)]
            rows.append([arm, *means, " ".join(f"{gain:+.3f}" for gain in (values - first)[:, 0])])
        print(f"{name}:\n")
        print(grid(["trained on", *SCORES.values(), "garment mIoU against the photos alone, by seed"], rows))
        print()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("outfits", "train", "report"))
    parser.add_argument("--data", type=Path, default=os.environ.get("EWARDROBE_DATA", "../shared/data"))
    parser.add_argument("--runs", type=Path, default=Path("runs/restyle-augmentation"))
    parser.add_argument("--jobs", type=int, default=1, help="processes that change outfits")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="fewer, to try it")
    parser.add_argument("--steps", type=int, default=250, help="fewer, to try it")
    parser.add_argument("--limit", type=int, help="score so many photos only, to try it")
    options = parser.parse_args()
    options.data = Path(options.data).resolve()
    {"outfits": outfits, "train": train, "report": report}[options.what](options)


if __name__ == "__main__":
    main()
