"""Photos whose garments are known: rendered scenes, segmented by their own truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ewardrobe.imaging import PhotoSource, open_photo
from ewardrobe.segmentation import Segmentation
from ewardrobe.segmentation.geometry import Axis
from ewardrobe.segmentation.instances import find_instances
from ewardrobe.segmentation.scores import ScoreMap
from ewardrobe.taxonomy import load
from tests.conftest import Scene, render_scene

Segmented = Callable[..., Segmentation]


def truth_of(scene: Scene, source: PhotoSource | None = None) -> Segmentation:
    """The scene as a model would give it that is sure of the truth; `source`: the photo, if not the scene's pixels."""
    wardrobe = load("wardrobe")
    labels = scene.label_map.copy()
    scores = np.full((len(wardrobe), *labels.shape), 0.1 / (len(wardrobe) - 1), np.float32)
    np.put_along_axis(scores, labels[None].astype(np.intp), np.float32(0.9), axis=0)
    height, width = labels.shape
    score_map = ScoreMap(scores, Axis(height, height, 1.0, 0.0), Axis(width, width, 1.0, 0.0))
    instances = find_instances(labels, score_map, wardrobe)
    photo = open_photo(scene.pixels if source is None else source)
    return Segmentation.build(photo, wardrobe, labels, instances, model="truth", scores=score_map)


@pytest.fixture(scope="session")
def segmented() -> Segmented:
    """`segmented(items=..., people=..., seed=...)` is a small scene, segmented by its truth."""

    def make(**how: object) -> Segmentation:
        return truth_of(render_scene(150, 220, **how))  # type: ignore[arg-type]

    return make


@pytest.fixture
def scene_file(tmp_path: Path) -> Callable[..., tuple[Path, Scene]]:
    """`scene_file("a.png", mode="RGBA", ...)` writes a scene as a file, its rows and columns as `orientation` says."""

    def make(name: str, *, turn: Image.Transpose | None = None, **options: object) -> tuple[Path, Scene]:
        scene = render_scene(150, 220, items=("top", "pants"))
        image = Image.fromarray(scene.pixels)
        path = tmp_path / name
        (image if turn is None else image.transpose(turn)).save(path, **options)  # type: ignore[arg-type]
        return path, scene

    return make
