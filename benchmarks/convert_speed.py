"""How fast DeepFashion2 becomes COCO: `ewardrobe dataset convert` beside the straightforward script.

A synthetic DeepFashion2 in the official layout is written first: photos of the usual sizes (headers that are
read, pixels that are not), one to three items each with polygons and landmarks in the usual numbers. Then the
labels alone are converted, photos left in place, by both in turn, and the masks are compared.

    uv run python benchmarks/convert_speed.py --share 0.05
    uv run python benchmarks/convert_speed.py               the official size, 191,961 photos with annotations

The straightforward script reads each JSON, opens each photo with Pillow for its size, and writes everything
with one `json.dump` at the end, as the dataset's own converter does; its `area` is that of the box, where ours
is that of the mask. CPU seconds are those of all processes, and peak memory is that of the largest one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import zip_longest
from pathlib import Path

from PIL import Image

from ewardrobe.datasets.deepfashion2 import LANDMARKS
from ewardrobe.datasets.json_stream import stream_members

OFFICIAL = 191_961
SIZES = ((468, 624), (750, 1000), (600, 800), (800, 800), (556, 556), (640, 960))


def make_dataset(folder: Path, photos: int) -> None:
    """Write the `train` split of a synthetic DeepFashion2."""
    chance = random.Random(0)
    image, annos = folder / "train/image", folder / "train/annos"
    image.mkdir(parents=True)
    annos.mkdir(parents=True)
    files = []
    for number, size in enumerate(SIZES):
        path = folder / f"{number}.jpg"
        Image.effect_noise(size, 40).convert("RGB").save(path, quality=85)
        files.append(path.read_bytes()[:8192])
        path.unlink()
    for number in range(1, photos + 1):
        which = number % len(SIZES)
        (image / f"{number:06}.jpg").write_bytes(files[which])
        content: dict[str, object] = {"source": chance.choice(("shop", "user")), "pair_id": number // 9}
        for item in range(1, chance.choice((1, 1, 2, 2, 3)) + 1):
            content[f"item{item}"] = make_item(chance, SIZES[which])
        (annos / f"{number:06}.json").write_text(json.dumps(content))


def make_item(chance: random.Random, size: tuple[int, int]) -> dict[str, object]:
    category = chance.choice((1, 1, 2, 7, 8, 8, 9, 10, 12))
    width, height = size
    left, top = chance.randrange(width // 3), chance.randrange(height // 3)
    right, bottom = chance.randrange(2 * width // 3, width), chance.randrange(2 * height // 3, height)
    whole = outline(chance, left, top, right, bottom, chance.randrange(12, 34))
    segmentation = [whole]
    for _ in range(chance.choice((0, 1, 2))):
        middle = chance.randrange(left + 5, right - 5)
        segmentation.append(outline(chance, left, top, middle, bottom, chance.randrange(6, 14)))
    landmarks = [
        value
        for _ in range(LANDMARKS[category])
        for value in (
            chance.randrange(left, right),
            chance.randrange(top, bottom),
            chance.choice((0, 1, 2, 2)),
        )
    ]
    return {
        "segmentation": segmentation,
        "scale": chance.randint(1, 3),
        "viewpoint": chance.randint(1, 3),
        "zoom_in": chance.randint(1, 3),
        "landmarks": landmarks,
        "style": chance.randint(0, 3),
        "bounding_box": [left, top, right, bottom],
        "category_id": category,
        "occlusion": chance.randint(1, 3),
        "category_name": "trousers",
    }


def outline(chance: random.Random, left: int, top: int, right: int, bottom: int, points: int) -> list[int]:
    """Points along the sides of a box, pulled inwards a little, in order."""
    ring: list[int] = []
    for side in range(4):
        for step in range(max(2, points // 4)):
            along, pull = step / max(2, points // 4), chance.random() * 0.15
            x, y = ((along, pull), (1 - pull, along), (1 - along, 1 - pull), (pull, 1 - along))[side]
            ring += [round(left + x * (right - left)), round(top + y * (bottom - top))]
    return ring


def straightforward(folder: Path, out: Path) -> None:
    """What one writes in an afternoon."""
    slots = sum(LANDMARKS.values())
    first = {category: sum(list(LANDMARKS.values())[: category - 1]) for category in LANDMARKS}
    coco: dict[str, list[dict[str, object]]] = {"images": [], "annotations": [], "categories": []}
    for category in LANDMARKS:
        names = [str(n) for n in range(1, slots + 1)]
        coco["categories"].append({"id": category, "name": str(category), "keypoints": names, "skeleton": []})
    number = 0
    for path in sorted((folder / "train/annos").iterdir()):
        image_id = int(path.stem)
        width, height = Image.open(folder / "train/image" / f"{path.stem}.jpg").size
        coco["images"].append(
            {"id": image_id, "file_name": f"{path.stem}.jpg", "width": width, "height": height}
        )
        with path.open() as file:
            content = json.load(file)
        for name, item in content.items():
            if not name.startswith("item"):
                continue
            number += 1
            left, top, right, bottom = item["bounding_box"]
            keypoints = [0] * (3 * slots)
            start = 3 * first[item["category_id"]]
            keypoints[start : start + len(item["landmarks"])] = item["landmarks"]
            coco["annotations"].append(
                {
                    "id": number,
                    "image_id": image_id,
                    "pair_id": content["pair_id"],
                    "category_id": item["category_id"],
                    "style": item["style"],
                    "segmentation": item["segmentation"],
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "iscrowd": 0,
                    "keypoints": keypoints,
                    "num_keypoints": sum(v > 0 for v in item["landmarks"][2::3]),
                }
            )
    with out.open("w") as file:
        json.dump(coco, file)


def timed(arguments: list[str]) -> dict[str, float]:
    """Wall and CPU seconds of a command and its children, and the peak of the largest process in MB."""
    reader, writer = os.pipe()
    program = "import resource,subprocess,sys,os,json;c=subprocess.call(sys.argv[2:]);" + (
        "u=resource.getrusage(resource.RUSAGE_CHILDREN);"
        "os.write(int(sys.argv[1]),json.dumps([c,u.ru_utime+u.ru_stime,u.ru_maxrss/1024]).encode())"
    )
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program, str(writer), *arguments], pass_fds=[writer], check=True)
    wall = time.perf_counter() - start
    os.close(writer)
    with os.fdopen(reader) as said:
        code, cpu, peak = json.loads(said.read())
    if code:
        raise SystemExit(f"{arguments} ended with {code}")
    return {"seconds": wall, "cpu": cpu, "peak_mb": peak}


def main() -> None:
    """Make the dataset, time both, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=1.0, help="of the official size")
    parser.add_argument("--jobs", type=int, default=2, help="processes of ours")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary one by default")
    parser.add_argument("--straightforward", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.straightforward:
        straightforward(*options.straightforward)
        return
    photos = round(OFFICIAL * options.share)
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        folder = Path(scratch)
        make_dataset(folder / "df2", photos)
        theirs = timed(
            [sys.executable, __file__, "--straightforward", str(folder / "df2"), str(folder / "theirs.json")]
        )
        convert = ["dataset", "convert", str(folder / "df2"), str(folder / "ours"), "--photos", "none"]
        ours = timed([sys.executable, "-m", "ewardrobe", *convert, "--jobs", str(options.jobs)])
        same = compare(folder / "theirs.json", folder / "ours/annotations/instances_train.json")
    print(f"{photos} photos, {same} objects, the same in both; {options.jobs} processes of ours")
    for name, found in (("straightforward", theirs), ("ewardrobe", ours)):
        print(
            f"{name:<16}{found['seconds']:9.1f} s {found['cpu']:9.1f} CPU s {found['peak_mb']:8.0f} MB at most"
        )
    print(
        f"{theirs['seconds'] / ours['seconds']:.1f} times as fast, with {ours['cpu'] / theirs['cpu']:.2f} of the CPU"
    )


def compare(theirs: Path, ours: Path) -> int:
    """How many objects both files have; ends the program when one differs."""
    keys = ("image_id", "category_id", "segmentation", "bbox", "keypoints", "num_keypoints")
    rows = [
        (
            [member.value[key] for key in keys]
            for member in stream_members(path)
            if member.key == "annotations"
        )
        for path in (theirs, ours)
    ]
    count = 0
    for one, other in zip_longest(*rows):
        if one != other:
            raise SystemExit(f"the two files differ in annotation {count + 1}")
        count += 1
    return count


if __name__ == "__main__":
    main()
