"""How well `recolour` recolours: 12 colours on 40 real garments, beside a plain shift in CIELAB.

    EWARDROBE_DATA=... python benchmarks/restyle.py [--garments 40]

The garments are those of CCP's validation photos, their human labels the masks, so that only the colouring is measured.
Over a garment's pixels, without those at its edge:

- gap: ΔE00 between the median of the result (L*, a* and b* each) and the asked colour.
- kept: SSIM of the lightness detail, which is L* less its Gaussian blur (3 % of the garment's size), before and after;
  window Gaussian 1.5, data range 100.
- strict: the same with the span of the garment's own detail (1st to 99th percentile) as data range.
- clipped: share of pixels with a channel at 0 or 255.
- highlight: mean chroma C* of the garment's neutral highlights (C* < 12 and at least 20 L* above its median) in the
  result, of the garments that have at least 30 such pixels.
- own: mean ΔE00 of all pixels when a garment is given its own median colour.

Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from restyle_photos import garments
from timing import grid

from ewardrobe.attributes.perceptual import to_cielab
from ewardrobe.restyling import Restyler
from ewardrobe.restyling.colour_words import colour_of_hex, colour_of_phrase
from ewardrobe.restyling.mask import find_region
from ewardrobe.segmentation import Garment, Segmentation

COLOURS = (
    "black", "white", "grey", "beige", "navy", "blue", "red", "burgundy", "pink", "yellow", "green", "orange",
)  # fmt: skip
DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]
Method = Callable[[Segmentation, Garment, str], Pixels]


def recolour(seen: Segmentation, garment: Garment, colour: str) -> Pixels:
    alone = Segmentation(
        photo=seen.photo, taxonomy=seen.taxonomy, label_map=seen.label_map, garments=(garment,), model=seen.model,
        scores=seen.scores,
    )  # fmt: skip
    return Restyler(f"make the {garment.label} {colour}").restyle(alone).pixels


def cielab_of(colour: str) -> Floats:
    asked = colour_of_hex(colour) if colour.startswith("#") else colour_of_phrase(colour.split())
    assert asked is not None
    return to_cielab(asked.rgb)


def lab_shift(seen: Segmentation, garment: Garment, colour: str) -> Pixels:
    """Every pixel of the mask moved in CIELAB by what lies between the garment's median and the asked colour."""
    region = find_region(seen, garment)
    pixels = seen.photo.pixels.copy()
    window = pixels[region.window].astype(np.float32) / 255
    lab = cv2.cvtColor(window, cv2.COLOR_RGB2Lab)
    shift = cielab_of(colour) - np.median(lab[region.inside], axis=0)
    shifted = cv2.cvtColor((lab + shift).astype(np.float32), cv2.COLOR_Lab2RGB).clip(0, 1)
    made = window + region.alpha[..., None] * (shifted - window)
    pixels[region.window] = np.rint(made * 255).astype(np.uint8)
    return pixels


METHODS: dict[str, Method] = {"recolour": recolour, "Lab shift": lab_shift}


def delta_e(one: Floats, other: Floats) -> Floats:
    """ΔE00 between CIELAB colours (..., 3): Sharma, Wu, Dalal 2005."""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    a1, a2 = (a * (1 + 0.5 * (1 - np.sqrt(c7 / (c7 + 25.0**7)))) for a in (a1, a2))
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = np.where(c1 * c2 == 0, 0, (h2 - h1 + 180) % 360 - 180)
    hue = np.where(c1 * c2 == 0, h1 + h2, (h1 + turn / 2) % 360)
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    t = sum(
        k * np.cos(np.radians(n * hue + p))
        for k, n, p in ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63))
    )
    sl = 1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2)
    sc, sh = 1 + 0.045 * chroma, 1 + 0.015 * chroma * (1 + t)
    rc = 2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    rt = -np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))) * rc
    return np.asarray(np.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * dc / sc * dh / sh))


