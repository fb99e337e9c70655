"""Heads made by hand for the colour models of `tests.segmentation.models`, and garments painted for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.attributes.heads import Heads, ReadOut
from ewardrobe.segmentation.onnxfile import graph_sha256
from ewardrobe.taxonomy import load

CHANNELS = 3
"""Features of a colour model: the mean of R, G and B."""

INPUTS = CHANNELS + 2 * 17 + 4


def heads_for(
    model: Path, *, temperature: float = 1.0, style: str = "sporty", season: str = "summer"
) -> Heads:
    """Heads that answer with the first type of the class under the mask, always `style` and always `season`."""
    vocabulary, classes = type_vocabulary(), load("wardrobe")
    weights = np.zeros((1, INPUTS, len(vocabulary.types)), dtype=np.float32)
    for column, kind in enumerate(vocabulary.types):
        first = next(item for item in vocabulary.types if item.classes[0] == kind.classes[0])
        weights[0, CHANNELS + classes.index(kind.classes[0]), column] = 8.0 if kind is first else 6.0
    return Heads(
        model="colours",
        model_sha256=graph_sha256(model),
        centre=np.zeros(INPUTS, dtype=np.float32),
        spread=np.ones(INPUTS, dtype=np.float32),
        weights=np.eye(INPUTS, dtype=np.float32)[None],
        bias=np.zeros((1, INPUTS), dtype=np.float32),
        read_outs={
            "type": ReadOut(
                vocabulary.names, weights, np.zeros((1, len(vocabulary.types)), np.float32), temperature
            ),
            "style": _always(tuple(vocabulary.styles), style),
            "season": _always(vocabulary.seasons, season),
        },
        projection=np.array([[1, -1, 0], [0, 1, -1]], dtype=np.float32),
        projection_centre=np.zeros(CHANNELS, dtype=np.float32),
        about={"made": "by hand"},
    )


def _always(names: tuple[str, ...], answer: str) -> ReadOut:
    bias = np.where(np.array(names) == answer, 4.0, 0.0).astype(np.float32)
    return ReadOut(names, np.zeros((1, INPUTS, len(names)), np.float32), bias[None], 1.0)
