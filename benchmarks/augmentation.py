"""What augmentation is worth: one network, few photos, four ways of changing them, three seeds each.

    python benchmarks/augmentation.py train --data DATA --runs runs/augmentation
    python benchmarks/augmentation.py report --runs runs/augmentation

Needs the extra `train`. EfficientNet-Lite0 with a feature pyramid, from ImageNet's weights, learns the 59 tags from a
tenth of People Clothing's training photos at 192 x 128, 250 steps of eight (26 times each photo), as
`configs/people-clothing-lite-fpn.yaml` does otherwise. A run is validated once, at its end: no best moment is picked.
`report` prints Markdown: the mean over the seeds and their standard deviation.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from timing import grid

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "people-clothing-lite-fpn.yaml"
SMALL = (
    "model={variant: 0, width: 96, weights: imagenet}",
    "data.height=192",
    "data.width=128",
    "data.share=0.1",
    "training.steps=250",
    "training.epochs=1",
    "training.freeze_norms=false",
    "training.ema=0.99",
)
OFF = "augmentation.scale=[1, 1]"
ARMS = {
    "none": ("augmentation.strength=0",),
    "flips": (OFF, "augmentation.flip=0.5", "augmentation.rotate=0", "augmentation.colour=0"),
    "flips, rotation and colour": (OFF, "augmentation.rotate=10", "augmentation.colour=0.25"),
    "flips, rotation, colour and copy-paste": (
        OFF,
        "augmentation.rotate=10",
        "augmentation.colour=0.25",
        "augmentation.copy_paste=0.3",
    ),
}
SEEDS = (0, 1, 2)
SCORES = {"pixel_accuracy": "pixels", "foreground_iou": "foreground IoU", "miou": "mIoU of the 59"}
PROGRAM = "import sys; from ewardrobe.cli import main; sys.exit(main())"


def folder(runs: Path, arm: str, seed: int) -> Path:
    return runs / f"{list(ARMS).index(arm)}-{seed}"


def train(options: argparse.Namespace) -> None:
    for seed in SEEDS:
        for arm, keys in ARMS.items():
            run = folder(options.runs, arm, seed)
            if (run / "model.safetensors").exists():
                continue
            arguments = [str(CONFIG), *SMALL, *keys, f"training.seed={seed}"]
            arguments += ["--data", str(options.data), "--run", str(run), "--threads", "1", "--no-export"]
            subprocess.run([sys.executable, "-c", PROGRAM, "train", *arguments], check=True)


def validated(run: Path) -> dict[str, float]:
    """The scores of a run's one validation."""
    with (run / "metrics.csv").open(newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["val/miou"]]
    return {name: float(lines[-1][f"val/{name}"]) for name in SCORES}


def report(options: argparse.Namespace) -> None:
    rows = []
    for arm in ARMS:
        scores = [validated(folder(options.runs, arm, seed)) for seed in SEEDS]
        columns = {name: np.array([one[name] for one in scores]) for name in SCORES}
        rows.append(
            [arm, *(f"{values.mean():.3f} ± {values.std(ddof=1):.3f}" for values in columns.values())]
        )
    print(grid(["augmentation", *SCORES.values()], rows))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("train", "report"))
    parser.add_argument("--data", type=Path, default=os.environ.get("EWARDROBE_DATA", "../shared/data"))
    parser.add_argument("--runs", type=Path, default=Path("runs/augmentation"))
    options = parser.parse_args()
    {"train": train, "report": report}[options.what](options)


if __name__ == "__main__":
    main()
