"""Do two pictures of one garment find each other?

    EWARDROBE_DATA=... python benchmarks/retrieval.py [--cache runs/heads] [--model default] [--own-masks]

The gallery holds every flat garment and every garment of the worn photos, some 7,000. Asked are 200 flat garments,
which the embedding's projection has never seen, each flipped, cut and relit; and the garments of the photos that the
worn set holds twice. A case counts when each of the two has the other among its five nearest. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from head_scores import interval
from timing import grid

from ewardrobe.attributes.embedding import embed
from ewardrobe.attributes.features import CropEncoder
from ewardrobe.attributes.heads import Heads, shipped_heads
from ewardrobe.datasets import CCP_PAIRS, Sample, open_dataset
from ewardrobe.segmentation import Segmenter, resolve
from ewardrobe.segmentation.runtime import Runtime
from ewardrobe.training.head_examples import Examples, collect, held_out, joined

NEAREST = 5

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Vectors = npt.NDArray[np.float32]


def flipped(pixels: Pixels, mask: Mask, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    return np.ascontiguousarray(pixels[:, ::-1]), np.ascontiguousarray(mask[:, ::-1])


def cut(pixels: Pixels, mask: Mask, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """A window of 0.7 to 0.85 of each side of the garment's own box: up to half of it is gone."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = []
    for places in (rows, columns):
        side = int(np.ptp(places)) + 1
        kept = max(8, round(side * rng.uniform(0.7, 0.85)))
        start = int(places[0]) + int(rng.integers(0, max(1, side - kept)))
        window.append(slice(start, start + kept))
    return np.ascontiguousarray(pixels[tuple(window)]), np.ascontiguousarray(mask[tuple(window)])


def relit(pixels: Pixels, mask: Mask, rng: np.random.Generator) -> tuple[Pixels, Mask]:
    """Two thirds to one and a half times as bright, in lamplight or in shade, with other contrast."""
    warmth = rng.uniform(-0.12, 0.12)
    gains = np.exp(rng.choice([-1, 1]) * rng.uniform(0.2, 0.4)) * np.array([1 + warmth, 1.0, 1 - warmth])
    bright = np.clip((pixels / 255.0) ** rng.uniform(0.8, 1.25) * gains, 0, 1)
    return (bright * 255).astype(np.uint8), mask


CHANGES: dict[str, Callable[[Pixels, Mask, np.random.Generator], tuple[Pixels, Mask]]] = {
    "flipped": flipped,
    "cut": cut,
    "relit": relit,
}


@dataclass(frozen=True)
class Gallery:
    """Garments as embeddings (N, D), with set, photo and label."""

    vectors: Vectors
    source: npt.NDArray[np.str_]
    id: npt.NDArray[np.str_]
    label: npt.NDArray[np.str_]

    @classmethod
    def of(cls, heads: Heads, examples: Examples) -> Gallery:
        kept = (examples.view == 0) & (examples.source != "products")
        pooled = examples.vectors[kept][:, : examples.pooled]
        vectors = np.stack([embed(row, heads) for row in pooled])
        return cls(vectors, examples.source[kept], examples.id[kept], examples.label[kept])

    def rank(self, query: Vectors, likeness: float, *, without: list[int]) -> int:
        """The place of a garment of that likeness to `query` among the gallery's; 1 is the nearest."""
        scores = self.vectors @ query
        scores[without] = -2
        return 1 + int((scores > likeness).sum())


def copies(samples: list[Sample]) -> Iterator[tuple[str, str, Pixels, Mask]]:
    for number, sample in enumerate(samples):
        photo, label_map = sample.read()
        for name, change in CHANGES.items():
            pixels, mask = change(photo.pixels, label_map > 0, np.random.default_rng([number, len(name)]))
            yield sample.id, name, pixels, mask


def own_mask(segmenter: Segmenter, pixels: Pixels, true: Mask) -> Mask:
    """The model's largest garment; the true mask's stand-in of all pixels when it finds none."""
    garments = segmenter.segment(pixels).garments
    return max(garments, key=lambda item: item.area).mask if garments else np.ones_like(true)


def copy_rows(gallery: Gallery, heads: Heads, encoder: CropEncoder, samples: list[Sample], segmenter: Segmenter | None
) -> list[list[str]]:  # fmt: skip
    found: dict[str, list[tuple[int, int]]] = {name: [] for name in CHANGES}
    places = {photo: index for index, photo in enumerate(gallery.id) if gallery.source[index] == "flat-lay"}
    originals = {photo: gallery.vectors[index] for photo, index in places.items()}
    if segmenter is not None:
        for sample in samples:
            photo_pixels, label_map = sample.read()
            mask = own_mask(segmenter, photo_pixels.pixels, label_map > 0)
            originals[sample.id] = embed(encoder.features(photo_pixels.pixels, mask).pooled, heads)
    for photo, name, pixels, mask in copies(samples):
        seen = mask if segmenter is None else own_mask(segmenter, pixels, mask)
        copy = embed(encoder.features(pixels, seen).pooled, heads)
        likeness = float(copy @ originals[photo])
        own = [places[photo]]
        found[name].append(
            (gallery.rank(copy, likeness, without=own), gallery.rank(originals[photo], likeness, without=own))
        )
    return [_row(f"flat, {name}", ranks) for name, ranks in found.items()]


