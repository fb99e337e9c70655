"""What a training step of a config costs, and from it the whole schedule.

    python benchmarks/step_time.py [configs/NAME.yaml ...] [--steps 3] [--set key=value]

Needs the extra `train` (and `yolo`, `rfdetr` for configs of those). Each config runs in a process of its own for a few
steps at its own canvas and batch, on generated photos of the canvas's size, on one thread and without loader
processes: a step's CPU time holds all that it costs, its photos included, and hardly depends on what else the machine
does. The first step is not counted. GFLOPs are of convolutions and matrix products, forward and backward (a
multiplication and an addition are two), as PyTorch counts them. Memory is the process's peak; the photos that
`data.cache` keeps of a whole dataset come on top. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from timing import grid

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
PHOTOS = 16
GARMENTS = 3
HEADER = (
    "config",
    "canvas",
    "batch",
    "CPU s a step",
    "GFLOPs a step",
    "peak GB",
    "steps",
    "CPU hours in all",
    "PFLOPs in all",
)


def write_photos(folder: Path, taxonomy: str, height: int, width: int) -> None:
    """A label-map dataset of photos with boxes of random classes; splits `train` and, of one photo, `val`."""
    import numpy as np
    from PIL import Image

    from ewardrobe import taxonomy as taxonomies

    random = np.random.default_rng(0)
    classes = taxonomies.load(taxonomy).garments
    for name in ("photos", "labels"):
        (folder / name).mkdir(parents=True)
    for number in range(PHOTOS):
        labels = np.zeros((height, width), np.uint8)
        noise = random.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
        for _ in range(GARMENTS):
            top, left = random.integers(0, height * 2 // 3), random.integers(0, width * 2 // 3)
            labels[top : top + height // 3, left : left + width // 3] = random.choice(classes)
        photo = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
        photo.save(folder / "photos" / f"{number:02}.jpg", quality=90)
        Image.fromarray(labels).save(folder / "labels" / f"{number:02}.png")
    names = [f"{number:02}" for number in range(PHOTOS)]
    (folder / "train.txt").write_text("\n".join(names) + "\n")
    (folder / "val.txt").write_text(names[0] + "\n")
    (folder / "dataset.json").write_text(json.dumps({"taxonomy": taxonomy, "kind": "worn"}))


def measure(path: Path, overrides: list[str], steps: int) -> dict[str, Any]:
    """Run `steps` steps of the config and one before them."""
    import lightning as L
    from torch.utils.flop_counter import FlopCounterMode

    from ewardrobe.training.config import load_config
    from ewardrobe.training.running import train

    class Clock(L.Callback):
        """CPU time at the end of each batch; the first one's floating point operations."""

        def __init__(self) -> None:
            self.times: list[float] = []
            self.counter = FlopCounterMode(display=False)

        def on_train_batch_start(self, trainer: L.Trainer, *_: Any) -> None:
            if not self.times:
                self.counter.__enter__()

        def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
            if not self.times:
                self.counter.__exit__(None, None, None)
            self.times.append(time.process_time())

    config = load_config(path, overrides)
    data, training = config.data, config.training
    with tempfile.TemporaryDirectory() as folder:
        write_photos(Path(folder) / "made", config.taxonomy, data.height, data.width)
        few = [
            *overrides,
            "data.train=[{path: made, split: train}]",
            "data.validation=[{path: made, split: val}]",
            "data.workers=0",
            f"training.steps={-(-(1 + steps) // training.accumulate)}",
            "training.epochs=1",
            "training.threads=1",
        ]
        clock = Clock()
        train(
            load_config(path, few),
            Path(folder) / "run",
            data=Path(folder),
            progress=False,
            callbacks=[clock],
            export=False,
        )
    seconds = (clock.times[-1] - clock.times[0]) / (len(clock.times) - 1) * training.accumulate
    return {
        "config": path.stem,
        "canvas": f"{data.height}x{data.width}",
        "batch": data.batch_size * training.accumulate,
        "seconds": seconds,
        "gflops": clock.counter.get_total_flops() * training.accumulate / 1e9,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "steps": training.steps,
    }


def row(found: dict[str, Any]) -> list[str]:
    hours = found["steps"] * found["seconds"] / 3600
    return [
        found["config"],
        found["canvas"],
        str(found["batch"]),
        f"{found['seconds']:.1f}",
        f"{found['gflops']:.0f}",
        f"{found['gigabytes']:.1f}",
        f"{found['steps']:,}",
        f"{hours:,.0f}",
        f"{found['steps'] * found['gflops'] / 1e6:,.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "configs", type=Path, nargs="*", help="all of configs/ that train one network, if none"
    )
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a key of the configs"
    )
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.configs[0], options.set, options.steps)))
        return
    single = [
        path for path in sorted(CONFIGS.glob("*.yaml")) if "pipeline" not in yaml.safe_load(path.read_text())
    ]
    keys = [part for key in options.set for part in ("--set", key)]
    rows = []
    for path in options.configs or single:
        command = [sys.executable, __file__, str(path), "--one", "--steps", str(options.steps), *keys]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{path.stem}: {(done.stderr.strip() or '?').splitlines()[-1]}", file=sys.stderr)
            continue
        rows.append(row(json.loads(done.stdout.splitlines()[-1])))
        print(" ".join(rows[-1]), file=sys.stderr, flush=True)
    print(grid(HEADER, rows))


if __name__ == "__main__":
    main()
