"""Another colour for a cloth, its folds, texture and highlights kept.

Lightness goes through a curve that takes the cloth's own to the asked one. Its slope there lies between the two simple
answers: adding (slope 1) leaves a white shirt's shadows on black cloth far too strong, and multiplying turns the faint
shading of black cloth into deep creases when it becomes white. Chroma follows lightness as light makes it: proportional
in shade, towards white in a highlight.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.perceptual import linear_from_oklab, srgb_from_oklab
from ewardrobe.restyling.cloth import Cloth

__all__ = ["dye", "to_srgb"]

Floats = npt.NDArray[np.float64]
Plane = npt.NDArray[np.float32]

_DARKEST, _LIGHTEST = 0.25, 0.905
"""Black and white cloth as photos show it: there must be room for shade below and for light above."""
_OWN = (0.05, 0.98)  # as far as a curve through a cloth's own lightness has two sides
_FLOOR, _CEILING, _KNEE = 0.085, 0.99, 0.95
_SLOPE = (0.15, 0.35)  # for darker, for lighter; 0: adding, 1: multiplying
_TEXTURE = (0.9, 1.1)
_COARSE = 0.12  # lightness: texture beyond this is noise, or a hole
_NOISY = 0.35  # cloth darker than this has as much noise as texture
_HIGHLIGHT = 0.6  # how fast chroma leaves a highlight
_TRACE = 0.2  # what is left of the cloth's own differences in hue when its colour is another
_ALIKE = 0.06  # OKLab: nearer colours keep more of them
_NEAR = 0.04  # OKLab: for nearer colours the cloth's lightness is only moved, and left as it is for its own
_GAMUT = (0.00035, 0.985)  # linear light: inside 1..253 of 255, so that nothing is clipped
_STEPS = 7
_SAMPLE = 20_000
_CHUNK = 1 << 18


def dye(cloth: Cloth, colour: npt.ArrayLike) -> Plane:
    """The cloth in another colour: OKLab float32 (N, 3), row by row as `cloth.lab`, in the sRGB gamut.

    `colour` is OKLab (3,); the median of the cloth's inner pixels becomes it, except that the lightest and the darkest
    colours leave room for light and shade unless the cloth itself is as light or dark.
    """
    asked = np.array(colour, np.float64)
    own = float(cloth.colour[0])
    asked[0] = np.clip(asked[0], min(_DARKEST, own), max(_LIGHTEST, own))
    aim = asked.copy()
    rows = np.flatnonzero(cloth.inner)
    rows = rows[:: max(1, len(rows) // _SAMPLE)]
    for _ in range(2):  # curve, texture and gamut move the median a little: aim off by as much
        aim += asked - np.median(_dyed(cloth, aim, rows), axis=0)
    made = np.empty_like(cloth.lab)
    for start in range(0, len(made), _CHUNK):
        part = np.arange(start, min(start + _CHUNK, len(made)))
        made[part] = _dyed(cloth, aim, part)
    return made


def to_srgb(lab: Plane) -> npt.NDArray[np.uint8]:
    """sRGB uint8 (N, 3) of OKLab rows."""
    made = np.empty(lab.shape, np.uint8)
    for start in range(0, len(lab), _CHUNK):
        made[start : start + _CHUNK] = srgb_from_oklab(lab[start : start + _CHUNK])
    return made


def _dyed(cloth: Cloth, aim: Floats, rows: npt.NDArray[np.intp]) -> Floats:
    own = cloth.colour.copy()
    own[0] = np.clip(own[0], *_OWN)
    before = cloth.lab[rows].astype(np.float64)
    ratio = max(aim[0], _OWN[0]) / own[0]
    slope = ratio ** _SLOPE[int(ratio > 1)]
    lightness = _curve(cloth.folds[rows].astype(np.float64), own[0], aim[0], slope, cloth.roughness)
    lightness += _texture(cloth.texture[rows].astype(np.float64), own[0], slope)
    gap = float(np.sqrt(np.square(aim - cloth.colour).sum()))
    moved = np.exp(-((gap / _NEAR) ** 2))
    lightness = (1 - moved) * _limited(lightness) + moved * (before[:, 0] + aim[0] - cloth.colour[0])
    hue = _chroma(lightness, aim[0])[:, None] * aim[1:]
    residue = before[:, 1:] - _chroma(before[:, 0], own[0])[:, None] * own[1:]
    share = _TRACE + (1 - _TRACE) * np.exp(-((gap / _ALIKE) ** 2))
    darker = np.clip(lightness / np.maximum(before[:, 0], 0.05), 0, 1.2)
    hue += share * darker[:, None] * residue
    return _into_gamut(np.column_stack([lightness, hue]))


def _curve(values: Floats, own: float, aim: float, slope: float, room: float) -> Floats:
    """Lightness from the cloth's own to the asked one: a rising curve through (own, aim), of `slope` there.

    It leaves `room` below white, for texture.
    """
    roof = min(aim + (1 - own) * slope * (2 - own), max(_CEILING - room, aim + 0.01))
    below = aim * np.power(np.clip(values, 0, own) / own, slope * own / aim)
    power = slope * (1 - own) / (roof - aim)
    above = roof - (roof - aim) * np.power(np.clip((1 - values) / (1 - own), 0, 1), power)
    return np.where(values <= own, below, above)


def _texture(values: Floats, own: float, slope: float) -> Floats:
    """The texture as it is to be seen; of a dark cloth that becomes lighter, without the noise that would come out."""
    if slope <= 1 or own >= _NOISY:
        return values * float(np.clip(slope, *_TEXTURE))
    return np.asarray(float(np.clip(slope * own / _NOISY, *_TEXTURE)) * _COARSE * np.tanh(values / _COARSE))


def _limited(lightness: Floats) -> Floats:
    """Bent softly below the ceiling, cut at the floor."""
    over = _KNEE + (_CEILING - _KNEE) * np.tanh((lightness - _KNEE) / (_CEILING - _KNEE))
    return np.maximum(np.where(lightness > _KNEE, over, lightness), _FLOOR)


def _chroma(lightness: Floats, middle: float) -> Floats:
    """What chroma is multiplied by at a lightness: in proportion below `middle`, towards 0 at white above it."""
    above = np.power(np.clip((1 - lightness) / max(1 - middle, 0.02), 0, 1), _HIGHLIGHT)
    return np.where(lightness <= middle, lightness / max(middle, 0.02), above)


def _into_gamut(lab: Floats) -> Floats:
    """The colours with as much less chroma as sRGB needs, lightness and hue kept."""
    lowest, highest = _GAMUT
    linear = linear_from_oklab(lab)
    outside = np.flatnonzero((linear.min(axis=1) < lowest) | (linear.max(axis=1) > highest))
    if not len(outside):
        return lab
    wide = lab[outside]
    fits, too_much = np.zeros(len(outside)), np.ones(len(outside))
    for _ in range(_STEPS):
        middle = (fits + too_much) / 2
        linear = linear_from_oklab(np.column_stack([wide[:, 0], wide[:, 1:] * middle[:, None]]))
        good = (linear.min(axis=1) >= lowest) & (linear.max(axis=1) <= highest)
        fits, too_much = np.where(good, middle, fits), np.where(good, too_much, middle)
    lab = lab.copy()
    lab[outside, 1:] *= fits[:, None]
    return lab
