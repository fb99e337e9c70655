"""What is known about a garment: the values every part of this room produces and the store keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["UNKNOWN", "Attributes", "Colour", "Source", "Value"]

Source = Literal["model", "pixels", "owner"]

UNKNOWN = "unknown"
"""The name of a `Value` that nothing supports: an honest answer, with confidence 0."""


@dataclass(frozen=True, slots=True)
class Value:
    """One attribute's answer.

    Attributes:
        name: the answer, a name of the attribute's vocabulary, or `UNKNOWN`.
        confidence: the probability that `name` is right, 0..1; calibrated where the attribute's page says so.
        runner_up: the second most likely name, when there is one.
        source: who says so: a learned "model", the "pixels" alone, or the "owner".
    """

    name: str
    confidence: float
    runner_up: str | None = None
    source: Source = "pixels"

    @property
    def known(self) -> bool:
        """Whether there is an answer at all."""
        return self.name != UNKNOWN

    @classmethod
    def unknown(cls, source: Source = "pixels") -> Value:
        """No answer: `UNKNOWN` with confidence 0."""
        return cls(UNKNOWN, 0.0, None, source)


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour of a garment's palette.

    Attributes:
        name: a name of the colour vocabulary (`ewardrobe.attributes.colours.colour_names()`).
        share: part of the garment's visible cloth in this colour, 0..1.
        rgb: sRGB, 0..255, as it looks in neutral light.
        lab: the same in CIELAB (D65; L 0..100, a and b about -100..100).
    """

    name: str
    share: float
    rgb: tuple[int, int, int]
    lab: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Attributes:
    """Everything computed about one garment.

    `embedding` is float32 (D,), L2-normalised; `embedding_model` names what made it: embeddings with different names
    are not comparable.
    """

    type: Value
    pattern: Value
    material: Value
    style: Value
    occasion: Value
    season: Value
    colours: tuple[Colour, ...]
    colour: Value
    embedding: npt.NDArray[np.float32] = field(compare=False, repr=False)
    embedding_model: str = field(default="", compare=False, repr=False)
