"""How well objects are found again in a label map that shows only their classes (`datasets.drawn.find_instances`).

    uv run python benchmarks/instance_rule.py ../shared/data

Objects that people outlined one by one (the DeepFashion2 and Fashionpedia samples) are drawn into a label map, where
the smaller lies on top, and found in it again. Each is matched to the found one of its class that it overlaps most:
IoU with its whole mask, and with what is visible of it in the label map. Label maps of People Clothing tell objects
of one class apart nowhere: there, regions before and objects after joining are counted by class, and photos are put
beside each other in twos, where the objects of each alone should be found again.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets import Instance, open_dataset
from ewardrobe.datasets.drawn import draw_instances, find_instances
from ewardrobe.datasets.views import Remapped
from ewardrobe.segmentation.components import find_regions
from ewardrobe.taxonomy import Taxonomy

LabelMap = NDArray[np.uint8]
Size = tuple[int, int]
Outlined = tuple[Sequence[Instance], LabelMap]
"""The objects of a photo as people outlined them, and the label map drawn from them."""


def deepfashion2(samples: Path) -> Iterator[Outlined]:
    """The photos of the COCO sample, and the one original annotation, whose photo of 468x624 is not there."""
    for sample in open_dataset(samples / "deepfashion2_coco", taxonomy="deepfashion2"):
        assert sample.label_map is not None
        yield sample.instances or (), sample.label_map
    content = json.loads((samples / "deepfashion2/000001.json").read_text())
    own, size = taxonomies.load("deepfashion2"), (468, 624)
    items = [value for key, value in sorted(content.items()) if key.startswith("item")]
    objects = [
        Instance(own[item["category_id"]].name, polygons=tuple(item["segmentation"])) for item in items
    ]
    yield objects, draw_instances(objects, size, {item.name: item.index for item in own})


def fashionpedia(samples: Path, target: str | None) -> Iterator[Outlined]:
    """The sample's photos, in another taxonomy perhaps, where sleeves and collars give way to their garment."""
    dataset = open_dataset(samples / "fashionpedia", taxonomy="fashionpedia")
    if target is not None:
        dataset = Remapped(dataset, taxonomies.load_map("fashionpedia", target))
    for sample in dataset:
        assert sample.label_map is not None
        yield sample.instances or (), sample.label_map


def found_again(name: str, outlined: Iterator[Outlined], taxonomy: Taxonomy) -> None:
    """Print a line for a dataset: how many objects there are and were found, and how well they overlap."""
    true = found = alike = 0
    whole: list[float] = []
    visible: list[float] = []
    for objects, label_map in outlined:
        height, width = label_map.shape
        again = find_instances(label_map, taxonomy)
        true, found = true + len(objects), found + len(again)
        for item in objects:
            mask = item.mask((width, height))
            seen = mask & (label_map == taxonomy.index(item.label))
            others = [other.mask((width, height)) for other in again if other.label == item.label]
            whole.append(max((iou(mask, other) for other in others), default=0.0))
            visible.append(max((iou(seen, other) for other in others), default=0.0))
            alike += visible[-1] > 0.9
    print(
        f"{name:<28}{true:8}{found:8}{alike:8}{np.mean(whole):10.3f}{np.mean(visible):10.3f}{min(visible):10.3f}"
    )


def iou(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks; 0 for two empty ones."""
    return float((first & second).sum() / max((first | second).sum(), 1))


def counted(maps: Sequence[LabelMap], taxonomy: Taxonomy) -> None:
    """Print a row for each class: photos that have it, regions, objects."""
    photos, regions, objects = Counter[str](), Counter[str](), Counter[str]()
    for label_map in maps:
        labels = [item.index for item in taxonomy if item.kind != "background"]
        regions.update(taxonomy[region.label].name for region in find_regions(label_map, labels))
        found = Counter(item.label for item in find_instances(label_map, taxonomy))
        photos.update(found.keys())
        objects.update(found)
    print(f"\n{'class':<14}{'photos':>8}{'regions':>9}{'objects':>9}{'objects a photo':>17}")
    for name, count in photos.most_common():
        print(f"{name:<14}{count:8}{regions[name]:9}{objects[name]:9}{objects[name] / count:17.2f}")
    totals = sum(photos.values()), regions.total(), objects.total()
    print(f"{'all':<14}{totals[0]:8}{totals[1]:9}{totals[2]:9}{totals[2] / totals[0]:17.2f}")


def side_by_side(maps: Sequence[LabelMap], taxonomy: Taxonomy) -> None:
    """Print how many objects of two photos put beside each other are found as in each alone."""
    expected = found = alike = 0
    for left, right in list(pairwise(maps))[::2]:
        both = np.zeros((max(left.shape[0], right.shape[0]), left.shape[1] + right.shape[1]), np.uint8)
        both[: left.shape[0], : left.shape[1]] = left
        both[: right.shape[0], left.shape[1] :] = right
        height, width = both.shape
        alone = [
            (item.label, offset, item.mask((part.shape[1], part.shape[0])))
            for part, offset in ((left, 0), (right, left.shape[1]))
            for item in find_instances(part, taxonomy)
        ]
        together = [(item.label, item.mask((width, height))) for item in find_instances(both, taxonomy)]
        expected, found = expected + len(alone), found + len(together)
        for label, offset, mask in alone:
            placed = np.zeros((height, width), dtype=bool)
            placed[: mask.shape[0], offset : offset + mask.shape[1]] = mask
            alike += any(name == label and iou(placed, other) > 0.9 for name, other in together)
    print(
        f"\ntwo photos beside each other: {expected} objects, {found} found, {alike} of them alike (IoU > 0.9)"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the development data")
    parser.add_argument("--photos", type=int, default=854, help="of People Clothing")
    options = parser.parse_args()
    samples = options.data / "samples"
    header = ("objects", "found", "alike", "whole IoU", "visible", "worst")
    print(f"{'':<28}" + "".join(f"{name:>{8 if at < 3 else 10}}" for at, name in enumerate(header)))
    found_again("deepfashion2, 3 photos", deepfashion2(samples), taxonomies.load("deepfashion2"))
    for target in (None, "wardrobe"):
        name = f"fashionpedia{f' as {target}' if target else ', 2 photos'}"
        found_again(name, fashionpedia(samples, target), taxonomies.load(target or "fashionpedia"))
    dataset = open_dataset(options.data / "ccp").take(options.photos)
    wardrobe = Remapped(dataset, taxonomies.load_map("people-clothing", "wardrobe"))
    maps = [sample.label_map for sample in wardrobe if sample.label_map is not None]
    counted(maps, taxonomies.load("wardrobe"))
    side_by_side(maps[:200], taxonomies.load("wardrobe"))


if __name__ == "__main__":
    main()
