"""The engine `recolour`: colours, patterns and removal, without weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.perceptual import linear_from_oklab, oklab_from_linear, oklab_from_srgb
from ewardrobe.imaging import estimate_foreground
from ewardrobe.restyling.changes import AskedColour, Describe, How, Pattern, Recolour, Remove, Shade
from ewardrobe.restyling.cloth import Cloth, Plane, take_apart
from ewardrobe.restyling.draping import drape, lay
from ewardrobe.restyling.dyeing import dye, to_srgb
from ewardrobe.restyling.engines import Engine
from ewardrobe.restyling.inpainting import Inpainter
from ewardrobe.restyling.mask import Region

__all__ = ["RecolourEngine"]

Pixels = npt.NDArray[np.uint8]

# OKLab: lightness towards black (-) or white (+), and what chroma is multiplied by.
_SHADES = {"darker": (-0.28, 1.0), "lighter": (0.35, 0.9), "brighter": (0.1, 1.3), "paler": (0.35, 0.5)}
_VARIED = (0.025, 0.1, 0.07)  # spread of a seed's colours: lightness, share of chroma, hue in radians


class RecolourEngine(Engine):
    """Dyes a garment, lays a pattern on it, or fills in what is behind it; folds, texture and highlights stay."""

    name = "recolour"

    def __init__(self, inpainter: Inpainter) -> None:
        self._inpainter = inpainter

    def refusal(self, how: How) -> str | None:
        """It knows no cloth and no garment but the one that is there."""
        if isinstance(how, Describe):
            return f"changes colours, lays patterns and removes things; it cannot make {how}"
        return None

    def change(self, pixels: Pixels, region: Region, how: How, rng: np.random.Generator | None) -> Pixels:
        """See `Engine.change`."""
        if isinstance(how, Remove):
            filled = self._inpainter.fill(pixels, region.alpha > 0, rng or np.random.default_rng(0))
            return _mixed(pixels, filled, region.alpha)
        touched = region.alpha > 0
        own = estimate_foreground(np.ascontiguousarray(pixels), region.alpha)
        cloth = take_apart(own, region)
        changed = own.copy()
        changed[touched] = to_srgb(_restyled(cloth, region, how, rng))
        # The garment's share of a pixel changes; what shines through at its edge stays.
        made = pixels + region.alpha[..., None] * (changed.astype(np.float32) - own)
        return np.asarray(np.clip(np.rint(made), 0, 255), np.uint8)


def _restyled(cloth: Cloth, region: Region, how: How, rng: np.random.Generator | None) -> Plane:
    """The cloth's pixels changed, OKLab float32 (N, 3)."""
    if isinstance(how, Shade):
        towards, chroma = _SHADES[how.word]
        colour = cloth.colour * (1, chroma, chroma)
        colour[0] += towards * ((1 - colour[0]) if towards > 0 else colour[0])
        return dye(cloth, colour)
    if isinstance(how, Recolour):
        return dye(cloth, _varied(how.colour, rng))
    assert isinstance(how, Pattern)
    ground = cloth.lab if how.ground is None else dye(cloth, _varied(how.ground, rng))
    figure = dye(cloth, _varied(how.figure, rng))
    touched = region.alpha > 0
    folds = np.full(touched.shape, cloth.colour[0], np.float32)
    folds[touched] = cloth.folds
    share = lay(how, drape(region, folds), rng)[touched][:, None]
    mixed = linear_from_oklab(figure) * share + linear_from_oklab(ground) * (1 - share)
    return np.asarray(oklab_from_linear(np.maximum(mixed, 0)), np.float32)


def _varied(colour: AskedColour, rng: np.random.Generator | None) -> npt.NDArray[np.float64]:
    """The colour in OKLab; with a seed, another that goes by the same name, unless it was given in figures."""
    lab = oklab_from_srgb(colour.rgb)
    if rng is None or colour.exact:
        return lab
    lightness, chroma, hue = rng.normal(0, _VARIED)
    turn = np.array([[np.cos(hue), -np.sin(hue)], [np.sin(hue), np.cos(hue)]])
    return np.concatenate([[np.clip(lab[0] + lightness, 0.05, 0.98)], turn @ lab[1:] * (1 + chroma)])


def _mixed(pixels: Pixels, filled: Pixels, alpha: Plane) -> Pixels:
    # A removed thing's soft edge must go as well: what is half covered is replaced as a whole.
    share = np.clip(alpha * 2, 0, 1)[..., None]
    return np.asarray(np.rint(pixels + share * (filled.astype(np.float32) - pixels)), np.uint8)
