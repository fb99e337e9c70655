"""How far two people who labelled the same photos agree: what no model can honestly be asked to beat.

    EWARDROBE_DATA=... python benchmarks/annotators.py

Ten of CCP's photos are five photos labelled twice, from copies that differ by a few pixels. The second copy is scaled
to the first and shifted onto it (phase correlation), its labels with it (nearest neighbour); then one is scored as if
it were a prediction of the other. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
from timing import grid

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets import CCP_PAIRS, Sample, open_dataset
from ewardrobe.evaluation import Scorer
from ewardrobe.evaluation.scores import mean_scores
from ewardrobe.taxonomy import IGNORE

TAXONOMIES = ("parts", "wardrobe")


def aligned(first: Sample, second: Sample) -> tuple[np.ndarray, np.ndarray]:
    """The label maps of both, the second laid over the first; 255 where it does not reach."""
    photo, labels = first.read()
    other, others = second.read()
    size = (photo.width, photo.height)
    grey = [
        cv2.cvtColor(cv2.resize(p.pixels, size), cv2.COLOR_RGB2GRAY).astype(float) for p in (photo, other)
    ]
    (across, down), _ = cv2.phaseCorrelate(grey[1], grey[0], cv2.createHanningWindow(size, cv2.CV_64F))
    small = cv2.resize(others, size, interpolation=cv2.INTER_NEAREST)
    move = np.array([[1, 0, across], [0, 1, down]])
    moved = cv2.warpAffine(small, move, size, flags=cv2.INTER_NEAREST, borderValue=IGNORE)
    return labels, np.asarray(moved, np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("EWARDROBE_DATA", "../shared/data"))
    options = parser.parse_args()
    samples = {sample.id: sample for sample in open_dataset(Path(options.data) / "ccp")}
    pairs = [tuple(pair) for pair in CCP_PAIRS if all(name in samples for name in pair)]
    maps = [aligned(samples[first], samples[second]) for first, second in pairs]
    rows = []
    for name in TAXONOMIES:
        to = taxonomies.load_map("people-clothing", name)
        scorer = Scorer(to.target)
        for first, second in maps:
            mine, theirs = to.apply(first), to.apply(second)
            mine[theirs == IGNORE] = IGNORE
            scorer.add(mine, np.where(mine == IGNORE, mine, theirs))
        counted = scorer.counts.labelled_photos > 0
        scores = mean_scores(scorer.counts, to.target, counted=counted)
        for score in ("miou", "garment_miou", "foreground_iou"):
            rows.append([name, score, str(scores[score])])
    print(f"{len(pairs)} photos labelled twice; intervals over photos\n")
    print(grid(["taxonomy", "score", "agreement [95 %]"], rows))


if __name__ == "__main__":
    main()
