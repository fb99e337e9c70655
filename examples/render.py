# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy==4.2.0", "numpy<2", "opencv-python-headless<4.11"]
# ///
"""Render the flat garments of this folder: cut a pattern, drop the cloth on a floor, photograph it.

    uv run examples/render.py striped-t-shirt jeans --out examples/flat

Each garment is a front and a back panel with shared seams. Blender's cloth solver lets it fall and crumple under its
own weight, Cycles lights it as a room with one window does. Everything is made here, so the pictures are ours to give
away (CC0). The seeds are fixed: the same versions give the same pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from rendering.cloth import garment_mesh, lay_down
from rendering.painting import paint_jeans, paint_t_shirt
from rendering.room import floor, light, material, photograph
from rendering.sewing import JEANS, T_SHIRT, Segment


@dataclass(frozen=True)
class Recipe:
    """What to cut, what it is printed with, and where it lies."""

    half: tuple[Segment, ...]
    paint: Callable[[np.random.Generator], np.ndarray]
    drop: float
    ground: str
    turn: float
    crumple: float
    stiffness: float
    height: float
    seed: int


RECIPES = {
    "striped-t-shirt": Recipe(T_SHIRT, paint_t_shirt, 0.065, "wood", 7, 0.035, 0.35, 1.30, 3),
    "jeans": Recipe(JEANS, paint_jeans, 0.03, "sheet", -6, 0.03, 2.5, 1.62, 5),
}


def render(name: str, out: Path, samples: int, size: tuple[int, int]) -> Path:
    """Make one picture and return its path."""
    recipe = RECIPES[name]
    rng = np.random.default_rng(recipe.seed)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    floor(recipe.ground, rng)
    thing = garment_mesh(name, recipe.half, recipe.drop, rng)
    thing.data.materials.append(
        material(name, recipe.paint(rng), roughness=0.85, sheen=0.15, bump=0.35, scale=1400)
    )
    lay_down(thing, rng, turn=recipe.turn, crumple=recipe.crumple, stiffness=recipe.stiffness)
    thing.modifiers.new("smooth", "SUBSURF").render_levels = 1
    thickness = thing.modifiers.new("thickness", "SOLIDIFY")
    thickness.thickness = 0.0012
    light(rng)
    path = out / f"{name}.jpg"
    photograph(path, recipe.height, size, samples, rng)
    return path


def main() -> None:
    """Render the garments that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(RECIPES)} (default: all)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "flat")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--size", type=int, nargs=2, default=(450, 600), metavar=("W", "H"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or RECIPES:
        print(render(name, options.out.resolve(), options.samples, tuple(options.size)))


if __name__ == "__main__":
    main()