def pair_rows(gallery: Gallery) -> list[list[str]]:
    """Garments with the same tag in both photos of a pair."""
    ranks: list[tuple[int, int]] = []
    worn = gallery.source == "people-clothing"
    for one, other in CCP_PAIRS:
        first, second = (np.flatnonzero(worn & (gallery.id == photo)) for photo in (one, other))
        for a in first:
            for b in second[gallery.label[second] == gallery.label[a]]:
                likeness = float(gallery.vectors[a] @ gallery.vectors[b])
                both = [int(a), int(b)]
                there, back = (gallery.rank(gallery.vectors[k], likeness, without=both) for k in both)
                ranks.append((there, back))
    return [_row("worn, annotated twice", ranks)] if ranks else []


def _row(name: str, ranks: list[tuple[int, int]]) -> list[str]:
    there, back = (np.array(side) <= NEAREST for side in zip(*ranks, strict=True))
    both = there & back
    low, high = interval(both)
    first = np.mean([rank == 1 for pair in ranks for rank in pair])
    return [name, str(len(ranks)), f"{both.mean():.3f} ({low:.3f}-{high:.3f})", f"{there.mean():.3f}",
            f"{back.mean():.3f}", f"{first:.3f}"]  # fmt: skip


def likeness_table(gallery: Gallery, heads: Heads, examples: Examples) -> str:
    """What cosine two pictures of one garment have, and two garments of one label: where to say "you may own this"."""
    rng = np.random.default_rng(0)
    changed = examples.view > 0
    rows = []
    same = []
    index = {
        (s, i, w): k
        for k, (s, i, w) in enumerate(zip(gallery.source, gallery.id, gallery.label, strict=True))
    }
    for k in rng.permutation(np.flatnonzero(changed & (examples.source == "flat-lay")))[:2000]:
        original = index[(examples.source[k], examples.id[k], examples.label[k])]
        same.append(float(embed(examples.vectors[k, : examples.pooled], heads) @ gallery.vectors[original]))
    flat = np.flatnonzero(gallery.source == "flat-lay")
    a, b = rng.choice(flat, (2, 200_000))
    label = (gallery.label[a] == gallery.label[b]) & (a != b)
    other = np.einsum("nd,nd->n", gallery.vectors[a[label]], gallery.vectors[b[label]])
    nearest = []
    for k in rng.permutation(flat)[:600]:
        scores = gallery.vectors @ gallery.vectors[k]
        scores[k] = -2
        nearest.append(float(scores.max()))
    for name, values in (("a garment and a changed copy", same), ("two garments of one label", other),
                         ("a garment and its nearest other", nearest)):  # fmt: skip
        rows.append(
            [name, str(len(values)), *(f"{value:.3f}" for value in np.percentile(values, [1, 5, 50, 95, 99]))]
        )
    return grid(["pictures", "n", "1 %", "5 %", "median", "95 %", "99 %"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("EWARDROBE_DATA", "../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/heads"))
    parser.add_argument("--model", default="default")
    parser.add_argument("--heads", type=Path, help="another file of heads than the shipped one")
    parser.add_argument(
        "--own-masks", action="store_true", help="also with the model's own masks of the copies"
    )
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    heads = Heads.load(options.heads) if options.heads else shipped_heads()
    if heads is None:
        parser.error("the package was built without heads: train them, or give --heads FILE")
    data = Path(options.data)
    model = resolve(options.model)
    examples = joined(collect(data, model, cache=options.cache, limit=options.limit))
    gallery = Gallery.of(heads, examples)
    asked = set(examples.id[held_out(examples)].tolist())
    samples = [
        sample
        for split in ("train", "val")
        for sample in open_dataset(data / "flatlay", format="flat-lay", split=split)
        if sample.id in asked
    ]
    encoder = CropEncoder(Runtime(model, threads=1))
    print(f"## Retrieval\n\n{len(gallery.id)} garments in the gallery, {len(samples)} flat garments asked.\n")
    head = [
        "pictures",
        "cases",
        f"each in the other's first {NEAREST}",
        "copy finds",
        "original finds",
        "first",
    ]
    rows = copy_rows(gallery, heads, encoder, samples, None) + pair_rows(gallery)
    print(grid(head, rows))
    if options.own_masks:
        print("\nWith the model's own masks:\n")
        print(grid(head, copy_rows(gallery, heads, encoder, samples, Segmenter(options.model))))
    print("\nCosines:\n")
    print(likeness_table(gallery, heads, examples))


if __name__ == "__main__":
    main()
