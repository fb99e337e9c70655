"""Change a garment in a photo by prompt: the words, the mask, the engines, and what comes out.

    from ewardrobe.restyling import restyle
    restyle("photo.jpg", "make the shirt red").save("red.png")

Names are imported when they are first used, so that parsing a prompt does not wait for OpenCV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewardrobe.lazy import lazily

if TYPE_CHECKING:
    from ewardrobe.restyling.changes import Change
    from ewardrobe.restyling.editing import Restyled, Restyler, restyle
    from ewardrobe.restyling.engines import ENGINES
    from ewardrobe.restyling.prompt import parse_prompt
    from ewardrobe.restyling.saving import read_provenance
    from ewardrobe.restyling.swapping import restyle_from

__all__ = [
    "ENGINES",
    "Change",
    "Restyled",
    "Restyler",
    "parse_prompt",
    "read_provenance",
    "restyle",
    "restyle_from",
]

_HOME_OF = {
    "Change": "changes",
    "ENGINES": "engines",
    "Restyled": "editing",
    "Restyler": "editing",
    "parse_prompt": "prompt",
    "read_provenance": "saving",
    "restyle": "editing",
    "restyle_from": "swapping",
}

__getattr__, __dir__ = lazily(__name__, _HOME_OF)
