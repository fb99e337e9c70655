"""The 59 tags of People Clothing: a model's scores beside the figures that were published with the dataset.

    python benchmarks/people_clothing.py RUN/model.onnx --data DATA [--balance 0.3]

Yang, Luo and Lin (CVPR 2014) report 88.23 % of the pixels and a recognition rate of 63.89 %, for photos whose tags are
given: which garments are in the photo is known, where they are is asked. So there are two rows of scores, one for the
photo alone, and one where the model may choose among the tags that are in the photo's labels only.
`--balance` divides the probabilities by each tag's share of the training pixels to that power (logit adjustment, Menon
et al., arXiv 2007.07314): rare tags are found more often, at some cost in pixels. Prints Markdown.

*class recall* is the mean over tags of the share of their pixels that are found, over those labelled in ten photos
or more, and over all that are labelled; *garment recall* the mean over photos of the mean recall of the
garments in a photo.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from timing import grid

from ewardrobe.datasets import Dataset, open_dataset
from ewardrobe.evaluation import Scorer
from ewardrobe.evaluation.scores import mean_scores, means_over_photos
from ewardrobe.segmentation import Segmenter
from ewardrobe.segmentation.scores import ScoreMap
from ewardrobe.taxonomy import IGNORE

NAMES = ("pixel_accuracy", "class_recall", "class_recall_all", "miou", "miou_all", "garment_miou")
HEADER = ("pixels", "class recall", "of all tags", "mIoU", "of all tags", "garment mIoU", "garment recall")


def shares(train: Dataset, classes: int) -> np.ndarray:
    """Of all labelled pixels, by class."""
    pixels = np.zeros(256)
    for sample in train:
        pixels += np.bincount(sample.read()[1].ravel(), minlength=256)
    return np.maximum(pixels[:classes], 1) / pixels[:classes].sum()


def weighed(scores: ScoreMap, factors: np.ndarray) -> np.ndarray:
    """The label map after each class's probabilities are multiplied by its factor."""
    probabilities = scores.probabilities * factors[:, None, None].astype(np.float32)
    probabilities /= np.maximum(probabilities.sum(0, keepdims=True), 1e-9)
    return ScoreMap(probabilities, scores.vertical, scores.horizontal).label_map()


def garment_recall(labels: np.ndarray, predicted: np.ndarray, garments: tuple[int, ...]) -> float:
    """The mean recall of the garments that are labelled in a photo; NaN where there are none."""
    recalls = [
        (predicted[labels == index] == index).mean() for index in np.unique(labels) if index in garments
    ]
    return float(np.mean(recalls)) if recalls else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="an ONNX file of the taxonomy people-clothing")
    parser.add_argument("--data", type=Path, default=os.environ.get("EWARDROBE_DATA", "../shared/data"))
    parser.add_argument("--balance", type=float, nargs="+", default=[0.0], help="one or several, 0 to 1")
    options = parser.parse_args()
    segmenter = Segmenter(options.model)
    taxonomy = segmenter.taxonomy
    train, val = (open_dataset(options.data / "ccp", split=split) for split in ("train", "val"))
    balances = [shares(train, len(taxonomy)) ** -power for power in options.balance]
    kinds = [(power, known) for power in range(len(balances)) for known in (False, True)]
    scorers = {kind: Scorer(taxonomy) for kind in kinds}
    recalls: dict[tuple[int, bool], list[float]] = {kind: [] for kind in kinds}
    for sample in val:
        photo, labels = sample.read()
        scores = segmenter.segment(photo).scores
        tags = np.isin(np.arange(len(taxonomy)), np.unique(labels[labels != IGNORE]))
        for kind in kinds:
            power, known = kind
            predicted = weighed(scores, balances[power] * tags if known else balances[power])
            scorers[kind].add(labels, predicted)
            recalls[kind].append(garment_recall(labels, predicted, taxonomy.garments))
    rows = []
    for kind in kinds:
        power, known = kind
        scores_of = mean_scores(scorers[kind].counts, taxonomy, names=NAMES)
        recall = means_over_photos({"recall": recalls[kind]})["recall"]
        given = "tags given" if known else "photo alone"
        rows.append(
            [f"{given}, balance {options.balance[power]:g}", *map(str, scores_of.values()), str(recall)]
        )
    rows.append(["published, tags given", "0.882", "0.639", *["-"] * 5])
    print(grid(["", *HEADER], rows))


if __name__ == "__main__":
    main()