def detail(lightness: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    sigma = max(1.0, 0.03 * float(np.sqrt(inside.sum())))
    weight = inside.astype(np.float64)
    blur = cv2.GaussianBlur(lightness * weight, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6
    )
    return np.asarray((lightness - blur) * weight)


def ssim(one: Floats, other: Floats, core: npt.NDArray[np.bool_], span: float) -> float:
    """Mean SSIM over `core` (Wang et al. 2004); `span` is its data range."""
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2

    def mean(plane: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(plane, (11, 11), 1.5))

    m1, m2 = mean(one), mean(other)
    v1, v2, v12 = mean(one * one) - m1**2, mean(other * other) - m2**2, mean(one * other) - m1 * m2
    values = (2 * m1 * m2 + c1) * (2 * v12 + c2) / ((m1**2 + m2**2 + c1) * (v1 + v2 + c2))
    return float(values[core].mean())


def kind_of(lab: Floats) -> str:
    """What sort of cloth it is, as far as pixels tell: patterned, shiny, black, white, or else coloured."""
    spread = np.percentile(lab, 90, axis=0) - np.percentile(lab, 10, axis=0)
    lightness = float(np.median(lab[:, 0]))
    if spread[0] > 45 or max(spread[1:]) > 28:
        return "patterned"
    if np.percentile(lab[:, 0], 99) - lightness > 30:
        return "shiny"
    return "black" if lightness < 25 else "white" if lightness > 75 else "coloured"


def measured(seen: Segmentation, garment: Garment, name: str, method: Method) -> list[dict[str, object]]:
    """One row per colour, and one for the garment's own."""
    x, y, width, height = garment.box
    window = (slice(y, y + height), slice(x, x + width))
    inside = garment.mask[window]
    core = cv2.erode(inside.astype(np.uint8), np.ones((7, 7), np.uint8), borderValue=0) > 0
    before = to_cielab(seen.photo.pixels[window])
    own = np.median(seen.photo.pixels[window][core], axis=0).round().astype(int)
    chroma = np.hypot(before[..., 1], before[..., 2])
    bright = core & (chroma < 12) & (before[..., 0] > np.median(before[core][:, 0]) + 20)
    texture = detail(before[..., 0], inside)
    low, high = np.percentile(texture[core], [1, 99])
    span = float(high - low)
    rows: list[dict[str, object]] = []
    for colour in (*COLOURS, "#{:02x}{:02x}{:02x}".format(*own)):
        made = method(seen, garment, colour)[window]
        after = to_cielab(made)
        asked = cielab_of(colour)
        rows.append(
            {
                "photo": seen.photo.name,
                "kind": kind_of(before[core]),
                "method": name,
                "colour": "own" if colour.startswith("#") else colour,
                "gap": float(delta_e(np.median(after[core], axis=0), asked)),
                "kept": ssim(texture, detail(after[..., 0], inside), core, 100.0),
                "strict": ssim(texture, detail(after[..., 0], inside), core, span),
                "clipped": float(((made[core] == 0) | (made[core] == 255)).any(axis=1).mean()),
                "highlight": float(np.hypot(after[bright][:, 1], after[bright][:, 2]).mean())
                if bright.sum() >= 30
                else np.nan,
                "changed": float(delta_e(before[core], after[core]).mean())
                if colour.startswith("#")
                else np.nan,
            }
        )
    return rows


def table(rows: pd.DataFrame, by: str) -> str:
    """Markdown: for each value of `by` and each method, the means, and how often the goals are met."""
    lines = []
    for value, part in [("all", rows), *rows.groupby(by)]:
        for method, group in part.groupby("method"):
            shine = group.highlight.mean()
            lines.append(
                [
                    str(value), str(method), str(len(group)),
                    f"{group.gap.mean():.2f}", f"{(group.gap <= 6).mean():.0%}",
                    f"{group.kept.mean():.3f}", f"{(group.kept >= 0.9).mean():.0%}", f"{group.strict.mean():.3f}",
                    f"{group.clipped.mean():.2%}", f"{(group.clipped < 0.01).mean():.0%}",
                    "-" if np.isnan(shine) else f"{shine:.1f}",
                ]
            )  # fmt: skip
    head = [by, "method", "n", "gap", "≤ 6", "kept", "≥ 0.9", "strict", "clipped", "< 1 %", "highlight C*"]
    return grid(head, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--garments", type=int, default=40)
    parser.add_argument(
        "--rows", type=Path, help="keep the figures in this file, to go on where a run stopped"
    )
    options = parser.parse_args()
    data = Path(os.environ.get("EWARDROBE_DATA", DEFAULT_DATA))
    kept = options.rows is not None and options.rows.exists()
    rows = pd.read_json(options.rows, dtype={"photo": str}) if kept else pd.DataFrame({"photo": []})
    for seen, garment in garments(data, options.garments):
        if (rows.photo == seen.photo.name).any():
            continue
        found = [row for name, method in METHODS.items() for row in measured(seen, garment, name, method)]
        rows = pd.concat([rows, pd.DataFrame(found)], ignore_index=True)
        if options.rows is not None:
            rows.to_json(options.rows, orient="records")
    asked, own = rows[rows.colour != "own"], rows[rows.colour == "own"]
    print(table(asked, "kind"), table(asked, "colour"), sep="\n\n")
    print("\nIts own colour, mean ΔE00 to the photo:\n")
    lines = [
        [str(name), str(len(part)), f"{part.mean():.2f}", f"{part.max():.2f}", f"{(part < 2).mean():.0%}"]
        for name, part in own.groupby("method").changed
    ]
    print(grid(["method", "n", "mean", "largest", "< 2"], lines))


if __name__ == "__main__":
    main()
