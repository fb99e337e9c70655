"""Small datasets written to disk in each layout, from rendered scenes with known labels."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ewardrobe import taxonomy
from tests.conftest import Scene
from tests.datasets import layouts

TO_CCP = {
    "background": "null",
    "hair": "hair",
    "skin": "skin",
    "top": "blouse",
    "pants": "jeans",
    "skirt": "skirt",
    "footwear": "boots",
    "outerwear": "coat",
}


def save_photo(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95)


def save_palette(path: Path, label_map: npt.NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(label_map).convert("P")
    image.putdata(label_map.ravel().tolist())
    image.putpalette([value for index in range(256) for value in (index, 255 - index, index)])
    image.save(path)


@pytest.fixture
def ccp(tmp_path: Path, make_scene: Callable[..., Scene]) -> Path:
    """People Clothing, four labelled photos (train 0001-0003, val 0004) and two with tags only."""
    folder = tmp_path / "ccp"
    names = list(taxonomy.load("people-clothing").labels)
    blouse, jeans = names.index("blouse"), names.index("jeans")
    names[blouse], names[jeans] = "jeans", "blouse"  # a file's order need not be the taxonomy's
    wardrobe = taxonomy.load("wardrobe")
    lut = np.zeros(256, np.uint8)
    for ours, theirs in TO_CCP.items():
        lut[wardrobe.index(ours)] = names.index(theirs)
    for number in range(1, 5):
        scene = make_scene(120, 160, items=("top", "pants", "footwear"), seed=number)
        save_photo(folder / f"photos/{number:04}.jpg", scene.pixels)
        save_palette(folder / f"labels/{number:04}.png", lut[scene.label_map])
    for number in (1005, 1006):
        save_photo(folder / f"unlabelled/{number}.jpg", make_scene(60, 90, seed=number).pixels)
    tags = {"1005": ["null", "blouse", "skin"], "1006": ["null", "dress"], "1007": ["null", "coat"]}
    (folder / "unlabelled_tags.json").write_text(json.dumps(tags))
    (folder / "labels.txt").write_text("\n".join(names) + "\n")
    (folder / "train.txt").write_text("0001\n0002\n0003\n")
    (folder / "val.txt").write_text("0004\n")
    return folder


@pytest.fixture
def flat_lay(tmp_path: Path) -> Path:
    """`layouts.flat_lay`."""
    return layouts.flat_lay(tmp_path / "flatlay")


@pytest.fixture
def products(tmp_path: Path, make_scene: Callable[..., Scene]) -> Path:
    """Forty shop photos in a stored ZIP; one row of the table has no photo, one comes twice."""
    folder = tmp_path / "products"
    folder.mkdir()
    rows = [(str(n), "Men", "Shirts", "Navy Blue", "Summer") for n in range(100, 140)]
    with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
        for number, *_ in rows:
            stream = io.BytesIO()
            pixels = make_scene(60, 80, items=("top",), kind="flat", seed=int(number)).pixels
            Image.fromarray(pixels).save(stream, "JPEG")
            archive.writestr(f"{number}.jpg", stream.getvalue())
    rows += [("999", "Men", "Shirts", "Red", "Fall"), rows[0]]
    write_table(folder / "styles.csv", ["id", "gender", "articleType", "baseColour", "season"], rows)
    return folder


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])


def write_json(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content))
