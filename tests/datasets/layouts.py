"""Small datasets in the exact layouts that they are published in, with known shapes."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ewardrobe.datasets import Instance, Sample, open_dataset
from tests.conftest import render_scene

WIDTH, HEIGHT = SIZE = 80, 60
SQUARE = [10, 10, 30, 10, 30, 30, 10, 30]
"""20 x 20 pixels."""
TRIANGLE = [40.5, 10, 70, 50, 40.5, 50]


def only(path: Path, **options: Any) -> Sample:
    (sample,) = open_dataset(path, **options)
    return sample


def instances(sample: Sample) -> tuple[Instance, ...]:
    assert sample.instances is not None
    return sample.instances


def faults(sample: Sample) -> tuple[str, ...]:
    assert sample.annotation is not None
    assert all("\n" not in fault for fault in sample.annotation.faults)
    return sample.annotation.faults


def write_photo(path: Path, size: tuple[int, int] = (WIDTH, HEIGHT), **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shade = sum(path.name.encode()) % 200
    Image.new("RGB", size, (shade, 90, 120)).save(path, **options)
    return path


def filled(*boxes: Sequence[int], size: tuple[int, int] = (WIDTH, HEIGHT)) -> npt.NDArray[np.bool_]:
    """A mask that is true in the boxes (left, top, right, bottom)."""
    mask = np.zeros((size[1], size[0]), dtype=bool)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return mask


def write_json(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


LANDMARK_COUNTS = (25, 33, 31, 39, 15, 15, 10, 14, 8, 29, 37, 19, 19)


def deepfashion2_item(category: int, segmentation: list[list[float]], **more: Any) -> dict[str, Any]:
    landmarks = [value for n in range(LANDMARK_COUNTS[category - 1]) for value in (n + 1, n + 2, n % 3)]
    xs = [value for ring in segmentation for value in ring[0::2]]
    ys = [value for ring in segmentation for value in ring[1::2]]
    return {
        "segmentation": segmentation,
        "scale": 2,
        "viewpoint": 2,
        "zoom_in": 1,
        "landmarks": landmarks,
        "style": 0,
        "bounding_box": [min(xs), min(ys), max(xs), max(ys)],
        "category_id": category,
        "occlusion": 1,
        "category_name": "as the dataset names it",
        **more,
    }


def deepfashion2(folder: Path, *, train: int = 4, validation: int = 2) -> Path:
    """`train` and `validation` photos, each with a top (a square) and trousers (a triangle, a part on it)."""
    for split, count in (("train", train), ("validation", validation)):
        for number in range(1, count + 1):
            write_photo(folder / split / "image" / f"{number:06}.jpg")
            part = [45, 40, 55, 40, 55, 48, 45, 48]
            content = {
                "item2": deepfashion2_item(8, [TRIANGLE, part], style=1),
                "source": "user" if number % 2 else "shop",
                "pair_id": (number + 1) // 2,
                "item1": deepfashion2_item(1, [SQUARE]),
            }
            write_json(folder / split / "annos" / f"{number:06}.json", content)
    return folder


CATEGORIES_2020 = Path(__file__).parents[2] / "src/ewardrobe/taxonomy/data/imaterialist.json"


def imaterialist(folder: Path, *, year: int = 2020, copies: int = 1) -> Path:
    """Photos `aa` (a shirt, a sleeve on it) and `bb` (a shoe in two runs); `aa`'s rows are not together.

    Copies of the two are `aa1`, `bb1`, `aa2` and so on.
    """
    names = [row["name"] for row in json.loads(CATEGORIES_2020.read_text())["classes"][1:]]
    described = {
        "categories": [{"id": i, "name": n, "supercategory": "", "level": 2} for i, n in enumerate(names)],
        "attributes": [
            {"id": i, "name": f"attribute {i}", "supercategory": "", "level": 1} for i in range(294)
        ],
    }
    write_json(folder / "label_descriptions.json", described)
    shirt, sleeve = kaggle_runs(filled((10, 10, 30, 30))), kaggle_runs(filled((10, 10, 15, 20)))
    shoe = kaggle_runs(filled((0, 0, 4, 5), (76, 55, 80, 60)))
    header = ["ImageId", "EncodedPixels", "Height", "Width", "ClassId"]
    rows: list[list[object]] = []
    for number in range(copies):
        one, two = (f"{name}{number or ''}" for name in ("aa", "bb"))
        for name in (one, two):
            write_photo(folder / f"train/{name}.jpg")
        if year == 2020:
            rows += [
                [one, shirt, HEIGHT, WIDTH, 0, "115,136,143"],
                [two, shoe, HEIGHT, WIDTH, 23, ""],
                [one, sleeve, HEIGHT, WIDTH, 31, "160"],
            ]
        else:
            rows += [
                [f"{one}.jpg", shirt, HEIGHT, WIDTH, "0_15_36"],
                [f"{two}.jpg", shoe, HEIGHT, WIDTH, "23"],
                [f"{one}.jpg", sleeve, HEIGHT, WIDTH, "31_5"],
            ]
    if year == 2020:
        header.append("AttributesIds")
    write_csv(folder / "train.csv", [header, *rows])
    return folder


def write_csv(path: Path, rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def kaggle_runs(mask: npt.NDArray[np.bool_]) -> str:
    """Start length start length ..., from 1, column by column; written independently of the reader."""
    pixels = np.concatenate([[0], mask.T.ravel().astype(int), [0]])
    changes = np.flatnonzero(np.diff(pixels)) + 1
    starts, ends = changes[0::2], changes[1::2]
    return " ".join(f"{start} {end - start}" for start, end in zip(starts, ends, strict=True))


def coco_document(annotations: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """One photo `a.jpg` with id 7 and the classes shirt (1) and shoe (4), neither in order nor from 0."""
    return {
        "info": {"description": "généré"},
        "images": [{"id": 7, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT, "license": 1}],
        "annotations": annotations,
        "categories": [{"id": 4, "name": "shoe"}, {"id": 1, "name": "shirt"}],
        **more,
    }


def coco_annotation(number: int, segmentation: object, **more: Any) -> dict[str, Any]:
    base = {"id": number, "image_id": 7, "category_id": 1, "segmentation": segmentation, "iscrowd": 0}
    return {**base, **more}


def coco(folder: Path, annotations: list[dict[str, Any]], **more: Any) -> Path:
    write_photo(folder / "images/a.jpg")
    write_json(folder / "annotations/instances_train.json", coco_document(annotations, **more))
    return folder


def people_clothing_map(labels: Sequence[str]) -> npt.NDArray[np.uint8]:
    """A square of jeans in a file whose classes are in the order of `labels`."""
    return np.where(filled((10, 10, 30, 30)), labels.index("jeans"), 0).astype(np.uint8)


def people_clothing_kaggle(
    folder: Path, labels: Sequence[str], *, numbers: Sequence[int] = (183, 184, 730)
) -> Path:
    for number in numbers:
        write_photo(folder / f"png_images/IMAGES/img_{number:04}.png")
        write_photo(folder / f"jpeg_images/IMAGES/img_{number:04}.jpeg")
        for kind, suffix in (("png", "png"), ("jpeg", "jpeg")):
            path = folder / f"{kind}_masks/MASKS/seg_{number:04}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(people_clothing_map(labels)).save(path)
    write_csv(folder / "labels.csv", [["", "label_list"], *enumerate(labels)])
    return folder


def people_clothing_original(folder: Path, labels: Sequence[str], *, numbers: Sequence[int]) -> Path:
    """Needs SciPy; every second label map is compressed."""
    from scipy import io

    for kind in ("pixel-level", "image-level"):
        (folder / "annotations" / kind).mkdir(parents=True)
    names = np.empty((1, len(labels)), dtype=object)
    names[0, :] = list(labels)
    io.savemat(folder / "label_list.mat", {"label_list": names})
    for number in numbers:
        write_photo(folder / f"photos/{number:04}.jpg")
        file = folder / f"annotations/pixel-level/{number:04}.mat"
        io.savemat(file, {"groundtruth": people_clothing_map(labels)}, do_compression=number % 2 == 1)
    return folder


def flat_lay(folder: Path) -> Path:
    """Two rendered flat garments, a T-shirt (train) and a pair of pants (val), with their soft masks."""
    rows = [("aa", "T-Shirt", "False", "train", "top"), ("bb", "Pants", "True", "val", "pants")]
    for kind in ("photos", "alpha"):
        (folder / kind).mkdir(parents=True)
    for name, *_, item in rows:
        scene = render_scene(90, 120, items=(item,), kind="flat", seed=3)
        Image.fromarray(scene.pixels).save(folder / f"photos/{name}.jpg", quality=95)
        Image.fromarray(np.round(scene.coverage * 255).astype(np.uint8)).save(folder / f"alpha/{name}.png")
    write_csv(folder / "items.csv", [["image", "label", "kids", "split"], *(row[:4] for row in rows)])
    return folder


def yolo(folder: Path, lines: Sequence[str], *, names: str = "names: [shirt, shoe]") -> Path:
    write_photo(folder / "images/train/a.jpg")
    write_photo(folder / "images/val/b.jpg")
    label = folder / "labels/train/a.txt"
    label.parent.mkdir(parents=True, exist_ok=True)
    label.write_text("\n".join(lines) + "\n")
    (folder / "data.yaml").write_text(f"path: .\ntrain: images/train\nval: images/val\n{names}\n")
    return folder
