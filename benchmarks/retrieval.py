"""Do two pictures of one garment find each other?

    EWARDROBE_DATA=... python benchmarks/retrieval.py [--cache runs/heads] [--model default] [--own-masks]

The gallery holds every flat garment and every garment of the worn photos, some 7,000. Asked are 200 flat garments,
each flipped, cut and relit, and the garments of the photos that the worn set holds twice; the embedding's projection
has seen none of them. A case counts when each of the two has the other among its five nearest. Then: what each cosine,
taken as the line from which a garment may be owned already, finds and what it reports wrongly. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from head_scores import Rate
from timing import grid

from ewardrobe.attributes.embedding import embed
from ewardrobe.attributes.features import CropEncoder
from ewardrobe.attributes.heads import Heads, shipped_heads
from ewardrobe.datasets import CCP_PAIRS, Sample, open_dataset
from ewardrobe.segmentation import Segmenter, resolve
from ewardrobe.segmentation.onnxfile import graph_sha256
from ewardrobe.segmentation.runtime import Runtime
from ewardrobe.training.head_examples import Examples, collect, held_out, joined
from ewardrobe.wardrobe.similarity import LOOK_ALIKE

NEAREST = 5
FLOOR = 0.9
LINES = (0.70, 0.75, 0.80, 0.85, 0.90, 0.95)

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

    def rank(self, query: Vectors, likeness: float, *, without: tuple[int, ...]) -> int:
        """The place of a garment of that likeness to `query` among the gallery's; 1 is the nearest."""
        scores = self.vectors @ query
        scores[list(without)] = -2
        return 1 + int((scores > likeness).sum())


@dataclass(frozen=True)
class Case:
    """Two pictures of one garment as embeddings; `own`: their rows in the gallery; `there`, `back`: their ranks."""

    kind: str
    one: Vectors
    other: Vectors
    own: tuple[int, ...]
    there: int
    back: int

    @classmethod
    def of(cls, gallery: Gallery, kind: str, one: Vectors, other: Vectors, own: tuple[int, ...]) -> Case:
        likeness = float(one @ other)
        there, back = (gallery.rank(query, likeness, without=own) for query in (other, one))
        return cls(kind, one, other, own, there, back)

    @property
    def likeness(self) -> float:
        return float(self.one @ self.other)


def copies(samples: list[Sample]) -> Iterator[tuple[str, str, Pixels, Mask]]:
    """Each sample's photo, then its changed copies: (photo, change, pixels, mask)."""
    for number, sample in enumerate(samples):
        photo, label_map = sample.read()
        yield sample.id, "", photo.pixels, label_map > 0
        for name, change in CHANGES.items():
            pixels, mask = change(photo.pixels, label_map > 0, np.random.default_rng([number, len(name)]))
            yield sample.id, name, pixels, mask


def own_mask(segmenter: Segmenter, pixels: Pixels, true: Mask) -> Mask:
    """The model's largest garment; all pixels when it finds none."""
    garments = segmenter.segment(pixels).garments
    return max(garments, key=lambda item: item.area).mask if garments else np.ones_like(true)


def copy_cases(gallery: Gallery, heads: Heads, encoder: CropEncoder, samples: list[Sample],
               segmenter: Segmenter | None) -> list[Case]:  # fmt: skip
    """Originals and changed copies, with the true masks or, given a segmenter, with the model's own of both."""
    flat = gallery.source == "flat-lay"
    places = {photo: int(index) for index, photo in zip(np.flatnonzero(flat), gallery.id[flat], strict=True)}
    cases, original = [], gallery.vectors[0]
    for photo, name, pixels, mask in copies(samples):
        if segmenter is None and not name:
            original = gallery.vectors[places[photo]]
            continue
        seen = mask if segmenter is None else own_mask(segmenter, pixels, mask)
        vector = embed(encoder.features(pixels, seen).pooled, heads)
        if name:
            cases.append(Case.of(gallery, f"flat, {name}", original, vector, (places[photo],)))
        else:
            original = vector
    return cases


def pair_cases(gallery: Gallery) -> list[Case]:
    """Garments with the same tag in both photos of a pair."""
    worn, cases = gallery.source == "people-clothing", []
    for photos in CCP_PAIRS:
        first, second = (np.flatnonzero(worn & (gallery.id == photo)) for photo in photos)
        for a in first.tolist():
            for b in second[gallery.label[second] == gallery.label[a]].tolist():
                cases.append(
                    Case.of(
                        gallery, "worn, photographed twice", gallery.vectors[a], gallery.vectors[b], (a, b)
                    )
                )
    return cases


