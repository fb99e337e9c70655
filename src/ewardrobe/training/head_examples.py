"""What the attribute heads learn from: labelled garments of the development data, as features of a model.

Three sets, each with its own words: `people-clothing` (a garment is all regions of one tag in one photo, left out
below `LEAST_AREA` of it), `flat-lay` (one garment a photo) and `products` (one garment a photo, no masks: the model's
own largest garment stands in). Every garment is looked at as it is and in changed copies: turned, cut, relit, blurred,
with a mask that is off at the edges. Features are kept in a cache under the model's hash, never used for another one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.features import CROP_SIZE, MARGIN, CropEncoder
from ewardrobe.datasets import CCP_PAIRS, Sample, open_dataset
from ewardrobe.segmentation.onnxfile import graph_sha256
from ewardrobe.segmentation.runtime import Runtime

__all__ = [
    "HELD_OUT",
    "LEAST_AREA",
    "VIEWS",
    "Examples",
    "changed_copy",
    "collect",
    "held_out",
    "joined",
    "labelled_masks",
    "own_mask",
]

LEAST_AREA = 0.001
"""Part of the photo below which a tag's regions are no garment to learn from."""

VIEWS = {"people-clothing": 2, "flat-lay": 3, "products": 1}
"""How many copies of each garment are looked at in training, the unchanged one first."""

HELD_OUT = 50
"""Training garments of `flat-lay` that the embedding never sees, so that retrieval can be measured on them."""

_FOLDERS = {"people-clothing": "ccp", "flat-lay": "flatlay", "products": "products"}
_SMALL = 160  # pixels at which the model looks for the garment of a shop's picture
_RECIPE = 5  # raise it when the features or the changes become others: it is part of the cache's key
_COLUMNS = ("source", "id", "split", "label", "view")
_NOT_WORN = ("background", "hair", "skin")

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Examples:
    """Garments as features; all lists have one entry a row.

    Attributes:
        vectors: float32 (N, F), `GarmentFeatures.vector`.
        pooled: how many of the first features are the encoder's over the mask.
        source, id, split, label: the set, the photo, `train` or `val`, the set's own word.
        view: 0 for the garment as it is, 1.. for changed copies.
        extra: the set's further labels.
    """

    vectors: npt.NDArray[np.float32]
    pooled: int
    source: npt.NDArray[Any]
    id: npt.NDArray[Any]
    split: npt.NDArray[Any]
    label: npt.NDArray[Any]
    view: npt.NDArray[Any]
    extra: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.vectors)


def collect(
    data: Path,
    model: Path,
    *,
    cache: Path,
    jobs: int = 2,
    limit: int | None = None,
    seed: int = 0,
    report: Callable[[str], None] | None = None,
) -> dict[str, Examples]:
    """The examples of each set under `data`, computed or from `cache`; `limit` takes that many photos of each split.

    `report` is told of each set that is ready, in one line. A set is kept as soon as it is: one that was stopped
    half-way is computed anew, those before it are not.

    Raises:
        DatasetError: the development data are not there.
        ModelError: the model is none, or gives no features.
    """
    key = hashlib.sha256(
        repr(
            (graph_sha256(model), _RECIPE, CROP_SIZE, MARGIN, LEAST_AREA, sorted(VIEWS.items()), limit, seed)
        ).encode()
    ).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    found = {}
    for source in VIEWS:
        file, start = cache / f"{source}-{key}.npz", time.perf_counter()
        known = file.exists()
        if not known:
            _write(file, _computed(source, data, model, jobs, limit, seed))
        found[source] = _read(file)
        if report is not None:
            how = "from the cache" if known else f"computed in {time.perf_counter() - start:.0f} s"
            report(f"{source}: {len(found[source])} rows {how}")
    return found


def joined(sets: Mapping[str, Examples]) -> Examples:
    """All sets as one; where a set lacks a further label, it is empty."""
    parts = list(sets.values())
    names = sorted({name for part in parts for name in part.extra})
    blank = {id(part): np.full(len(part), "") for part in parts}
    return Examples(
        vectors=np.concatenate([part.vectors for part in parts]),
        pooled=parts[0].pooled,
        extra={
            name: np.concatenate([part.extra.get(name, blank[id(part)]) for part in parts]) for name in names
        },
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS},
    )


def held_out(examples: Examples) -> npt.NDArray[np.bool_]:
    """The garments that test the embedding, bool (N,).

    `flat-lay`'s val, `HELD_OUT` of its train, and the photos that `people-clothing` holds twice.
    """
    flat, worn = examples.source == "flat-lay", examples.source == "people-clothing"
    names = set(examples.id[flat & (examples.split == "train")].tolist())
    train = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())  # an order without meaning
    tests = (examples.split == "val") | np.isin(examples.id, train[:HELD_OUT])
    twice = np.isin(examples.id, [name for pair in CCP_PAIRS for name in pair])
    return np.asarray(flat & tests | worn & twice)


