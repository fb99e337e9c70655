"""What two garments are to each other: harmony of hue, lightness, pattern, formality."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ewardrobe.stylist.traits import Traits

__all__ = ["COLOUR_FEATURES", "PAIR_FEATURES", "hue_family", "pair_features"]

Floats = npt.NDArray[np.float64]

PAIR_FEATURES = (
    "both neutral",
    "a neutral and a colour",
    "same hue",
    "neighbouring hues",
    "distant hues",
    "opposite hues",
    "both vivid",
    "contrast of lightness",
    "contrast squared",
    "same colour",
    "both dark",
    "both light",
    "different undertone",
    "both patterned",
    "pattern beside plain",
    "pattern picks up the colour",
    "different formality",
    "different warmth",
)
"""Hue angles in OKLCh: up to 30 degrees apart is the same hue, to 60 neighbouring, from 150 opposite."""

COLOUR_FEATURES = (*PAIR_FEATURES[:13], "pattern picks up the colour")
"""Those that look at colours."""

_VIVID = 0.13
_DARK, _LIGHT = 0.4, 0.85
_FAMILIES = 12


def hue_family(traits: Traits) -> npt.NDArray[np.intp]:
    """Which twelfth of the hue circle a garment's main colour is in, (N,); -1 for neutrals and unknown colours."""
    hue = np.degrees(np.arctan2(traits.lab[:, 2], traits.lab[:, 1])) % 360
    known = (traits.name >= 0) & ~traits.neutral
    return np.where(known, (np.nan_to_num(hue) // (360 / _FAMILIES)).astype(np.intp), -1)


def pair_features(traits: Traits) -> Floats:
    """`PAIR_FEATURES` of every two garments, symmetric, float64 (N, N, P).

    Colour features are 0 where one of the two has no known colour.
    """
    lab = np.nan_to_num(traits.lab)
    known = traits.name >= 0
    both = known[:, None] & known[None]
    neutral = traits.neutral
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
    apart = np.abs((hue[:, None] - hue[None] + 180) % 360 - 180)
    coloured = both & ~neutral[:, None] & ~neutral[None]
    gap = np.abs(lab[:, None, 0] - lab[None, :, 0])
    dark, light, vivid = lab[:, 0] < _DARK, lab[:, 0] > _LIGHT, chroma > _VIVID
    patterned = traits.patterned
    seen = traits.seen.astype(float)
    main = np.eye(traits.shares.shape[1])[np.maximum(traits.name, 0)] * known[:, None]
    echo = (seen @ main.T > 0) & patterned[:, None] & ~patterned[None]
    undertone = np.abs(lab[:, None, 2] - lab[None, :, 2]) / 0.15
    columns = (
        both & neutral[:, None] & neutral[None],
        both & (neutral[:, None] != neutral[None]),
        coloured & (apart < 30),
        coloured & (apart >= 30) & (apart < 60),
        coloured & (apart >= 60) & (apart < 150),
        coloured & (apart >= 150),
        coloured & vivid[:, None] & vivid[None],
        gap * both,
        gap**2 * both,
        both & (traits.name[:, None] == traits.name[None]),
        both & dark[:, None] & dark[None],
        both & light[:, None] & light[None],
        undertone * both,
        patterned[:, None] & patterned[None],
        patterned[:, None] != patterned[None],
        echo | echo.T,
        np.abs(traits.formality[:, None] - traits.formality[None]),
        np.abs(traits.warmth[:, None] - traits.warmth[None]),
    )
    assert len(columns) == len(PAIR_FEATURES)
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=-1)
