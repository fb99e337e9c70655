"""The weights that every owner starts with, and how far votes may move them.

How garments go together was fitted on outfits that people wore (`data/look.json`, benchmarks/stylist.py), starting from
`HAND_SET`; what a day asks for is our choice.
"""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import numpy.typing as npt

from ewardrobe.stylist.scoring import FEATURES, LOOK_FEATURES, TASTE_FEATURES

__all__ = ["HAND_SET", "WEIGHTS", "prior"]

Floats = npt.NDArray[np.float64]

HAND_SET = {
    "both neutral": 0.4,
    "a neutral and a colour": 0.5,
    "same hue": 0.2,
    "neighbouring hues": 0.2,
    "distant hues": -0.6,
    "opposite hues": 0.0,
    "both vivid": -0.4,
    "contrast of lightness": 0.5,
    "contrast squared": 0.0,
    "same colour": 0.0,
    "different undertone": -0.2,
    "both patterned": -0.6,
    "pattern beside plain": 0.2,
    "pattern picks up the colour": 0.4,
    "different formality": -1.5,
    "different warmth": -0.3,
    "further hues": -0.3,
    "further patterns": -0.4,
}
"""What guides to dressing agree on; a feature that is not here starts at 0."""

_TASTE = {"neutral": 0.25}
"""The fit says which colours go together, not how many people like to wear; without it, outfits come out gaudy."""

_DAY = {
    "comfort": 2.0,
    "dry": 0.5,
    "occasion": 2.5,
    "season": 0.8,
    "freshness": 1.2,
    "favourite": 0.3,
    "extras": -0.2,
}
_SPREAD_LOOK, _SPREAD_TASTE = 0.5, 0.8


def _shipped() -> dict[str, float]:
    text = (resources.files("ewardrobe.stylist") / "data" / "look.json").read_text(encoding="utf-8")
    look = json.loads(text)["weights"]
    return {name: float({**look, **_TASTE, **_DAY}.get(name, 0.0)) for name in FEATURES}


WEIGHTS = _shipped()
"""By the name of a feature."""


def prior() -> tuple[Floats, Floats]:
    """Mean and standard deviation of the weights of `FEATURES` before an owner has voted, (D,) each.

    A vote is about how an outfit looks; what a day asks for stays as it is.
    """
    mean = np.array([WEIGHTS[name] for name in FEATURES])
    spread = [
        _SPREAD_LOOK if name in LOOK_FEATURES else _SPREAD_TASTE if name in TASTE_FEATURES else 0.0
        for name in FEATURES
    ]
    return mean, np.array(spread)
