"""What every engine is, and the engines by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import UsageError
from ewardrobe.restyling.changes import How
from ewardrobe.restyling.inpainting import Inpainter
from ewardrobe.restyling.mask import Region

__all__ = ["ENGINES", "Engine", "Options", "create_engine"]


@dataclass(frozen=True)
class Options:
    """What engines may be told; each takes what concerns it. `inpainter` fills in what is removed."""

    inpainter: Inpainter


class Engine(Protocol):
    """Something that changes a garment in a photo."""

    name: str

    def refusal(self, how: How) -> str | None:
        """Why this engine cannot do that, in words that follow "the engine NAME"; None when it can."""

    def change(
        self, pixels: npt.NDArray[np.uint8], region: Region, how: How, rng: np.random.Generator | None
    ) -> npt.NDArray[np.uint8]:
        """The region's window changed: uint8 (h, w, 3) sRGB, of which only pixels with `region.alpha` > 0 are taken.

        `pixels` uint8 (h, w, 3) is the photo in that window. Whatever is random comes from `rng`; without one (seed 0)
        the change is what was asked to the letter.
        """


def _recolour(options: Options) -> Engine:
    from ewardrobe.restyling.recolour import RecolourEngine

    return RecolourEngine(options.inpainter)


ENGINES: dict[str, Callable[[Options], Engine]] = {"recolour": _recolour}
"""How each engine is made, by name; a new engine is entered here."""


def create_engine(name: str, options: Options) -> Engine:
    """An engine by name; UsageError when there is none of that name."""
    if name not in ENGINES:
        raise UsageError(f"unknown engine {name!r}; there are: {', '.join(ENGINES)}")
    return ENGINES[name](options)
