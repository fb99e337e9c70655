"""The fixed colour vocabulary: about thirty names that people use for clothes, and how likely each is for a colour.

Each name is a small mixture of Gaussians in OKLab, fitted by `benchmarks/fit_colours.py`; `data/colours.json` holds the
parameters, the words people use for the same name, and which human labels each name may stand for, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from .perceptual import oklab_from_srgb

__all__ = ["MULTICOLOUR", "ColourVocabulary", "colour_names", "colour_of_word", "name_colour", "vocabulary"]

MULTICOLOUR = "multicolour"
"""The main colour of a garment in which no colour leads."""


@dataclass(frozen=True)
class ColourVocabulary:
    """The names and their densities.

    Attributes:
        names: the V names, in the order of `probabilities`' columns.
        swatches: uint8 (V, 3), a typical sRGB colour of each name.
        words: what else people say for a name ("maroon" -> "burgundy"), lower case.
        labels: human shop labels -> the names that are right for them, the closest first.
        settings: thresholds fitted with the densities (`benchmarks/fit_colours.py`).
    """

    names: tuple[str, ...]
    swatches: npt.NDArray[np.uint8]
    words: Mapping[str, str]
    labels: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, float]
    owner: npt.NDArray[np.intp]
    means: npt.NDArray[np.float64]
    factors: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.float64]

    def probabilities(self, oklab: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """How likely each name is for OKLab colours (N, 3): float64 (N, V), rows sum to 1."""
        points = np.atleast_2d(np.asarray(oklab, np.float64))
        steps = np.einsum("kij,nkj->nki", self.factors, points[:, None, :] - self.means[None])
        scores = self.offsets - 0.5 * np.square(steps).sum(axis=2)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        per_name = np.zeros((len(points), len(self.names)))
        np.add.at(per_name.T, self.owner, scores.T)
        return np.asarray(per_name / per_name.sum(axis=1, keepdims=True))

    def name(self, oklab: npt.ArrayLike) -> str:
        """The likeliest name of one OKLab colour."""
        return self.names[int(self.probabilities(oklab)[0].argmax())]


def _from_json(document: Mapping[str, Any]) -> ColourVocabulary:
    entries = document["names"]
    owner, means, factors, offsets = [], [], [], []
    for number, entry in enumerate(entries):
        for part in entry["parts"]:
            owner.append(number)
            means.append(part["mean"])
            factor = np.zeros((3, 3))
            factor[np.tril_indices(3)] = part["factor"]
            factors.append(factor)
            offsets.append(part["offset"])
    words = {word: entry["name"] for entry in entries for word in (entry["name"], *entry["words"])}
    return ColourVocabulary(
        names=tuple(entry["name"] for entry in entries),
        swatches=np.array([entry["swatch"] for entry in entries], np.uint8),
        words=words,
        labels={label: tuple(rule["names"]) for label, rule in document["labels"].items()},
        settings=document["settings"],
        owner=np.array(owner),
        means=np.array(means),
        factors=np.array(factors),
        offsets=np.array(offsets),
    )


@cache
def vocabulary() -> ColourVocabulary:
    """The shipped vocabulary, read once."""
    source = resources.files(__package__) / "data" / "colours.json"
    return _from_json(json.loads(source.read_text("utf-8")))


def colour_names() -> tuple[str, ...]:
    """Every name a garment's main colour can have: the vocabulary's and `MULTICOLOUR`."""
    return (*vocabulary().names, MULTICOLOUR)


def colour_of_word(word: str) -> str | None:
    """The vocabulary's name for what a person typed ("Maroon" -> "burgundy"), or None.

    Examples:
        >>> colour_of_word("off white")
        'cream'
    """
    cleaned = " ".join(word.lower().replace("-", " ").replace("_", " ").split())
    if cleaned in (
        MULTICOLOUR,
        "multicolor",
        "multi",
        "multicoloured",
        "multicolored",
        "colourful",
        "colorful",
    ):
        return MULTICOLOUR
    return vocabulary().words.get(cleaned)


def name_colour(rgb: npt.ArrayLike) -> str:
    """The name people would give one sRGB colour (3 values, 0..255).

    Examples:
        >>> name_colour((28, 36, 70))
        'navy'
    """
    return vocabulary().name(oklab_from_srgb(rgb))
