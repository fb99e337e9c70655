"""How fast the live view is from end to end: Chromium with a film as its camera, 640x480, 30 frames a second.

uv run benchmarks/live.py [--seconds 30] [--warmup 5]        (needs Chromium and the package psutil)

Each frame is followed from the browser's own clock: taken from the camera, sent as a JPEG file, drawn with its mask on
the page's canvas. The browser runs on the same machine and without a graphics card, so that it takes more of the cores
than a person's would. Asked for: 20 frames a second, and 95 % drawn within 120 ms of being sent, with one model.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.timing import grid
from tests.web.fake_camera import CAMERA_FLAGS, EXAMPLES, write_film
from tests.web.test_pages import CHROMIUM
from tests.web.test_serve import start

from ewardrobe.segmentation import Segmenter
from ewardrobe.wardrobe import Wardrobe

SHIRT, GARMENT = EXAMPLES.parent / "flat" / "striped-t-shirt.jpg", "Striped shirt"
RATE, LATENCY = 20.0, 120.0
TAKE = "lanes.map(lane => (lane.waits ?? []).splice(0))"
"""What the page's worker has noted of each model's frames since it was last asked."""


def main() -> None:
    """Serve, look, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--warmup", type=float, default=5)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before\n")
    rows: list[list[str]] = []
    uses: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        film = write_film(Path(folder) / "film.mjpeg", [EXAMPLES / "astronaut.jpg"])
        with Wardrobe.open(Path(folder) / "home") as wardrobe:
            (shirt,) = wardrobe.add(SHIRT, segmenter=Segmenter()).garments
            wardrobe.edit(shirt.id, name=GARMENT)
        server, url = start(Path(folder) / "home", Path("default"))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM,
                    args=["--no-sandbox", *CAMERA_FLAGS, f"--use-file-for-fake-video-capture={film}"],
                )
                for count, garment in ((1, None), (2, None), (1, GARMENT)):
                    page = browser.new_page(base_url=url, viewport={"width": 1280, "height": 900})
                    begin(page, count, garment)
                    time.sleep(options.warmup)
                    found = look(page, count, options.seconds, server.pid)
                    what = f"{count} at once" if garment is None else "with a garment"
                    for name, waits, seconds in found.models:
                        rows.append([f"{what}: {name}", *figures(waits, seconds)])
                    frames = max(len(waits) for _, waits, _ in found.models)
                    shares = [f"{part} {1000 * used / frames:.0f}" for part, used in found.used.items()]
                    uses.append(f"{what}: {', '.join(shares)}")
                    page.close()
                browser.close()
        finally:
            server.terminate()
            server.wait()
    header = [
        "model",
        "frames a second",
        "sent to drawn, ms: median",
        "95 %",
        "taken to drawn: median",
        "95 %",
    ]
    print(grid([*header, "the model alone"], rows))
    print("\nmilliseconds of CPU time for each frame drawn by the quicker model")
    print("\n".join(uses))
    rate, latency = float(rows[0][1]), float(rows[0][3])
    met = rate >= RATE and latency < LATENCY
    print(f"\n{RATE:.0f} frames a second, 95 % within {LATENCY:.0f} ms: {'met' if met else 'MISSED'}")


@dataclass(frozen=True)
class Look:
    """For each model its name, a record for each frame drawn, the seconds this took; CPU seconds by program."""

    models: list[tuple[str, list[dict[str, float]], float]]
    used: dict[str, float]


def begin(page: Page, count: int, garment: str | None) -> None:
    """Start the camera with the first `count` models, and put a garment on."""
    page.goto("/live")
    if count == 2:
        page.get_by_role("button", name="Compare models").click()
    page.get_by_role("button", name="Start camera").click()
    for number in range(count):
        page.locator(f"#pane-{number} canvas").wait_for(state="visible", timeout=120_000)
    if garment is not None:
        page.get_by_label("Put on me").select_option(garment)
        expect(page.locator("#status")).to_have_text("", timeout=120_000)


def look(page: Page, count: int, seconds: float, server: int) -> Look:
    """Look through the first `count` models for so many seconds."""
    worker = page.workers[0]
    worker.evaluate(TAKE)
    before, started = cpu_seconds(server), time.perf_counter()
    found, passed = [list[dict[str, float]]() for _ in range(count)], 0.0
    while passed < seconds:
        time.sleep(1)
        taken: Any = worker.evaluate(TAKE)
        for waits, more in zip(found, taken, strict=False):
            waits.extend(more)
        passed = time.perf_counter() - started
    used = {part: value - before[part] for part, value in cpu_seconds(server).items()}
    names = [page.locator(f"#model-{number}").input_value() for number in range(count)]
    return Look([(name, waits, passed) for name, waits in zip(names, found, strict=True)], used)


def cpu_seconds(server: int) -> dict[str, float]:
    """What the server and the browser, which are children of this process, have used so far."""
    used = {"server": 0.0, "browser": 0.0}
    for process in psutil.Process().children(recursive=True):
        part = "server" if process.pid == server else "browser"
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used[part] += times.user + times.system
    return used


def figures(waits: list[dict[str, float]], seconds: float) -> list[str]:
    """The rate, then medians and 95th percentiles."""
    cells = [f"{len(waits) / seconds:.1f}"]
    for key in ("sent", "taken"):
        cells += [f"{value:.0f}" for value in np.percentile([wait[key] for wait in waits], [50, 95])]
    return [*cells, f"{np.median([wait['worked'] for wait in waits]):.0f}"]


if __name__ == "__main__":
    main()