def case_table(cases: list[Case]) -> str:
    """How many of each kind find each other, against the floor."""
    head = ["pictures", "cases", f"each in the other's first {NEAREST}", f"at least {FLOOR}", "copy finds",
            "original finds", "first", "cosine: 5 %", "median"]  # fmt: skip
    rows = []
    for kind in dict.fromkeys(case.kind for case in cases):
        own = [case for case in cases if case.kind == kind]
        there, back = (np.array([getattr(case, side) for case in own]) for side in ("there", "back"))
        both = Rate((there <= NEAREST) & (back <= NEAREST))
        low, median = np.percentile([case.likeness for case in own], [5, 50])
        rows.append(
            [kind, str(len(own)), str(both), "yes" if both.mean >= FLOOR else "**no**",
             f"{(there <= NEAREST).mean():.3f}", f"{(back <= NEAREST).mean():.3f}",
             f"{((there == 1) & (back == 1)).mean():.3f}", f"{low:.3f}", f"{median:.3f}"]
        )  # fmt: skip
    return grid(head, rows)


def line_table(cases: list[Case]) -> str:
    """What is reported as owned already from each cosine on, in a wardrobe of the flat garments asked.

    Each copy is held against all originals: its own is right, any other wrong. A garment not owned is each original
    against the others.
    """
    flat = [case for case in cases if case.kind.startswith("flat")]
    kinds = list(dict.fromkeys(case.kind for case in cases))
    owned = {case.own: case.one for case in flat}
    wardrobe, place = np.stack(list(owned.values())), {own: index for index, own in enumerate(owned)}
    likeness = np.stack([wardrobe @ case.other for case in flat])
    own = np.array([place[case.own] for case in flat])
    right = np.zeros_like(likeness, dtype=bool)
    right[np.arange(len(flat)), own] = True
    among = wardrobe @ wardrobe.T
    np.fill_diagonal(among, -2)
    rows = []
    for line in sorted({*LINES, LOOK_ALIKE}):
        said = likeness >= line
        precision = (said & right).sum() / max(1, said.sum())
        recalls = [
            f"{np.mean([case.likeness >= line for case in cases if case.kind == kind]):.3f}" for kind in kinds
        ]
        rows.append(
            [f"{line:.2f}" + (" (set)" if line == LOOK_ALIKE else ""), f"{precision:.3f}",
             str(Rate(said[right])), *recalls, str(Rate((among >= line).any(axis=1)))]
        )  # fmt: skip
    head = ["from", "precision", "recall", *(f"recall: {kind}" for kind in kinds), "not owned, reported"]
    return (
        f"{len(wardrobe)} garments in the wardrobe, {len(flat)} copies held against it.\n\n{grid(head, rows)}"
    )


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
    parser.add_argument("--jobs", type=int, default=2, help="processes that compute features")
    parser.add_argument("--limit", type=int, help="photos of each set and split, for a trial")
    options = parser.parse_args()
    heads = Heads.load(options.heads) if options.heads else shipped_heads()
    if heads is None:
        parser.error("the package was built without heads: train them, or give --heads FILE")
    data, model = Path(options.data), resolve(options.model)
    if heads.model_sha256 != graph_sha256(model):
        parser.error("these heads were fitted on another model: run python -m ewardrobe.training.heads")
    examples = joined(collect(data, model, cache=options.cache, jobs=options.jobs, limit=options.limit))
    gallery = Gallery.of(heads, examples)
    asked = set(examples.id[held_out(examples) & (examples.source == "flat-lay")].tolist())
    samples = [
        sample
        for split in ("train", "val")
        for sample in open_dataset(data / "flatlay", format="flat-lay", split=split)
        if sample.id in asked
    ]
    pairs = pair_cases(gallery)
    here = sum(set(photos) <= set(gallery.id.tolist()) for photos in CCP_PAIRS)
    encoder = CropEncoder(Runtime(model, threads=1))
    flat = int((gallery.source == "flat-lay").sum())
    print(
        f"## Retrieval\n\n{len(gallery.id)} garments in the gallery, {flat} of them flat. {len(samples)} flat garments "
        f"asked; {here} of {len(CCP_PAIRS)} pairs of worn photos are here, {len(pairs)} garments tagged in both.\n"
    )
    cases = copy_cases(gallery, heads, encoder, samples, None) + pairs
    print(case_table(cases))
    print(f"\nReported as perhaps owned already:\n\n{line_table(cases)}")
    if options.own_masks:
        own = copy_cases(gallery, heads, encoder, samples, Segmenter(options.model))
        print(f"\nWith the model's own masks:\n\n{case_table(own)}\n\n{line_table(own)}")


if __name__ == "__main__":
    main()
