"""Agreement with torchmetrics, where PyTorch is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ewardrobe import taxonomy
from ewardrobe.evaluation import Scorer
from ewardrobe.evaluation.scores import class_scores, mean_scores
from ewardrobe.taxonomy import IGNORE

pytestmark = pytest.mark.train
torch = pytest.importorskip("torch")
classification = pytest.importorskip("torchmetrics.classification")

WARDROBE = taxonomy.load("wardrobe")
CLASSES = len(WARDROBE)
LabelMap = npt.NDArray[np.uint8]


def photos(seed: int) -> list[tuple[LabelMap, LabelMap]]:
    """Blocks of all classes, a fifth of them mistaken, a tenth of the labels ignored."""
    random = np.random.default_rng(seed)
    pairs = []
    for _ in range(6):
        labels = np.kron(random.integers(0, CLASSES, (12, 10)), np.ones((5, 4))).astype(np.uint8)
        found = np.where(random.random(labels.shape) < 0.2, random.integers(0, CLASSES, labels.shape), labels)
        labels[random.random(labels.shape) < 0.1] = IGNORE
        pairs.append((labels, found.astype(np.uint8)))
    return pairs


@pytest.mark.parametrize("seed", range(3))
def test_scores_agree(seed: int) -> None:
    pairs = photos(seed)
    scorer = Scorer(WARDROBE)
    for labels, found in pairs:
        scorer.add(labels, found)
    counts = scorer.counts
    ours = mean_scores(counts, WARDROBE, counted=np.ones(CLASSES, np.bool_), resamples=2)
    labels = torch.from_numpy(np.stack([pair[0] for pair in pairs]).astype(np.int64))
    found = torch.from_numpy(np.stack([pair[1] for pair in pairs]).astype(np.int64))

    def theirs(name: str, average: str | None) -> Any:
        metric = getattr(classification, f"Multiclass{name}")
        return metric(CLASSES, average=average, ignore_index=IGNORE)(found, labels).numpy()

    expected = {
        "miou": theirs("JaccardIndex", "macro"),
        "fw_iou": theirs("JaccardIndex", "weighted"),
        "pixel_accuracy": theirs("Accuracy", "micro"),
        "class_recall": theirs("Accuracy", "macro"),
        "f1": theirs("F1Score", "macro"),
    }
    for name, value in expected.items():
        assert ours[name].value == pytest.approx(float(value), abs=1e-6), name
    rows = class_scores(counts, WARDROBE, resamples=2)
    for metric, values in (
        ("JaccardIndex", [row.iou.value for row in rows]),
        ("Precision", [row.precision for row in rows]),
        ("Recall", [row.recall for row in rows]),
        ("F1Score", [row.f1.value for row in rows]),
    ):
        assert theirs(metric, None) == pytest.approx(np.array(values), abs=1e-6), metric
    assert ours["miou"].value < 0.9