def labelled_masks(sample: Sample, label_map: Pixels) -> Iterator[tuple[str, Mask]]:
    """The garments that a sample's labels mark: (the set's own word, bool (H, W))."""
    if sample.taxonomy is None:
        return
    from ewardrobe import taxonomy

    classes = taxonomy.load(sample.taxonomy)
    least = LEAST_AREA * label_map.size
    for index, count in zip(*np.unique(label_map, return_counts=True), strict=True):
        if index < len(classes) and classes[int(index)].kind == "garment" and count >= least:
            yield classes[int(index)].name, label_map == index


def own_mask(runtime: Runtime, pixels: Pixels) -> Mask:
    """The model's own largest garment of a shop's picture; without any, all that is not nearly white."""
    label_map = runtime.run(pixels).scores.label_map()
    counts = np.bincount(label_map.reshape(-1), minlength=len(runtime.taxonomy))
    counts[[runtime.taxonomy.index(name) for name in _NOT_WORN]] = 0
    if counts.max() >= 0.02 * label_map.size:
        return np.asarray(label_map == counts.argmax())
    dark = pixels.min(axis=2) < 240
    return dark if dark.any() else np.ones_like(dark)


def changed_copy(
    rng: np.random.Generator, pixels: Pixels, mask: Mask, *, flat: bool = False
) -> tuple[Pixels, Mask]:
    """A copy of one garment: cut out anew, turned, relit, blurred, its mask off at the edges.

    `flat`: the ground that it lies on may take another colour; the people around worn garments may not.
    """
    pixels, mask = _no_larger(*_window(rng, pixels, mask))
    if rng.random() < 0.5:
        pixels, mask = pixels[:, ::-1], mask[:, ::-1]
    if flat and rng.random() < 0.5:
        pixels = _on_other_ground(rng, pixels, mask)
    pixels, mask = _turned(rng, np.ascontiguousarray(pixels), mask)
    if rng.random() < 0.5:
        mask = _off_at_the_edges(rng, mask)
    pixels = _coarser(rng, _relit(rng, pixels))
    return pixels, _sized(np.ascontiguousarray(mask), pixels.shape[:2])


