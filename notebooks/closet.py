"""Labelled photos for the notebooks, which anyone may have: the rendered garments of `examples/flat`, cut out by the
model that ships, dyed, turned, and laid on rendered floors.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ewardrobe import Segmenter, taxonomy

FLAT = Path(__file__).resolve().parents[1] / "examples" / "flat"


def cut_garments() -> list[tuple[str, np.ndarray]]:
    """(class, RGBA uint8 (h, w, 4)) of the largest garment of each example."""
    segmenter = Segmenter()
    found = []
    for photo in sorted(FLAT.glob("*.jpg")):
        cutout = max(segmenter.segment(photo).cutouts(), key=lambda cut: cut.image.width * cut.image.height)
        found.append((cutout.name, np.asarray(cutout.image)))
    return found


def floor(size: int, rng: np.random.Generator) -> np.ndarray:
    """A floor, RGB float (size, size, 3): boards or cloth, in a light that falls off."""
    colour = rng.uniform(90, 215, 3)
    grain = cv2.resize(rng.normal(0, 16, (rng.integers(8, 40), rng.integers(3, 40))), (size, size))
    light = np.linspace(rng.uniform(0.75, 1), rng.uniform(0.9, 1.2), size)[None, :, None]
    return (colour + grain[..., None] + rng.normal(0, 5, (size, size, 1))) * light


def lay(
    canvas: np.ndarray, labels: np.ndarray, cut: np.ndarray, value: int, rng: np.random.Generator
) -> None:
    """Lay a cut-out, dyed and turned, on a photo and its label map, in place."""
    size = len(labels)
    height, width = cut.shape[:2]
    scale = rng.uniform(0.35, 0.75) * size / max(height, width)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-40, 40), scale)
    turn[:, 2] += rng.uniform(0.3, 0.7, 2) * size - (width / 2, height / 2)
    laid = cv2.warpAffine(cut, turn, (size, size), flags=cv2.INTER_AREA)
    hsv = cv2.cvtColor(laid[..., :3], cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + rng.integers(0, 180)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.6, 1.8) + rng.uniform(0, 60), 0, 255)
    alpha = laid[..., 3:] / 255
    canvas += (cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * rng.uniform(0.6, 1.1) - canvas) * alpha
    labels[alpha[..., 0] >= 0.5] = value


def write_closet(folder: Path, *, photos: int, most: int = 2, size: int = 128, seed: int = 0) -> Path:
    """A dataset of label maps in `wardrobe`, a fifth of it for validation; `most` different garments in a photo."""
    rng = np.random.default_rng(seed)
    garments, wardrobe = cut_garments(), taxonomy.load("wardrobe")
    ids = [f"{number:04d}" for number in range(photos)]
    for part in ("photos", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for name in ids:
        canvas, labels = floor(size, rng), np.zeros((size, size), np.uint8)
        for index in rng.permutation(len(garments))[: rng.integers(1, most + 1)]:
            label, cut = garments[index]
            lay(canvas, labels, cut, wardrobe.index(label), rng)
        pixels = np.clip(canvas, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{name}.jpg", quality=92)
        Image.fromarray(labels).save(folder / "labels" / f"{name}.png")
    held = photos // 5
    for split, chosen in (("val", ids[:held]), ("train", ids[held:])):
        (folder / f"{split}.txt").write_text("\n".join(chosen) + "\n")
    (folder / "dataset.json").write_text(json.dumps({"taxonomy": "wardrobe", "kind": "flat"}))
    return folder
