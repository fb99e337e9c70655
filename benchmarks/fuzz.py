"""Feeds mutated photos to `open_photo` and mutated models to the model loader, and counts what came of each.

    python benchmarks/fuzz.py --target photo --count 10000
    python benchmarks/fuzz.py --target model --count 10000

A good outcome is a result or an `EwardrobeError` of one printable line. Anything else that is raised, a
warning, a crash of the process and an input that takes longer than `--timeout` are failures: their inputs
are kept in `--keep`, and the exit code is 1. The inputs follow from `--seed` and their number alone, so any
of them can be made again.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "src")]

from tests.imaging.samples import deep_colour_png, exif, mutated, picture, readable, save  # noqa: E402

from ewardrobe.errors import EwardrobeError  # noqa: E402

MAX_PIXELS = 4_000_000
"""The photo limit while fuzzing: a header that claims 190 million pixels is honest work of seconds, not a hang."""
SLOWEST = 5

Seeds = dict[str, bytes]
Check = Callable[[bytes], object]


def photo_seeds() -> Seeds:
    import numpy as np

    with_data = exif(6, "2024:05:06 07:08:09", gps=True)
    return readable() | {
        "exif-jpeg": save(picture(), "JPEG", exif=with_data),
        "exif-png": save(picture(), "PNG", exif=with_data),
        "transparent": save(picture().convert("RGBA"), "PNG"),
        "lossy-webp": save(picture(), "WEBP"),
        "avif": save(picture(), "AVIF"),
        "tiff-lzw": save(picture(), "TIFF", compression="tiff_lzw", exif=with_data),
        "tiff-jpeg": save(picture(), "TIFF", compression="jpeg"),
        "deep-png": deep_colour_png(np.asarray(picture())),
        "animated-gif": save(picture(), "GIF", save_all=True, append_images=[picture(40, 40)]),
    }


def check_photo(data: bytes) -> object:
    from ewardrobe.imaging import open_photo

    return open_photo(data, max_pixels=MAX_PIXELS)


def model_seeds() -> Seeds:
    from tests.segmentation.models import write_colour_model

    with tempfile.TemporaryDirectory() as folder:
        return {
            "wardrobe": write_colour_model(Path(folder) / "a.onnx").read_bytes(),
            "fixed-size": write_colour_model(Path(folder) / "b.onnx", "parts", size=(64, 48)).read_bytes(),
        }


def check_model(data: bytes) -> object:
    from ewardrobe.segmentation import Segmenter, read_description

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(data)
        read_description(path)
        return Segmenter(path, threads=1)


TARGETS: dict[str, tuple[Callable[[], Seeds], Check]] = {
    "photo": (photo_seeds, check_photo),
    "model": (model_seeds, check_model),
}


def make_input(seeds: Seeds, seed: int, number: int) -> tuple[str, bytes]:
    """The input of that number, and the seed file it was made from."""
    source = random.Random(f"{seed}/{number}")
    name = sorted(seeds)[number % len(seeds)]
    # Files of nested lengths (ONNX, TIFF) mostly fall at their outermost one unless these stay right.
    return name, mutated(seeds[name], source.randint, keep_length=source.random() < 0.5)


def outcome(check: Check, data: bytes) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            check(data)
        except EwardrobeError as error:
            line = str(error)
            return (
                f"refused: {_kind(line)}" if line.isprintable() else "FAILED: not one line of printable text"
            )
        except BaseException as error:  # whatever else comes out is what this script looks for
            return f"FAILED: {type(error).__name__}: {str(error)[:120]!r}"
    return "accepted"


def _kind(line: str) -> str:
    """The message without what differs from input to input: file names, quotations and numbers."""
    text = re.sub(r"\S*/\S+|'[^']*'|\"[^\"]*\"|\([^)]*\)|\d[\d,.]*", "~", line)
    return re.split(r"[;,\[]", text)[0][:80]


def work(target: str, seed: int, timeout: float, first: int, last: int) -> int:
    """In a process of its own: one line per input, before and after it."""
    make_seeds, check = TARGETS[target]
    seeds = make_seeds()
    for number in range(first, last):
        name, data = make_input(seeds, seed, number)
        print(f"start\t{number}\t{name}", flush=True)
        # Ends the process after so much CPU, also within a library: a busy machine makes nothing look hung.
        signal.setitimer(signal.ITIMER_PROF, timeout)
        began = time.process_time()
        result = outcome(check, data)
        print(f"done\t{number}\t{time.process_time() - began:.4f}\t{result}", flush=True)
    return 0


def watch(
    target: str, options: argparse.Namespace
) -> tuple[Counter[str], list[tuple[float, int]], list[int]]:
    """Runs workers until every input has an outcome; returns outcomes, the slowest, and the failed numbers."""
    counts: Counter[str] = Counter()
    slowest: list[tuple[float, int]] = []
    failed: list[int] = []
    following = 0
    while following < options.count:
        last = min(following + options.batch, options.count)
        following = _watch_batch(target, options, following, last, counts, slowest, failed)
        slowest = sorted(slowest, reverse=True)[:SLOWEST]
    return counts, slowest, failed


def _watch_batch(
    target: str,
    options: argparse.Namespace,
    first: int,
    last: int,
    counts: Counter[str],
    slowest: list[tuple[float, int]],
    failed: list[int],
) -> int:
    """One worker, from input `first` on; returns the first input that has no outcome yet."""
    command = [sys.executable, __file__, "--target", target, "--seed", str(options.seed)]
    command += ["--timeout", str(options.timeout), "--work", str(first), str(last)]
    with tempfile.TemporaryFile("w+") as report:
        try:
            code = subprocess.run(
                command, stdout=report, stderr=subprocess.DEVNULL, timeout=options.wall
            ).returncode
        except subprocess.TimeoutExpired:
            code = None
        report.seek(0)
        lines = [line.rstrip("\n").split("\t") for line in report]
    following = first
    for line in lines:
        if line[0] == "done":
            number, seconds, result = int(line[1]), float(line[2]), line[3]
            counts[result] += 1
            slowest.append((seconds, number))
            following = number + 1
            if result.startswith("FAILED"):
                failed.append(number)
    if following < last:
        hung = code is None or code == -signal.SIGPROF
        counts["FAILED: hang" if hung else f"FAILED: crash, exit code {code}"] += 1
        failed.append(following)
        following += 1
    return following


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--target", choices=sorted(TARGETS), required=True)
    parser.add_argument("--count", type=int, default=10_000, help="inputs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=1000, help="inputs per process")
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds of CPU that one input may take")
    parser.add_argument("--wall", type=float, default=3600.0, help="seconds one process may take in all")
    parser.add_argument("--keep", type=Path, help="folder for the inputs that failed")
    parser.add_argument("--work", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work(options.target, options.seed, options.timeout, *options.work)
    began = time.perf_counter()
    counts, slowest, failed = watch(options.target, options)
    print(
        f"{options.target}: {sum(counts.values())} inputs, seed {options.seed}, {time.perf_counter() - began:.0f} s"
    )
    for result, count in counts.most_common():
        print(f"{count:8d}  {result}")
    print("slowest:", ", ".join(f"#{number} {seconds * 1e3:.0f} ms" for seconds, number in slowest))
    if options.keep and failed:
        options.keep.mkdir(parents=True, exist_ok=True)
        seeds = TARGETS[options.target][0]()
        for number in failed:
            name, data = make_input(seeds, options.seed, number)
            (options.keep / f"{options.target}-{options.seed}-{number}-{name}").write_bytes(data)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
