"""The garments of annotated street photos as our own pipeline describes them, and the light they were seen in.

Masks are the annotators'; colours, pattern, type and style are ours, as `ewardrobe add` would store them. Each garment
is described a second time after the whole photo was turned to another photo's light: what changes then is the light.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.colours import estimate_light, main_colour, palette
from ewardrobe.attributes.describing import LEAST_STYLE, Answers
from ewardrobe.attributes.features import CropEncoder
from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.attributes.heads import shipped_heads
from ewardrobe.attributes.pattern import pattern_of
from ewardrobe.attributes.perceptual import linear_from_srgb
from ewardrobe.attributes.values import Colour
from ewardrobe.datasets import open_dataset
from ewardrobe.segmentation import resolve
from ewardrobe.segmentation.runtime import Runtime
from ewardrobe.taxonomy import load_map

CLASSES = (
    "top", "outerwear", "dress", "pants", "shorts", "skirt", "legwear", "footwear", "bag", "hat", "scarf", "belt",
)  # fmt: skip
LEAST_AREA = 400
_NORM = 5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """What is said of a garment's colours: the palette and the main name."""

    colours: tuple[Colour, ...]
    colour: str


@dataclass(frozen=True)
class Worn:
    """A garment of a photo.

    Attributes:
        tag: the annotators' word (59); `label`: its class.
        look: as we describe it; `raw`: without the estimate of the light; `relit`: after the photo was turned to
            another photo's light.
        light: (6,) log of the photo's light (Minkowski mean of all its pixels, norm 5) and of their mean, per channel.
        shade: (5,) low-level figures of the garment's own pixels: log mean per channel, contrast, highlights.
    """

    photo: str
    split: str
    tag: str
    label: str
    type: str
    style: str | None
    pattern: str
    look: Look
    raw: Look
    relit: Look
    light: Floats
    shade: Floats


def worn(data: Path, cache: Path) -> list[Worn]:
    """Every garment of the set `ccp` under `data`; kept in `cache`."""
    if cache.exists():
        found: list[Worn] = pickle.loads(cache.read_bytes())
        return found
    found = list(_described(data / "ccp"))
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_bytes(pickle.dumps(found))
    return found


def _described(folder: Path) -> list[Worn]:
    runtime = Runtime(resolve("default"), threads=1)
    encoder, heads, vocabulary = CropEncoder(runtime), shipped_heads(), type_vocabulary()
    assert heads is not None
    styles = tuple(vocabulary.styles)
    samples = [(split, sample) for split in ("train", "val") for sample in open_dataset(folder, split=split)]
    rng, found = np.random.default_rng(0), []
    lights: dict[str, Floats] = {}
    others = rng.permutation(len(samples))
    for number, (split, sample) in enumerate(samples):
        photo, label_map = sample.read()
        pixels = photo.pixels
        other = samples[int(others[number])][1]
        for one, its in ((sample.id, pixels), (other.id, None)):
            if one not in lights:
                lights[one] = light_of(other.photo.pixels if its is None else its)
        turned = relight(pixels, lights[other.id][:3] - lights[sample.id][:3])
        clothed = label_map != 0
        gains, turned_gains = estimate_light(pixels, clothed), estimate_light(turned, clothed)
        for tag, label, mask in _garments(label_map):
            answers = Answers(heads, encoder.features(pixels, mask), label)
            style = int(answers.style.argmax())
            found.append(
                Worn(
                    photo=sample.id,
                    split=split,
                    tag=tag,
                    label=label,
                    type=vocabulary.names[int(answers.type.argmax())],
                    style=styles[style] if answers.style[style] >= LEAST_STYLE else None,
                    pattern=pattern_of(pixels, mask).name,
                    look=_look(pixels, mask, gains),
                    raw=_look(pixels, mask, None),
                    relit=_look(turned, mask, turned_gains),
                    light=lights[sample.id],
                    shade=shade_of(pixels, mask),
                )
            )
        if number % 50 == 0:
            print(f"{number} of {len(samples)} photos", file=sys.stderr, flush=True)
    return found


def _garments(label_map: npt.NDArray[np.uint8]) -> list[tuple[str, str, npt.NDArray[np.bool_]]]:
    """Tag, class and mask of the largest region of each class of `CLASSES`."""
    to_wardrobe = load_map("people-clothing", "wardrobe")
    largest: dict[str, tuple[int, int]] = {}
    for index, area in enumerate(np.bincount(label_map.ravel(), minlength=59)[:59]):
        label = to_wardrobe.target_of(to_wardrobe.source[index].name)
        if label in CLASSES and area >= max(LEAST_AREA, largest.get(label, (0, 0))[0] + 1):
            largest[label] = (int(area), index)
    return [
        (to_wardrobe.source[index].name, label, label_map == index) for label, (_, index) in largest.items()
    ]


def _look(pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], light: Floats | None) -> Look:
    colours = palette(pixels, mask, light=light)
    return Look(colours, main_colour(colours).name)


def light_of(pixels: npt.NDArray[np.uint8]) -> Floats:
    """The photo's light, (6,): log Minkowski mean and log mean of the linear channels (Finlayson, Trezzi 2004)."""
    linear = linear_from_srgb(pixels[::4, ::4]).reshape(-1, 3)
    strong = np.power(np.power(linear, _NORM).mean(axis=0), 1 / _NORM)
    return np.log(np.concatenate([strong, linear.mean(axis=0)]) + 1e-4)


def shade_of(pixels: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_]) -> Floats:
    """Low-level figures of a garment's own pixels, (5,)."""
    linear = linear_from_srgb(pixels[mask])
    grey = np.log(linear.mean(axis=1) + 1e-3)
    low, high = np.percentile(grey, [10, 95])
    return np.array([*np.log(linear.mean(axis=0) + 1e-3), high - low, high])


def relight(pixels: npt.NDArray[np.uint8], log_gains: Floats) -> npt.NDArray[np.uint8]:
    """A photo under another light: per-channel gains in linear light, at most 1.6 either way."""
    levels = linear_from_srgb(np.arange(256))
    gains = np.exp(np.clip(log_gains, -np.log(1.6), np.log(1.6)))
    table = np.empty((256, 3), np.uint8)
    for channel, gain in enumerate(gains):
        linear = np.clip(levels * gain, 0.0, 1.0)
        srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
        table[:, channel] = np.rint(255 * srgb)
    return np.stack([table[pixels[..., channel], channel] for channel in range(3)], axis=-1)


def outfits(found: Sequence[Worn], split: str) -> list[list[Worn]]:
    """The garments of each photo that shows at least two."""
    photos: dict[str, list[Worn]] = {}
    for item in found:
        if item.split == split:
            photos.setdefault(item.photo, []).append(item)
    return [items for items in photos.values() if len(items) >= 2]
