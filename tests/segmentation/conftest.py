from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ewardrobe.segmentation import Segmenter
from ewardrobe.segmentation.geometry import Axis
from ewardrobe.segmentation.scores import ScoreMap
from tests.segmentation.models import write_colour_model

CertainScores = Callable[..., ScoreMap]


@pytest.fixture(scope="session")
def colour_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A described model of stride 4 at 256 pixels that sees each class as its colour."""
    return write_colour_model(tmp_path_factory.mktemp("models") / "colours.onnx")


@pytest.fixture(scope="session")
def segmenter(colour_model: Path) -> Segmenter:
    return Segmenter(colour_model, threads=1)


@pytest.fixture(scope="session")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    """One cell per pixel at 400 pixels: what is painted is what is found."""
    path = tmp_path_factory.mktemp("models") / "exact.onnx"
    return Segmenter(write_colour_model(path, stride=1, long_side=400), threads=1)


@pytest.fixture
def certain_scores() -> CertainScores:
    """Scores of one cell per pixel that are as sure of a label map as they are told."""

    def make(labels: npt.NDArray[np.uint8], sure: float = 0.9, classes: int = 17) -> ScoreMap:
        rest = (1 - sure) / (classes - 1)
        scores = np.full((classes, *labels.shape), rest, dtype=np.float32)
        np.put_along_axis(scores, labels[None].astype(np.intp), np.float32(sure), axis=0)
        height, width = labels.shape
        return ScoreMap(scores, Axis(height, height, 1.0, 0.0), Axis(width, width, 1.0, 0.0))

    return make
