"""The nine networks, trained for the same minutes on the same photos and CPU, and what they then find.

    python benchmarks/architectures.py train --data DATA --runs runs/comparison --minutes 10 [--only unet,yolo]
    python benchmarks/architectures.py report --data DATA --runs runs/comparison
    python benchmarks/architectures.py differences --data DATA --runs runs/comparison

Needs the extra `train` (and `yolo`, `rfdetr` for those two). `train` times a few steps of each config of
`configs/comparison` and gives it as many steps as fill the minutes of one core: CPU time, which does not grow when
other programs run beside it. `report` scores each run's exported file: garment mIoU on worn and flat validation photos
at their own resolution (an instance model's detections drawn as a label map), garments' mask AP50 of instance models,
and the CPU time of the graph at the size it was trained at; beside them the location prior: at each place the most
frequent class of the training photos. `differences` compares each exported file with its network in PyTorch on eight
validation photos. Both print Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import yaml
from timing import grid, interleaved, milliseconds

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets import Dataset, open_dataset
from ewardrobe.evaluation import Scorer, evaluate, evaluate_instances
from ewardrobe.evaluation.scores import mean_scores
from ewardrobe.segmentation import Segmenter

CONFIGS = Path(__file__).resolve().parents[1] / "configs" / "comparison"
WARDROBE = "wardrobe"
TIMED = 16
PRIOR_SIZE = (128, 96)
PROGRAM = "import sys; from ewardrobe.cli import main; sys.exit(main())"


def chosen(options: argparse.Namespace) -> list[Path]:
    wanted = (
        options.only.split(",") if options.only else [path.stem for path in sorted(CONFIGS.glob("*.yaml"))]
    )
    return [CONFIGS / f"{name}.yaml" for name in wanted]


def command(config: Path, run: Path, data: Path, *keys: str) -> list[str]:
    arguments = [str(config), *keys, "--data", str(data), "--run", str(run), "--threads", "1"]
    return [sys.executable, "-c", PROGRAM, "train", *arguments]


def step_seconds(config: Path, options: argparse.Namespace) -> float:
    """Of one step with its photos: the difference between a short run and a shorter one."""
    trial = options.runs / f".{config.stem}-timing"
    taken = []
    few = ["training.epochs=1", "data.share=0.05", "data.validation=[{path: ccp, split: val, share: 0.05}]"]
    for steps in (2, 2 + TIMED):
        shutil.rmtree(trial, ignore_errors=True)
        run = command(config, trial, options.data, f"training.steps={steps}", *few)
        started = spent()
        subprocess.run([*run, "--no-export"], check=True, stdout=subprocess.DEVNULL)
        taken.append(spent() - started)
    shutil.rmtree(trial, ignore_errors=True)
    return max(0.02, (taken[1] - taken[0]) / TIMED)


def spent() -> float:
    """CPU seconds of this program's children that have ended, theirs included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def train(options: argparse.Namespace) -> None:
    for config in chosen(options):
        run = options.runs / config.stem
        if (run / "model.onnx").exists():
            print(f"{config.stem}: done before", flush=True)
            continue
        if (run / "config.yaml").exists():
            steps = yaml.safe_load((run / "config.yaml").read_text())["training"]["steps"]
        elif options.steps:
            steps = options.steps
        else:
            seconds = step_seconds(config, options)
            steps = max(8, round(60 * options.minutes / seconds))
            print(f"{config.stem}: {seconds:.2f} s a step, {steps} steps", flush=True)
        started = spent()
        done = subprocess.run(command(config, run, options.data, f"training.steps={steps}"), check=False)
        minutes = (spent() - started) / 60
        print(f"{config.stem}: exit {done.returncode} after {minutes:.1f} CPU minutes", flush=True)
        if done.returncode == 0:
            (run / "minutes.json").write_text(json.dumps({"minutes": minutes, "steps": steps}))


def prior(train_set: Dataset, scored: Dataset) -> dict[str, float]:
    """Scores of the label map that has at each place, as a share of width and height, the most frequent class."""
    assert train_set.taxonomy is not None
    to = taxonomies.load_map(train_set.taxonomy.name, WARDROBE)
    votes = np.zeros((len(to.target), *PRIOR_SIZE), np.int64)
    for sample in train_set:
        _, labels = sample.read()
        small = cv2.resize(to.apply(labels), PRIOR_SIZE[::-1], interpolation=cv2.INTER_NEAREST)
        for index in range(len(to.target)):
            votes[index] += small == index
    guess = votes.argmax(0).astype(np.uint8)
    scorer = Scorer(to.target)
    for sample in scored:
        _, labels = sample.read()
        size = (labels.shape[1], labels.shape[0])
        scorer.add(to.apply(labels), cv2.resize(guess, size, interpolation=cv2.INTER_NEAREST))
    names = ("miou", "garment_miou")
    return {name: score.value for name, score in mean_scores(scorer.counts, to.target, names=names).items()}


