"""A small dataset of rendered scenes, for what trains."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.conftest import render_scene

OUTFITS = (("top", "pants"), ("dress",), ("outerwear", "skirt"), ("top", "shorts", "bag"))


def write_scenes(folder: Path, train: int = 6, validation: int = 2, size: tuple[int, int] = (64, 96)) -> Path:
    """A label-map dataset in `wardrobe` with splits `train` and `val`; photos `size` (width, height)."""
    for name in ("photos", "labels"):
        (folder / name).mkdir(parents=True)
    for split, first, count in (("train", 0, train), ("val", train, validation)):
        ids = [f"{number:04d}" for number in range(first, first + count)]
        for number, name in enumerate(ids, start=first):
            scene = render_scene(*size, items=OUTFITS[number % len(OUTFITS)], seed=number)
            Image.fromarray(scene.pixels).save(folder / "photos" / f"{name}.jpg", quality=92)
            Image.fromarray(np.ascontiguousarray(scene.label_map)).save(folder / "labels" / f"{name}.png")
        (folder / f"{split}.txt").write_text("\n".join(ids) + "\n")
    (folder / "dataset.json").write_text(json.dumps({"taxonomy": "wardrobe", "kind": "worn"}))
    return folder