def _window(rng: np.random.Generator, pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    """A window around the garment or, every second time, one that cuts into it, as the edge of a photo does."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    if rng.random() < 0.5:
        kept = [max(8, round(side * rng.uniform(0.6, 1))) for side in (height, width)]
        top, left = (
            start + round(max(0, side - own) * rng.random())
            for start, side, own in zip((y, x), (height, width), kept, strict=True)
        )
        rows, columns = slice(top, top + kept[0]), slice(left, left + kept[1])
    else:
        side = max(width, height)
        above, before, below, after = (round(side * part) for part in rng.uniform(-0.06, 0.3, 4))
        rows = slice(max(0, y - above), max(y + height + below, y - above + 8))
        columns = slice(max(0, x - before), max(x + width + after, x - before + 8))
    cut = np.ascontiguousarray(mask[rows, columns])
    return (pixels[rows, columns], cut) if cut.any() else (pixels, mask)


def _no_larger(pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    """At most half again as large as the crop that the model sees: more would be work for nothing."""
    factor = 1.5 * CROP_SIZE / max(mask.shape)
    if factor >= 1:
        return pixels, mask
    small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small), _sized(mask, small.shape[:2])


def _sized(mask: Mask, size: tuple[int, ...]) -> Mask:
    return cv2.resize(mask.view(np.uint8), (size[1], size[0]), interpolation=cv2.INTER_NEAREST).astype(
        np.bool_
    )


def _turned(rng: np.random.Generator, pixels: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    height, width = mask.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-12, 12), rng.uniform(0.9, 1.05))
    turned = cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    cover = cv2.warpAffine(mask.astype(np.uint8), turn, (width, height), flags=cv2.INTER_NEAREST)
    return (np.asarray(turned), cover.astype(np.bool_)) if cover.any() else (pixels, mask)


def _off_at_the_edges(rng: np.random.Generator, mask: Mask) -> Mask:
    size = max(3, round(0.03 * rng.random() * max(mask.shape)) * 2 + 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    change = cv2.erode if rng.random() < 0.5 else cv2.dilate
    changed = change(mask.astype(np.uint8), kernel).astype(np.bool_)
    return changed if changed.any() else mask


def _on_other_ground(rng: np.random.Generator, pixels: Pixels, mask: Mask) -> Pixels:
    """What is not the garment in other colours: the same shirt, photographed on another bed."""
    gains = (rng.uniform(0.4, 1.2) * rng.uniform(0.5, 1.5, 3)).astype(np.float32)
    ground = np.clip(pixels[..., rng.permutation(3)] * gains, 0, 255).astype(np.uint8)
    return np.where(mask[..., None], pixels, ground)


def _relit(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """Other light: exposure, contrast, colour of the light, a shadow that falls off across the picture."""
    height, width = pixels.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    across = np.linspace(-0.5, 0.5, width) * np.cos(angle) + np.linspace(-0.5, 0.5, height)[:, None] * np.sin(
        angle
    )
    gain = (
        rng.uniform(0.75, 1.25) * rng.uniform(0.88, 1.12, 3) * (1 + rng.uniform(0, 0.5) * across)[..., None]
    )
    bright = 255 * np.linspace(0, 1, 256, dtype=np.float32) ** np.float32(rng.uniform(0.75, 1.35))
    return np.asarray(np.clip(bright[pixels] * gain.astype(np.float32), 0, 255), dtype=np.uint8)


def _coarser(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    if rng.random() < 0.6:
        return pixels
    factor = min(1.0, rng.uniform(70, 220) / max(pixels.shape[:2]))
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


_Row = tuple[str, str, str, str, int, npt.NDArray[np.float32], dict[str, str]]
_process: dict[str, Any] = {}


def _start(model: Path) -> None:
    cv2.setNumThreads(1)
    runtime = Runtime(model, threads=1)
    _process.update(
        runtime=runtime, encoder=CropEncoder(runtime), small=Runtime(model, size=CROP_SIZE, threads=1)
    )


def _rows(sample: Sample, *, source: str, views: int, seed: int) -> list[_Row]:
    pixels = sample.photo.pixels
    label_map = sample.label_map
    if label_map is None:
        garments = [(sample.label or "", own_mask(_process["small"], pixels))]
    else:
        garments = list(labelled_masks(sample, label_map))
    rng = np.random.default_rng([seed, int(hashlib.sha256(sample.id.encode()).hexdigest()[:8], 16)])
    rows, flat = [], sample.kind == "flat"
    for label, mask in garments:
        for view in range(views if sample.split == "train" else 1):
            seen, cover = (pixels, mask) if view == 0 else changed_copy(rng, pixels, mask, flat=flat)
            if cover.any():
                vector = _process["encoder"].features(seen, cover).vector()
                rows.append(
                    (source, sample.id, sample.split or "", label, view, vector, dict(sample.attributes))
                )
    return rows


def _computed(
    source: str, data: Path, model: Path, jobs: int, limit: int | None, seed: int
) -> tuple[Sequence[_Row], int]:
    samples: list[Sample] = []
    for split in ("train", "val"):
        samples.extend(list(open_dataset(data / _FOLDERS[source], format=source, split=split))[:limit])
    channels = _feature_channels(model)
    work = partial(_rows, source=source, views=VIEWS[source], seed=seed)
    # Spawned, not forked: a forked child inherits ONNX Runtime's locks without its threads.
    with ProcessPoolExecutor(jobs, get_context("spawn"), _start, (model,)) as pool:
        return [row for rows in pool.map(work, samples, chunksize=8) for row in rows], channels


def _feature_channels(model: Path) -> int:
    blank = np.zeros((64, 64, 3), dtype=np.uint8)
    return len(
        CropEncoder(Runtime(model, threads=1)).features(blank, np.ones((64, 64), dtype=np.bool_)).pooled
    )


def _write(file: Path, computed: tuple[Sequence[_Row], int]) -> None:
    rows, channels = computed
    names = sorted({key for row in rows for key in row[6]})
    columns = {f"extra.{name}": np.array([row[6].get(name, "") for row in rows]) for name in names}
    plain = {name: np.array([row[i] for row in rows]) for i, name in enumerate(_COLUMNS)}
    vectors = np.stack([row[5] for row in rows]).astype(np.float16)
    part = file.with_suffix(".part.npz")
    arrays: dict[str, Any] = {"vectors": vectors, "pooled": np.array(channels), **plain, **columns}
    np.savez(part, **arrays)
    part.replace(file)


def _read(file: Path) -> Examples:
    with np.load(file) as stored:
        extra = {name[6:]: stored[name] for name in stored.files if name.startswith("extra.")}
        return Examples(
            vectors=stored["vectors"].astype(np.float32),
            pooled=int(stored["pooled"]),
            extra=extra,
            **{name: stored[name] for name in _COLUMNS},
        )
