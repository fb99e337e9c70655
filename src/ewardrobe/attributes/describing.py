"""Everything that is computed about one garment, put together.

Type, style and season come from heads on the default model's features, whichever model found the garment; colours and
pattern from the pixels; material from type and texture; the occasion from style and type. Each value says how sure it
is and where it comes from; `unknown` where nothing supports an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.colours import estimate_light, main_colour, palette
from ewardrobe.attributes.embedding import embed
from ewardrobe.attributes.features import CropEncoder, GarmentFeatures
from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.attributes.heads import Heads, shipped_heads
from ewardrobe.attributes.material import material_of
from ewardrobe.attributes.pattern import pattern_of
from ewardrobe.attributes.values import Attributes, Value
from ewardrobe.errors import TaxonomyError
from ewardrobe.imaging import cut_out
from ewardrobe.segmentation import Garment, Segmentation, resolve
from ewardrobe.segmentation.onnxfile import graph_sha256
from ewardrobe.segmentation.runtime import Runtime
from ewardrobe.taxonomy import load_map

if TYPE_CHECKING:
    from ewardrobe.attributes.zero_shot import ZeroShotEngine

__all__ = ["Answers", "Describer", "describe", "embed_garment", "embedding_alone"]

CLASS_CONFIDENCE = 0.5
"""What the class's score counts as confidence when no heads fit and the class stands in for the type."""

OFF_CLASS = 0.05
"""Weight of types that are not segmented as the garment's class: the class may be wrong, but seldom is."""

LEAST_STYLE, LEAST_SEASON = 0.6, 0.5
"""Confidence below which style and season are `unknown`."""

SEASON_PRIOR = 0.5
"""Power of what the type says of the season beside what the picture says."""

Probabilities = npt.NDArray[np.float32]


class Answers:
    """What the heads say of one garment, as probabilities: `type` (types,), `style` (styles,), `season` (seasons,)."""

    def __init__(self, heads: Heads, features: GarmentFeatures, label: str | None) -> None:
        """`label` is the garment's class in the taxonomy `wardrobe`, None when it is not known."""
        vocabulary = type_vocabulary()
        hidden = heads.hidden(features.vector())
        self.type = heads.probabilities("type", hidden)
        if label is not None:
            fitting = vocabulary.segmented_as(label)
            if fitting.any():
                self.type = _normalised(self.type * np.where(fitting, 1, OFF_CLASS))
        self.style = heads.probabilities("style", hidden)
        prior = self.type @ vocabulary.season_weights()
        self.season = _normalised(heads.probabilities("season", hidden) * prior**SEASON_PRIOR)


