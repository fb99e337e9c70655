"""How well a garment that is cut from a person and put back on the same person gives the photo again.

    EWARDROBE_DATA=... python benchmarks/tryon.py [--garments 48] [--live]

The garments are those of CCP's validation photos, cut out by their human labels. The fit is told nothing of the photo
but those labels. "worn" keeps the wearer's own landmarks, which is what a worn photo gives; "cut-out" has the picture
with its transparent ground alone, as of a garment that lies flat: its landmarks are read from its outline, and the
pose that it was in is lost. "box" is the plain paste: the cut-out stretched to the bounding box of the garment of that
class on the person. It is told where the garment is, which the fits must find, so it is no baseline to beat here, but
the ceiling of what a picture with soft edges reaches; "box, torso" is the paste that does not know: the cut-out scaled
to the shoulders' width and hung there (upper garments) or to the waist (lower).

Within the garment's own mask:

- SSIM: of lightness L*, Gaussian window 1.5, data range 100.
- ΔE00: mean over the pixels.
- IoU: of the new garment's mask and the true one.

Medians with 95 % bootstrap intervals. `--live` measures the stream instead: milliseconds a frame at 640 x 480 with the
segmentation's at its live size beside it, and the jitter of landmarks. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from restyle import delta_e, ssim
from restyle_photos import CLOTHES, garments

from ewardrobe.attributes.perceptual import to_cielab
from ewardrobe.imaging import OpenCVInpainter
from ewardrobe.segmentation import Garment, Segmentation, Segmenter
from ewardrobe.tryon import GarmentPiece, LiveFitter, Scene, find_body
from ewardrobe.tryon.body import person_labels
from ewardrobe.tryon.fitting import fit

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
PHOTO = Path(__file__).resolve().parents[1] / "examples" / "people" / "astronaut.jpg"
Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Made = tuple[Pixels, Mask]


def worn(seen: Segmentation, garment: Garment, piece: GarmentPiece) -> Made:
    scene = Scene.of(seen.photo.pixels, seen.label_map, garment.person)
    made = fit(scene, piece, OpenCVInpainter(), np.random.default_rng(0))
    return made.pixels, made.labels == garment.index


def flat(seen: Segmentation, garment: Garment, piece: GarmentPiece) -> Made:
    return worn(seen, garment, replace(piece, worn=None, hidden=None))


def box(seen: Segmentation, garment: Garment, piece: GarmentPiece) -> Made:
    return paste(seen, piece, garment.box)


def torso(seen: Segmentation, garment: Garment, piece: GarmentPiece) -> Made:
    body = find_body(person_labels(seen.label_map, garment.person)[0])
    assert body is not None
    width = 1.1 * body.width
    left, top = body.neck[0] - width / 2, body.neck[1]
    if garment.label in ("pants", "shorts", "skirt"):
        left, top = body.hip[0] - width / 2, body.waist
    height = width * piece.alpha.shape[0] / piece.alpha.shape[1]
    return paste(seen, piece, (round(left), round(top), round(width), round(height)))


def paste(seen: Segmentation, piece: GarmentPiece, place: tuple[int, int, int, int]) -> Made:
    x, y, width, height = place
    size = piece.alpha.shape
    scale = np.array([[width / size[1], 0, x], [0, height / size[0], y]], np.float64)
    share = piece.alpha[..., None].astype(np.float32) / 255
    layer = np.dstack([piece.pixels * share, share])
    drawn = cv2.warpAffine(layer, scale, (seen.photo.width, seen.photo.height), flags=cv2.INTER_LINEAR)
    pixels = seen.photo.pixels * (1 - drawn[..., 3:]) + drawn[..., :3]
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8), drawn[..., 3] > 0.5


METHODS: dict[str, Callable[[Segmentation, Garment, GarmentPiece], Made]] = {
    "worn": worn,
    "cut-out": flat,
    "box": box,
    "box, torso": torso,
}


def scored(seen: Segmentation, garment: Garment) -> list[dict[str, object]]:
    piece = GarmentPiece.from_garment(seen, garment)
    before = to_cielab(seen.photo.pixels)
    rows = []
    for name, method in METHODS.items():
        # What is put on must not be found under it: the garment is painted over with grey before.
        blank = replace(seen, photo=replace(seen.photo, pixels=without(seen, garment)))
        pixels, mask = method(blank, garment, piece)
        after = to_cielab(pixels)
        inside = garment.mask
        rows.append(
            {
                "class": garment.label,
                "method": name,
                "SSIM": ssim(before[..., 0], after[..., 0], inside, 100.0),
                "ΔE00": float(delta_e(before[inside], after[inside]).mean()),
                "IoU": float((mask & inside).sum() / max((mask | inside).sum(), 1)),
            }
        )
    return rows


def without(seen: Segmentation, garment: Garment) -> Pixels:
    pixels = seen.photo.pixels.copy()
    pixels[cv2.dilate(garment.mask.view(np.uint8), np.ones((3, 3), np.uint8)) > 0] = 128
    return pixels


def interval(values: pd.Series, seed: int = 0) -> str:
    numbers = values.to_numpy()
    draws = np.random.default_rng(seed).choice(numbers, (2000, len(numbers)))
    low, high = np.percentile(np.median(draws, axis=1), (2.5, 97.5))
    return f"{np.median(numbers):.2f} ({low:.2f}-{high:.2f})"


def measure(data: Path, count: int) -> None:
    found = []
    for seen, garment in garments(data, count):
        if garment.person is not None:
            found += scored(seen, garment)
    table = pd.DataFrame(found)
    print("| class | n | method | SSIM | ΔE00 | IoU |\n|---|---|---|---|---|---|")
    for label in ("all", *CLOTHES):
        part = table if label == "all" else table[table["class"] == label]
        for name in METHODS:
            rows = part[part["method"] == name]
            if len(rows):
                cells = " | ".join(interval(rows[column]) for column in ("SSIM", "ΔE00", "IoU"))
                print(f"| {label} | {len(rows)} | {name} | {cells} |")


def film(photo: Pixels, frames: int) -> list[tuple[Pixels, npt.NDArray[np.float64]]]:
    """A video of 640 x 480: the photo drifts, turns and breathes, with a sensor's noise; and each frame's matrix."""
    rng = np.random.default_rng(0)
    fitted = cv2.resize(photo, (480, 480), interpolation=cv2.INTER_AREA)
    made = []
    for number in range(frames):
        phase = 2 * np.pi * number / frames
        turn = cv2.getRotationMatrix2D((240, 240), 2 * np.sin(phase), 1 + 0.04 * np.sin(2 * phase))
        turn[:, 2] += (80 + 25 * np.sin(phase), 6 * np.sin(3 * phase))
        frame = cv2.warpAffine(fitted, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        frame += rng.normal(0, 4, frame.shape)
        made.append((np.clip(frame, 0, 255).astype(np.uint8), turn))
    return made


def live(frames: int = 90, rate: float = 15.0) -> None:
    """Jitter: per landmark, the spread of its place after the known motion is taken back, from frame to frame."""
    from ewardrobe.imaging import open_photo
    from ewardrobe.tryon import piece_of

    segmenter = Segmenter(size="live")
    shirt = PHOTO.parents[1] / "flat" / "striped-t-shirt.jpg"
    piece = piece_of(shirt, Segmenter())
    fitter, raw = LiveFitter(piece), LiveFitter(piece)
    cv2.setNumThreads(1)
    wall: dict[str, list[float]] = {"segmentation": [], "fit and draw": []}
    work: dict[str, list[float]] = {name: [] for name in wall}
    tracks: dict[str, list[npt.NDArray[np.float64]]] = {"smoothed": [], "as found": []}
    for frame, turn in film(open_photo(PHOTO).pixels, frames):
        marks = [(time.perf_counter(), time.process_time())]
        seen = segmenter.segment(frame)
        marks.append((time.perf_counter(), time.process_time()))
        fitter.draw(frame, seen.label_map, 1 / rate)
        marks.append((time.perf_counter(), time.process_time()))
        for number, name in enumerate(wall):
            wall[name].append(marks[number + 1][0] - marks[number][0])
            work[name].append(marks[number + 1][1] - marks[number][1])
        raw.overlay(seen.label_map, 0.0)  # no time has passed: nothing is smoothed
        back = cv2.invertAffineTransform(turn)
        for name, one in (("smoothed", fitter), ("as found", raw)):
            if one.landmarks is not None:
                tracks[name].append(one.landmarks @ back[:, :2].T + back[:, 2])
    print("| 640 x 480 | median ms | best ms | CPU ms (all cores together) |\n|---|---|---|---|")
    wall["both"], work["both"] = (list(np.add(*both.values())) for both in (wall, work))
    for name in wall:
        times = 1000 * np.median(wall[name]), 1000 * np.min(wall[name]), 1000 * np.median(work[name])
        print(f"| {name} | " + " | ".join(f"{value:.1f}" for value in times) + " |")
    print()
    print("| landmarks | frames | jitter (px, median over landmarks) | lag (px) |\n|---|---|---|---|")
    for name, track in tracks.items():
        places = np.stack(track)
        steps = np.diff(places, axis=0)
        jitter = np.median(np.sqrt((steps**2).sum(axis=2).mean(axis=0)))
        lag = np.median(np.hypot(*(places - np.median(places, axis=0)).transpose(2, 0, 1)))
        print(f"| {name} | {len(track)} | {jitter:.2f} | {lag:.2f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("EWARDROBE_DATA", DEFAULT_DATA)))
    parser.add_argument("--garments", type=int, default=48)
    parser.add_argument("--live", action="store_true")
    options = parser.parse_args()
    if options.live:
        live()
    else:
        measure(options.data, options.garments)
