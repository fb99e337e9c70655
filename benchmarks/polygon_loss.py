"""What one polygon for each object loses of a mask: real label maps to YOLO's polygons and back.

    uv run python benchmarks/polygon_loss.py ../shared/data/ccp --photos 40

Each object of each label map is outlined with several tolerances, parts and holes joined, written with six
digits as the YOLO writer does, and filled again: by pycocotools, as this project reads it, and by OpenCV on
whole pixels with the outline drawn, as Ultralytics does. IoU with the mask it came from.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from ewardrobe.datasets import Instance, open_dataset
from ewardrobe.datasets.drawn import find_instances
from ewardrobe.datasets.writers import joined_ring

TOLERANCES = (0.0, 0.5, 1.0, 2.0)


def main() -> None:
    """Measure and print a row for each tolerance."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--photos", type=int, default=40)
    options = parser.parse_args()
    dataset = open_dataset(options.dataset, split="val").take(options.photos)
    assert dataset.taxonomy is not None
    found: dict[float, list[tuple[float, float, int]]] = {tolerance: [] for tolerance in TOLERANCES}
    for sample in dataset:
        label_map = sample.label_map
        assert label_map is not None
        height, width = label_map.shape
        for instance in find_instances(label_map, dataset.taxonomy):
            mask = instance.mask((width, height))
            for tolerance in TOLERANCES:
                ring = joined_ring(instance, (width, height), tolerance)
                assert ring is not None
                scale = np.tile([width, height], len(ring) // 2)
                written = np.array([float(f"{v:.6g}") for v in np.array(ring) / scale]) * scale
                again = Instance("x", polygons=(written.tolist(),)).mask((width, height))
                points = written.astype(np.int32).reshape(-1, 1, 2)
                drawn = cv2.fillPoly(np.zeros(mask.shape, np.uint8), [points], 1).astype(bool)
                found[tolerance].append((iou(mask, again), iou(mask, drawn), len(ring) // 2))
    print(f"{len(found[0.0])} objects of {len(dataset)} photos")
    print(
        "tolerance  IoU read here: mean, worst   IoU as Ultralytics fills: mean, 5th percentile   points: median"
    )
    for tolerance, rows in found.items():
        here, there, points_ = (np.array(column) for column in zip(*rows, strict=True))
        print(
            f"{tolerance:9}  {here.mean():19.4f} {here.min():7.4f}   {there.mean():30.4f}"
            f" {np.percentile(there, 5):15.4f}   {np.median(points_):14.0f}"
        )


def iou(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((first & second).sum() / (first | second).sum())


if __name__ == "__main__":
    main()
