"""Colours as people write them: names with shades ("dark green", "pale pink"), and hex."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from ewardrobe.attributes.perceptual import oklab_from_srgb, srgb_from_oklab
from ewardrobe.attributes.vocabulary import MULTICOLOUR, colour_of_word, vocabulary
from ewardrobe.errors import UsageError
from ewardrobe.restyling.changes import AskedColour
from ewardrobe.restyling.wordlists import words

__all__ = ["SHADES", "colour_of_hex", "colour_of_phrase"]

# By word: how far lightness goes towards white (+) or black (-), and what chroma is multiplied by, both in OKLab.
SHADES: dict[str, tuple[float, float]] = {
    "dark": (-0.32, 0.9),
    "deep": (-0.25, 1.0),
    "light": (0.42, 0.75),
    "pale": (0.6, 0.5),
    "pastel": (0.6, 0.55),
    "soft": (0.25, 0.65),
    "bright": (0.08, 1.2),
    "vivid": (0.0, 1.3),
    "neon": (0.15, 1.4),
    "dusty": (0.08, 0.55),
    "muted": (0.0, 0.55),
}


def colour_of_phrase(tokens: Sequence[str]) -> AskedColour | None:
    """The colour that words name, such as ("dark", "green"); None when they name none."""
    text = " ".join(tokens)
    rgb = _rgb(text)
    return None if rgb is None else AskedColour(text, rgb)


def colour_of_hex(text: str) -> AskedColour:
    """The colour of "#rgb" or "#rrggbb"; UsageError when it is neither."""
    digits = text.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise UsageError(f"{text!r} is no colour: give #rrggbb, such as #c81e28") from None
    return AskedColour(f"#{digits}", (red, green, blue), exact=True)


@cache
def _rgb(text: str) -> tuple[int, int, int] | None:
    own = words().colours.get(text)
    if own is not None:
        return own
    first, _, rest = text.partition(" ")
    name = colour_of_word(text)
    if rest and first in SHADES:
        base = _rgb(rest)
        if base is None:
            return None
        # "dark blue" has a name of its own, navy; "dark green" is green to the vocabulary, and must be darkened.
        if name is None or name == colour_of_word(rest):
            return _shaded(base, *SHADES[first])
    if name is None or name == MULTICOLOUR:
        return None
    known = vocabulary()
    red, green, blue = (int(value) for value in known.swatches[known.names.index(name)])
    return red, green, blue


def _shaded(rgb: tuple[int, int, int], towards: float, chroma: float) -> tuple[int, int, int]:
    lab = oklab_from_srgb(rgb)
    lab[0] += towards * ((1 - lab[0]) if towards > 0 else lab[0])
    lab[1:] *= chroma
    red, green, blue = (int(value) for value in srgb_from_oklab(np.asarray(lab)))
    return red, green, blue
