"""Are the garments of an outfit photo recognised among those owned?

    EWARDROBE_DATA=... python benchmarks/matching.py [--owned 120] [--strange 60] [--cache FILE]

The wardrobe: the garments that the default model finds in one photo of each of the five pairs of photos that the set
CCP holds twice, and in `--owned` photos of its validation and training part. Asked: the other photo of each pair (its
garments are owned), relit and cut copies of photos in the wardrobe (owned; easier than a second photo), and `--strange`
photos of other people (not owned). A garment found is owned where its photo is and one of the same class was found in
both; it counts as right when that one is proposed. No two of a photo are given the same garment. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from retrieval import relit
from timing import grid

from ewardrobe.attributes import describe
from ewardrobe.datasets import CCP_PAIRS
from ewardrobe.imaging import open_photo, to_png_bytes
from ewardrobe.segmentation import Segmenter
from ewardrobe.wardrobe.matching import CANDIDATES, SURE, Match, assign, may_be

LINES = (0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80)
WEIGHTS = (0.0, 0.25, 0.5)
"""What a score may lose for colours that have nothing in common; the first is what the app does."""

FAR = 60.0  # CIELAB: black to mid grey; what is farther apart is simply another colour


@dataclass(frozen=True)
class Seen:
    """A garment found: its photo, class, embedding, and palette of (share, CIELAB)."""

    photo: str
    label: str
    area: int
    vector: np.ndarray
    palette: list[tuple[float, tuple[float, float, float]]]


def garments_of(segmenter: Segmenter, name: str, data: bytes) -> list[Seen]:
    result = segmenter.segment(open_photo(data))
    found = []
    for garment in result.garments:
        said = describe(result, garment)
        palette = [(colour.share, colour.lab) for colour in said.colours]
        found.append(Seen(name, garment.label, garment.area, said.embedding, palette))
    return found


def changed(data: bytes, seed: int) -> bytes:
    """The photo in other light, without up to a fifth of its width and height: as a second shot might be."""
    pixels = open_photo(data).pixels
    rng = np.random.default_rng(seed)
    height, width = pixels.shape[:2]
    x, y = (int(rng.integers(0, max(1, side // 10))) for side in (width, height))
    kept = pixels[
        y : height - int(rng.integers(0, height // 10)), x : width - int(rng.integers(0, width // 10))
    ]
    light, _ = relit(kept, kept[..., 0] > 0, rng)
    return to_png_bytes(np.ascontiguousarray(light))


def collect(data: Path, owned: int, strange: int) -> tuple[list[Seen], dict[str, dict[str, list[Seen]]]]:
    """The garments of the wardrobe, and of the photos asked: by kind, by the owned photo they stand for."""
    segmenter = Segmenter()
    photos = data / "ccp" / "photos"
    twice = {name for pair in CCP_PAIRS for name in pair}
    others = [path.stem for path in sorted(photos.glob("*.jpg")) if path.stem not in twice]
    chosen = list(np.random.default_rng(0).permutation(others))
    mine, theirs = chosen[:owned], chosen[owned : owned + strange]
    read = lambda name: (photos / f"{name}.jpg").read_bytes()  # noqa: E731
    wardrobe = [
        seen
        for name in (*(pair[0] for pair in CCP_PAIRS), *mine)
        for seen in garments_of(segmenter, name, read(name))
    ]
    asked = {
        "a second photo": {pair[0]: garments_of(segmenter, pair[0], read(pair[1])) for pair in CCP_PAIRS},
        "a changed copy": {
            name: garments_of(segmenter, name, changed(read(name), number))
            for number, name in enumerate(mine[: owned // 2])
        },
        "not owned": {f"-{name}": garments_of(segmenter, f"-{name}", read(name)) for name in theirs},
    }
    return wardrobe, asked


def colour_distance(one: Seen, other: Seen) -> float:
    """0..1: from each colour to the nearest of the other, weighed by share, the mean of both directions."""
    if not one.palette or not other.palette:
        return 0.0
    lab = [np.array([colour for _, colour in seen.palette]) for seen in (one, other)]
    shares = [np.array([share for share, _ in seen.palette]) + 1e-9 for seen in (one, other)]
    apart = np.linalg.norm(lab[0][:, None] - lab[1][None], axis=2)
    mean = sum(float(np.average(apart.min(axis=1 - axis), weights=shares[axis])) for axis in (0, 1)) / 2
    return min(mean, FAR) / FAR


def answers(
    wardrobe: list[Seen], photo: list[Seen], weight: float, line: float
) -> list[tuple[Seen, bool, Match | None]]:
    """Each garment of a photo: whether it is owned, and what is proposed."""
    found = []
    for seen in photo:
        matches = [
            Match(place, float(seen.vector @ mine.vector) - weight * colour_distance(seen, mine))
            for place, mine in enumerate(wardrobe)
            if may_be(seen.label, {mine.label})
        ]
        found.append(sorted(matches, key=lambda match: -match.score)[:CANDIDATES])
    chosen = assign(found, line)
    owned = {(mine.photo, mine.label) for mine in wardrobe}
    return [
        (seen, (seen.photo, seen.label) in owned, match) for seen, match in zip(photo, chosen, strict=True)
    ]


def table(wardrobe: list[Seen], asked: dict[str, dict[str, list[Seen]]]) -> str:
    rows = []
    for weight in WEIGHTS:
        for line in LINES:
            row = [f"{weight:.2f}", f"{line:.2f}"]
            proposed = right = 0
            for photos in asked.values():
                cases = [case for photo in photos.values() for case in answers(wardrobe, photo, weight, line)]
                good = sum(
                    match is not None
                    and wardrobe[match.garment_id].photo == seen.photo
                    and wardrobe[match.garment_id].label == seen.label
                    for seen, _, match in cases
                )
                said = sum(match is not None for _, _, match in cases)
                proposed, right = proposed + said, right + good
                owned = sum(is_owned for _, is_owned, _ in cases)
                row.append(f"{good} of {owned}" if owned else f"{said} of {len(cases)}")
            rows.append([*row, f"{right / max(1, proposed):.3f}"])
    head = [
        "colours' weight",
        "from",
        *(f"{kind}: {'found' if kind != 'not owned' else 'proposed'}" for kind in asked),
    ]
    return grid([*head, "proposals that are right"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("EWARDROBE_DATA", "../shared/data"))
    parser.add_argument("--owned", type=int, default=120)
    parser.add_argument("--strange", type=int, default=60)
    parser.add_argument("--cache", type=Path, help="keep what was found here, and read it when it is there")
    options = parser.parse_args()
    if options.cache and options.cache.is_file():
        wardrobe, asked = pickle.loads(options.cache.read_bytes())
    else:
        wardrobe, asked = collect(options.data, options.owned, options.strange)
        if options.cache:
            options.cache.write_bytes(pickle.dumps((wardrobe, asked)))
    print(f"{len(wardrobe)} garments in the wardrobe; the line is at {SURE}, without colours.\n")
    print(table(wardrobe, asked))


if __name__ == "__main__":
    main()