class Describer:
    """Describes garments; load it once, use it from several threads if you like."""

    def __init__(self, runtime: Runtime, heads: Heads | None) -> None:
        """Read features with `runtime`; `heads` are left aside when they were fitted on another model."""
        self._encoder = CropEncoder(runtime)
        fits = heads is not None and heads.model_sha256 == graph_sha256(runtime.path)
        self._heads = heads if fits else None
        name = runtime.description.name
        self.embedding_model = (
            f"{name}/features" if self._heads is None else f"{name}/{self._heads.embedding_id}"
        )

    def embed(self, pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """See `embed_garment`."""
        return embed(self._encoder.features(pixels, mask).pooled, self._heads)

    def describe(
        self, segmentation: Segmentation, garment: Garment, engine: ZeroShotEngine | None = None
    ) -> Attributes:
        """See `describe`."""
        pixels, mask = segmentation.photo.pixels, garment.mask
        features = self._encoder.features(pixels, mask)
        label = _wardrobe_class(segmentation, garment)
        if self._heads is None:
            kind, style, season = _by_class(garment), Value.unknown("model"), Value.unknown("model")
        else:
            found = Answers(self._heads, features, label)
            vocabulary = type_vocabulary()
            kind = _value(vocabulary.names, found.type, 0.0)
            style = _value(tuple(vocabulary.styles), found.style, LEAST_STYLE)
            season = _value(vocabulary.seasons, found.season, LEAST_SEASON)
        if engine is not None:
            kind, style, season = _second_opinion(engine, segmentation, garment, label, (kind, style, season))
        light = estimate_light(pixels, segmentation.label_map != 0)
        colours = palette(pixels, mask, light=light)
        return Attributes(
            type=kind,
            pattern=pattern_of(pixels, mask),
            material=material_of(kind.name, pixels, mask, colours),
            style=style,
            occasion=_occasion(kind, style),
            season=season,
            colours=colours,
            colour=main_colour(colours),
            embedding=embed(features.pooled, self._heads),
            embedding_model=self.embedding_model,
        )

    def recognisable(self, segmentation: Segmentation, garment: Garment) -> Attributes:
        """See `embedding_alone`."""
        nothing = Value.unknown("model")
        mine = self.embed(segmentation.photo.pixels, garment.mask)
        return Attributes(*(nothing,) * 6, (), nothing, mine, self.embedding_model)


def describe(
    segmentation: Segmentation, garment: Garment, *, engine: ZeroShotEngine | None = None
) -> Attributes:
    """Everything the shipped heads and the pixels say about one garment of a segmented photo.

    A zero-shot `engine`, where one is given, answers type, style and season in the heads' place; the type then stays
    within those that are segmented as the garment's class.

    Examples:
        >>> import ewardrobe
        >>> result = ewardrobe.segment("photo.jpg")  # doctest: +SKIP
        >>> [ewardrobe.describe(result, garment).type.name for garment in result.garments]  # doctest: +SKIP
        ['shirt', 'jeans', 'sneakers']
    """
    return _shipped().describe(segmentation, garment, engine)


def embedding_alone(segmentation: Segmentation, garment: Garment) -> Attributes:
    """Only what the garment is recognised by: every value is unknown, and there are no colours."""
    return _shipped().recognisable(segmentation, garment)


def embed_garment(pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """The embedding, float32 (D,) of length 1, of the garment `mask`, bool (H, W), in a photo, uint8 (H, W, 3) sRGB.

    It is the one that `describe` gives, without the rest. MaskError when the mask is empty.
    """
    return _shipped().embed(pixels, mask)


@lru_cache(maxsize=1)
def _shipped() -> Describer:
    # One thread: the crop is small, and garments are described by several processes at once.
    return Describer(Runtime(resolve("default"), threads=1), shipped_heads())


def _value(names: Sequence[str], probabilities: Probabilities, least: float) -> Value:
    order = np.argsort(-probabilities)
    best = float(probabilities[order[0]])
    if best < least:
        return Value.unknown("model")
    return Value(names[order[0]], best, names[order[1]], "model")


def _second_opinion(
    engine: ZeroShotEngine,
    segmentation: Segmentation,
    garment: Garment,
    label: str | None,
    values: tuple[Value, Value, Value],
) -> tuple[Value, Value, Value]:
    """The engine's type, style and season for the cut-out garment; the given values where it has no answer."""
    picture = cut_out(segmentation.photo.pixels, garment.alpha, background=(255, 255, 255))
    pixels = np.asarray(picture.convert("RGB"))
    vocabulary = type_vocabulary()
    fitting = vocabulary.segmented_as(label) if label is not None else np.zeros(0)
    names = [name for name, fits in zip(vocabulary.names, fitting, strict=False) if fits] or None
    kind, style, season = (
        engine.answer(question, pixels, names if question == "type" else None) or value
        for question, value in zip(("type", "style", "season"), values, strict=True)
    )
    return kind, style, season


def _by_class(garment: Garment) -> Value:
    return Value(garment.label, CLASS_CONFIDENCE * float(garment.score), None, "model")


def _wardrobe_class(segmentation: Segmentation, garment: Garment) -> str | None:
    if segmentation.taxonomy.name == "wardrobe":
        return garment.label
    try:
        return load_map(segmentation.taxonomy.name, "wardrobe").target_of(garment.label)
    except TaxonomyError:
        return None


def _occasion(kind: Value, style: Value) -> Value:
    """What the type is worn for where that is plain from the type, else what the style stands for."""
    vocabulary = type_vocabulary()
    own = vocabulary.occasions.get(kind.name)
    if own is not None:
        return Value(own, kind.confidence, None, "model")
    if not style.known:
        return Value.unknown("model")
    runner_up = None if style.runner_up is None else vocabulary.styles[style.runner_up]
    return Value(vocabulary.styles[style.name], style.confidence, runner_up, "model")


def _normalised(weights: npt.NDArray[np.floating]) -> Probabilities:
    return np.asarray(weights / weights.sum(), dtype=np.float32)
