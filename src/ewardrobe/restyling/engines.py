"""What every engine is, and the engines by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import UsageError
from ewardrobe.restyling.changes import How
from ewardrobe.restyling.inpainting import Inpainter
from ewardrobe.restyling.mask import Region

__all__ = ["ENGINES", "Engine", "OnStep", "Options", "create_engine"]

Pixels = npt.NDArray[np.uint8]
OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """What engines may be told; each takes what concerns it.

    `inpainter` fills in what is removed. `settings` are the engine's own, by name. `on_step` is called with the steps
    done and all steps of a picture, by engines that work in steps.
    """

    inpainter: Inpainter
    settings: Mapping[str, object] = field(default_factory=dict)
    on_step: OnStep | None = None


class Engine(ABC):
    """Something that changes a garment in a photo.

    Attributes:
        name: what it is called.
        grow, context: how far its mask and its window reach beyond the garment, as shares of the garment's size.
        feather: how soft the mask's edge is, as a share of the garment's size; None: as the photo's resolution asks.
        inpaints: whether it fills in what is removed by itself, without `Options.inpainter`.
        reads_words: whether words that no list knows, such as "shiny", mean something to it.
        details: its settings as plain data, for the provenance of its pictures.
    """

    name: str
    grow: float = 0.0
    context: float = 0.0
    feather: float | None = None
    inpaints: bool = False
    reads_words: bool = False
    details: Mapping[str, Any] = {}

    @abstractmethod
    def refusal(self, how: How) -> str | None:
        """Why this engine cannot do that, in words that follow "the engine NAME"; None when it can."""

    @abstractmethod
    def change(self, pixels: Pixels, region: Region, how: How, rng: np.random.Generator | None) -> Pixels:
        """The region's window changed: uint8 (h, w, 3) sRGB, of which only pixels with `region.alpha` > 0 are taken.

        `pixels` uint8 (h, w, 3) is the photo in that window. Whatever is random comes from `rng`; without one (seed 0)
        the change is what was asked to the letter.
        """

    def change_many(
        self, pixels: Sequence[Pixels], region: Region, how: How, rngs: Sequence[np.random.Generator | None]
    ) -> list[Pixels]:
        """`change` of several pictures of the same photo, each with a generator of its own."""
        return [self.change(one, region, how, rng) for one, rng in zip(pixels, rngs, strict=True)]

    def load(self) -> None:
        """Load what it works with, so that what is wrong with it shows before the first photo; ModelError."""
        return None


def _recolour(options: Options) -> Engine:
    from ewardrobe.restyling.recolour import RecolourEngine

    if options.settings:
        raise UsageError(f"the engine recolour has no setting {next(iter(options.settings))!r}: it has none")
    return RecolourEngine(options.inpainter)


def _diffusion(options: Options) -> Engine:
    from ewardrobe.restyling.diffusion.engine import DiffusionEngine

    return DiffusionEngine(options.settings, options.on_step)


ENGINES: dict[str, Callable[[Options], Engine]] = {"recolour": _recolour, "diffusion": _diffusion}
"""How each engine is made, by name, in the order in which `auto` asks them; a new engine is entered here."""


def create_engine(name: str, options: Options) -> Engine:
    """An engine by name; UsageError when there is none of that name."""
    if name not in ENGINES:
        raise UsageError(f"unknown engine {name!r}; there are: {', '.join(ENGINES)}, and auto")
    return ENGINES[name](options)