def weight(run: Path) -> tuple[float, float]:
    """Millions of parameters, and GFLOPs (a multiplication and an addition are two) of one photo's forward pass."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from ewardrobe.training.saving import load_model

    saved = load_model(run)
    image = torch.zeros(1, 3, int(saved.about["height"]), int(saved.about["width"]))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        saved.net(image)
    parameters = sum(value.numel() for value in saved.net.parameters())
    return parameters / 1e6, counter.get_total_flops() / 1e9


def report(options: argparse.Namespace) -> None:
    worn, flat = (open_dataset(options.data / name, split="val") for name in ("ccp", "flatlay"))
    rows = []
    runs = [options.runs / path.stem for path in chosen(options)]
    runs = [run for run in runs if (run / "model.onnx").exists()]
    pixels = worn[0].photo.pixels
    candidates = {}
    for run in runs:
        segmenter = Segmenter(run / "model.onnx", threads=1)
        candidates[run.name] = lambda segmenter=segmenter: segmenter._runtime.run(pixels)
    timings = interleaved(candidates, rounds=options.rounds)
    for run in runs:
        segmenter = Segmenter(run / "model.onnx")
        about = json.loads((run / "model.json").read_text())
        budget = json.loads((run / "minutes.json").read_text())
        scores = [evaluate(segmenter, part, taxonomy=WARDROBE).scores for part in (worn, flat)]
        ap = "-"
        if segmenter.description.task == "instance":
            ap = str(evaluate_instances(segmenter, worn, taxonomy=WARDROBE).scores["garment_ap50"])
        millions, flops = weight(run)
        cells = [about["architecture"], start_of(run), f"{millions:.1f}", f"{flops:.1f}"]
        cells += [f"{budget['minutes']:.1f}", str(budget["steps"])]
        cells += [str(score["garment_miou"]) for score in scores]
        rows.append([*cells, str(scores[0]["miou"]), ap, milliseconds(timings[run.name])])
    rows.sort(key=lambda row: row[6], reverse=True)
    priors = [
        prior(open_dataset(options.data / name, split="train"), part)
        for name, part in (("ccp", worn), ("flatlay", flat))
    ]
    garments = [f"{one['garment_miou']:.3f}" for one in priors]
    rows.append(["location prior", *"-----", *garments, f"{priors[0]['miou']:.3f}", "-", "-"])
    names = [
        "",
        "starts from",
        "M parameters",
        "GFLOPs",
        "minutes",
        "steps",
        "worn garment mIoU",
        "flat garment mIoU",
        "worn mIoU",
        "garment mask AP50",
    ]
    print(grid([*names, "ms, one thread"], rows))


def start_of(run: Path) -> str:
    """What the run's weights were before it, as its config says."""
    weights = yaml.safe_load((run / "config.yaml").read_text())["model"].get("weights")
    return Path(weights).name if weights else "random"


def differences(options: argparse.Namespace) -> None:
    from ewardrobe.segmentation import describe_model
    from ewardrobe.training.architectures.interface import InstanceNet
    from ewardrobe.training.export_instance import compare
    from ewardrobe.training.exporting import compare_semantic
    from ewardrobe.training.saving import load_model

    worn = open_dataset(options.data / "ccp", split="val")
    photos = [worn[number].photo.pixels for number in range(8)]
    rows = []
    for config in chosen(options):
        file = options.runs / config.stem / "model.onnx"
        if file.exists():
            net = load_model(file.parent).net
            measure = compare if isinstance(net, InstanceNet) else compare_semantic
            rows.append([config.stem, str(measure(net, file, describe_model(file), photos))])
    print(grid(["", "the exported file against PyTorch"], rows))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("train", "report", "differences"))
    parser.add_argument("--data", type=Path, default=os.environ.get("EWARDROBE_DATA", "../shared/data"))
    parser.add_argument("--runs", type=Path, default=Path("runs/comparison"))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--steps", type=int, help="instead of minutes, when a step's time is known")
    parser.add_argument("--only", default="", help="names of configs, with commas")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    options.data = Path(options.data)
    {"train": train, "report": report, "differences": differences}[options.what](options)


if __name__ == "__main__":
    main()
