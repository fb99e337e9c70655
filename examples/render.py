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
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy
import cv2
import numpy as np
from mathutils import Vector
from mathutils.geometry import delaunay_2d_cdt

Point = tuple[float, float]
PIXELS_PER_METRE = 1400


@dataclass(frozen=True)
class Segment:
    """One edge of half a panel, in metres: a quadratic curve; `open` edges are not sewn to the other panel."""

    start: Point
    control: Point
    end: Point
    open: bool = False


def line(start: Point, end: Point, *, open: bool = False) -> Segment:
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    return Segment(start, middle, end, open)


T_SHIRT = (
    Segment((0, 0.635), (0.075, 0.64), (0.09, 0.725), open=True),
    line((0.09, 0.725), (0.215, 0.69)),
    Segment((0.215, 0.69), (0.31, 0.63), (0.385, 0.51)),
    line((0.385, 0.51), (0.295, 0.45), open=True),
    line((0.295, 0.45), (0.225, 0.51)),
    Segment((0.225, 0.51), (0.212, 0.25), (0.23, 0.0)),
    Segment((0.23, 0.0), (0.1, -0.008), (0, -0.008), open=True),
)
JEANS = (
    Segment((0, 0.985), (0.1, 0.985), (0.195, 1.01), open=True),
    Segment((0.195, 1.01), (0.25, 0.86), (0.252, 0.73)),
    Segment((0.252, 0.73), (0.255, 0.35), (0.27, 0.0)),
    line((0.27, 0.0), (0.105, 0.0), open=True),
    Segment((0.105, 0.0), (0.06, 0.5), (0.022, 0.69)),
    line((0.022, 0.69), (0, 0.715)),
)


# -- cloth ---------------------------------------------------------------------------------------------------------


def outline(half: tuple[Segment, ...], spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the closed outline (n, 2) of a mirrored panel and which of its points are sewn."""
    points: list[Point] = []
    sewn: list[bool] = []
    for segment in half:
        a, b, c = (np.array(p) for p in (segment.start, segment.control, segment.end))
        count = max(2, round(float(np.linalg.norm(c - a)) / spacing))
        for step in range(count):
            t = step / count
            points.append(tuple((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c))
            sewn.append(not segment.open or step == 0)
    points.append(half[-1].end)
    sewn.append(not half[-1].open)
    right, flags = np.array(points), np.array(sewn)
    # The first and the last point lie on the axis: mirroring must not double them.
    left = right[-2:0:-1] * (-1, 1)
    return np.concatenate([right, left]), np.concatenate([flags, flags[-2:0:-1]])


def panel(half: tuple[Segment, ...], spacing: float, rng: np.random.Generator):
    """Return one panel's vertices (n, 2), triangles, and the sewn flag of each vertex."""
    edge, sewn = outline(half, spacing)
    contour = edge.astype(np.float32).reshape(-1, 1, 2)
    low, high = edge.min(0), edge.max(0)
    inside = []
    for row, y in enumerate(np.arange(low[1], high[1], spacing * 0.87)):
        for x in np.arange(low[0] + (row % 2) * spacing / 2, high[0], spacing):
            point = np.array([x, y]) + rng.normal(0, spacing * 0.08, 2)
            if cv2.pointPolygonTest(contour, (float(point[0]), float(point[1])), True) > spacing * 0.55:
                inside.append(point)
    points = np.concatenate([edge, np.array(inside)])
    loop = [(i, (i + 1) % len(edge)) for i in range(len(edge))]
    vertices, _, faces, *_ = delaunay_2d_cdt([Vector(p) for p in points], loop, [], 1, 1e-6)
    flags = np.zeros(len(vertices), bool)
    flags[: len(edge)] = sewn
    return np.array([tuple(v) for v in vertices]), [tuple(f) for f in faces], flags


def garment_mesh(name: str, half: tuple[Segment, ...], drop: float, rng: np.random.Generator):
    """Sew a front to a back whose neckline (or waist) sits `drop` metres higher."""
    spacing = 0.0085
    first = half[0]
    raised = Segment(
        (first.start[0], first.start[1] + drop),
        (first.control[0], first.control[1] + drop),
        first.end,
        open=True,
    )
    vertices: list[tuple[float, float, float]] = []
    flat: list[Point] = []
    faces: list[tuple[int, ...]] = []
    seam: dict[tuple[float, float], int] = {}
    for side, panel_half in ((-1, (raised, *half[1:])), (1, half)):
        points, triangles, sewn = panel(panel_half, spacing, rng)
        distance = np.min(np.linalg.norm(points[:, None] - points[sewn][None], axis=2), axis=1)
        lift = side * 0.011 * np.clip(distance / 0.03, 0, 1)
        index: list[int] = []
        for point, is_sewn, z in zip(points, sewn, lift, strict=True):
            key = (round(float(point[0]), 5), round(float(point[1]), 5))
            if is_sewn and key in seam:
                index.append(seam[key])
                continue
            if is_sewn:
                seam[key] = len(vertices)
            index.append(len(vertices))
            vertices.append((float(point[0]), float(point[1]), float(z)))
            flat.append((float(point[0]), float(point[1])))
        # The back looks down, so its triangles turn the other way round.
        faces += [tuple(index[i] for i in (t if side > 0 else t[::-1])) for t in triangles]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices, [], faces)
    uv = mesh.uv_layers.new(name="cloth")
    for loop in mesh.loops:
        x, y = flat[loop.vertex_index]
        uv.data[loop.index].uv = (x / 1.2 + 0.5, (y + 0.1) / 1.2)
    mesh.shade_smooth()
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.collection.objects.link(thing)
    return thing


def lay_down(thing, rng: np.random.Generator, *, turn: float, crumple: float, stiffness: float) -> None:
    """Place the garment above the floor, a little pushed together, and let it fall."""
    mesh = thing.data
    rest = np.array([tuple(v.co) for v in mesh.vertices])
    thing.shape_key_add(name="Basis")
    moved = thing.shape_key_add(name="pushed")
    centre = (rest.min(0) + rest.max(0)) / 2
    waves = [(rng.normal(0, 5.0, 2), rng.uniform(0, 6.28), rng.normal(0, 1, 3)) for _ in range(14)]
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    for i, p in enumerate(rest):
        push = sum(
            direction * math.sin(float(wave @ p[:2]) * 1.6 + phase) for wave, phase, direction in waves
        )
        x, y = (p[:2] - centre[:2]) * (1 - crumple) + push[:2] * crumple * 0.06
        z = p[2] + 0.05 + abs(push[2]) * crumple * 0.12
        moved.data[i].co = (c * x - s * y, s * x + c * y, z)
        thing.data.shape_keys.key_blocks["Basis"].data[i].co = (p[0], p[1], p[2])
    moved.value = 1.0
    cloth = thing.modifiers.new("cloth", "CLOTH")
    settings = cloth.settings
    settings.quality = 7
    settings.mass = 0.18
    settings.air_damping = 3.0
    settings.tension_stiffness = settings.compression_stiffness = 18
    settings.shear_stiffness = 8
    settings.bending_stiffness = stiffness
    settings.tension_damping = settings.compression_damping = 6
    settings.rest_shape_key = thing.data.shape_keys.key_blocks["Basis"]
    hits = cloth.collision_settings
    hits.collision_quality = 4
    hits.distance_min = 0.002
    hits.use_self_collision = True
    hits.self_distance_min = 0.0022
    hits.self_friction = 8
    scene = bpy.context.scene
    cloth.point_cache.frame_end = scene.frame_end = 70
    for frame in range(1, 71):
        scene.frame_set(frame)


# -- what the cloth looks like ------------------------------------------------------------------------------------


def noise(rng: np.random.Generator, size: int, cells: int, octaves: int = 4) -> np.ndarray:
    """Fractal value noise (size, size) around 0."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        grid = rng.normal(0, 1, (cells * 2**octave, cells * 2**octave)).astype(np.float32)
        total += cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC) / 2**octave
    return total


def blank(colour: tuple[int, int, int], rng: np.random.Generator, mottle: float = 2.0) -> np.ndarray:
    size = round(1.2 * PIXELS_PER_METRE)
    base = np.full((size, size, 3), colour, np.float32)
    base += noise(rng, size, 12)[..., None] * mottle + rng.normal(0, 3, (size, size, 1))
    return np.clip(base, 0, 255).astype(np.uint8)


def to_pixels(points: np.ndarray) -> np.ndarray:
    size = round(1.2 * PIXELS_PER_METRE)
    return np.stack([(points[:, 0] / 1.2 + 0.5) * size, (1 - (points[:, 1] + 0.1) / 1.2) * size], 1)


def stroke(
    image: np.ndarray, curve: Segment, colour: tuple[int, int, int], width: float, *, dash: bool = False
) -> None:
    """Draw a curve and its mirror image, `width` in metres."""
    t = np.linspace(0, 1, 120)[:, None]
    a, b, c = (np.array(p) for p in (curve.start, curve.control, curve.end))
    points = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c
    thickness = max(1, round(width * PIXELS_PER_METRE))
    for mirrored in (1, -1):
        pixels = np.round(to_pixels(points * (mirrored, 1))).astype(np.int32)
        for k in range(0, len(pixels) - 1):
            if not dash or k % 3 != 2:
                cv2.line(image, tuple(pixels[k]), tuple(pixels[k + 1]), colour, thickness, cv2.LINE_AA)


def shifted(curve: Segment, dx: float, dy: float) -> Segment:
    (a, b), (c, d), (e, f) = curve.start, curve.control, curve.end
    return Segment((a + dx, b + dy), (c + dx, d + dy), (e + dx, f + dy))


def paint_t_shirt(rng: np.random.Generator) -> np.ndarray:
    image = blank((232, 228, 218), rng)
    size = image.shape[0]
    for y in np.arange(0.03, 0.60, 0.033):
        row = round((1 - (y + 0.1) / 1.2) * size)
        band = image[row : row + round(0.014 * PIXELS_PER_METRE)].astype(np.float32)
        image[row : row + len(band)] = np.clip(
            band * 0.02 + np.array([28, 36, 66]) + rng.normal(0, 4, band.shape), 0, 255
        )
    for y in (0.024, 0.018):
        stroke(image, line((0, y - 0.008), (0.24, y)), (205, 200, 190), 0.0008)
    stroke(image, shifted(T_SHIRT[0], 0, 0.0), (222, 218, 208), 0.030)
    stroke(image, shifted(T_SHIRT[0], 0.012, -0.016), (196, 190, 180), 0.0012)
    stroke(image, Segment((0.215, 0.69), (0.19, 0.6), (0.225, 0.51)), (178, 174, 168), 0.0016)
    stroke(image, line((0.372, 0.532), (0.283, 0.468)), (196, 190, 180), 0.001)
    return image


def paint_jeans(rng: np.random.Generator) -> np.ndarray:
    image = blank((58, 78, 116), rng, mottle=4).astype(np.float32)
    size = image.shape[0]
    yy, xx = np.mgrid[:size, :size]
    image += (((xx + yy) % 5) < 2)[..., None] * 12 - 5 + rng.normal(0, 1, (size, size, 1)) * 6
    for side in (-1, 1):
        px, py = (side * 0.15 / 1.2 + 0.5) * size, (1 - 0.62 / 1.2) * size
        fade = np.exp(-(((xx - px) / 85) ** 2 + ((yy - py) / 330) ** 2))
        image += fade[..., None] * np.array([58, 60, 56])
    image = np.clip(image, 0, 255).astype(np.uint8)
    thread = (186, 132, 66)
    dark = (34, 46, 74)
    stroke(image, line((0, 0.948), (0.26, 0.972)), dark, 0.003)
    stroke(image, line((0, 0.945), (0.26, 0.969)), thread, 0.0016, dash=True)
    stroke(image, line((0, 0.982), (0.26, 1.006)), thread, 0.0016, dash=True)
    for offset in (0.0, 0.008):
        stroke(
            image,
            Segment((0.11 + offset, 0.95), (0.125, 0.86 - offset), (0.24, 0.85 - offset)),
            thread,
            0.0015,
            dash=True,
        )
    stroke(image, line((0, 0.95), (0, 0.715)), dark, 0.003)
    for x in (0.03, 0.036):
        right = Segment((x, 0.945), (x + 0.002, 0.80), (0.004, 0.765))
        points = np.array([right.start, right.control, right.end])
        cv2.polylines(image, [np.round(to_pixels(points)).astype(np.int32)], False, thread, 2, cv2.LINE_AA)
    for curve in (JEANS[1], JEANS[2]):
        stroke(image, shifted(curve, -0.006, 0), thread, 0.0014, dash=True)
    stroke(image, line((0.10, 0.022), (0.28, 0.022)), thread, 0.0016, dash=True)
    for x in (0.075, 0.17):
        stroke(image, line((x, 0.945), (x, 1.0)), (46, 62, 96), 0.013)
        for edge in (-0.005, 0.005):
            stroke(image, line((x + edge, 0.945), (x + edge, 1.0)), thread, 0.0012, dash=True)
    button = tuple(np.round(to_pixels(np.array([[0.012, 0.966]]))[0]).astype(int).tolist())
    cv2.circle(image, button, 13, (96, 74, 52), -1, cv2.LINE_AA)
    cv2.circle(image, button, 9, (168, 138, 104), -1, cv2.LINE_AA)
    return image


def paint_wood(rng: np.random.Generator) -> np.ndarray:
    """Oak boards, 2.6 m across."""
    size, board = 2080, 112
    image = np.zeros((size, size, 3), np.float32)
    for left in range(0, size, board):
        width = min(board, size - left)
        grain = cv2.resize(noise(rng, 512, 4, 6), (width, size * 5), interpolation=cv2.INTER_CUBIC)[:size]
        fine = cv2.GaussianBlur(
            rng.normal(0, 1, (size, width)).astype(np.float32), (0, 0), sigmaX=0.7, sigmaY=26
        )
        rings = np.sin((np.linspace(0, 9, width)[None] + grain * 1.1) * 2.2)
        tone = rng.normal(0, 9)
        value = tone + rings * 5 + fine * 42 + grain * 3
        image[:, left : left + width] = np.array([168, 126, 86]) + value[..., None] * np.array([1, 0.9, 0.75])
        image[:, left : left + 2] *= 0.45
        joint = int(rng.integers(0, size))
        image[joint : joint + 2, left : left + width] *= 0.45
    return np.clip(image, 0, 255).astype(np.uint8)


def paint_sheet(rng: np.random.Generator) -> np.ndarray:
    """A pale linen sheet, 2.6 m across."""
    size = 1600
    base = np.full((size, size, 3), (206, 208, 205), np.float32)
    weave = cv2.GaussianBlur(rng.normal(0, 1, (size, size)).astype(np.float32), (0, 0), sigmaX=4, sigmaY=0.6)
    weave += cv2.GaussianBlur(rng.normal(0, 1, (size, size)).astype(np.float32), (0, 0), sigmaX=0.6, sigmaY=4)
    return np.clip(base + weave[..., None] * 14, 0, 255).astype(np.uint8)


# -- the room ------------------------------------------------------------------------------------------------------


def material(name: str, image: np.ndarray, *, roughness: float, sheen: float, bump: float, scale: float):
    """A material showing `image` (H, W, 3) RGB with a fine bump."""
    height, width = image.shape[:2]
    picture = bpy.data.images.new(name, width, height)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = image[::-1] / 255.0
    picture.pixels.foreach_set(rgba.ravel())
    picture.pack()
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    shader = nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Sheen Weight"].default_value = sheen
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = picture
    links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    grain = nodes.new("ShaderNodeTexNoise")
    grain.inputs["Scale"].default_value = scale
    relief = nodes.new("ShaderNodeBump")
    relief.inputs["Strength"].default_value = bump
    relief.inputs["Distance"].default_value = 0.001
    links.new(grain.outputs["Fac"], relief.inputs["Height"])
    links.new(relief.outputs["Normal"], shader.inputs["Normal"])
    return made


def floor(kind: str, rng: np.random.Generator) -> None:
    """Lay a wooden floor or a rumpled sheet at height 0."""
    steps = 260
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=steps, y_subdivisions=steps, size=2.6)
    ground = bpy.context.object
    if kind == "sheet":
        height = noise(rng, steps + 1, 3, 3)
        folds = np.abs(np.sin(noise(rng, steps + 1, 3, 3) * 2.1)) ** 0.6
        relief = cv2.GaussianBlur(height * 0.004 - folds * 0.010, (0, 0), 1.6)
        for vertex in ground.data.vertices:
            column = round((vertex.co.x / 2.6 + 0.5) * steps)
            row = round((vertex.co.y / 2.6 + 0.5) * steps)
            vertex.co.z = float(relief[row, column])
        made = material("sheet", paint_sheet(rng), roughness=0.9, sheen=0.2, bump=0.25, scale=900)
    else:
        made = material("wood", paint_wood(rng), roughness=0.42, sheen=0.0, bump=0.08, scale=60)
    ground.data.shade_smooth()
    ground.data.materials.append(made)
    ground.modifiers.new("collision", "COLLISION")
    ground.collision.cloth_friction = 40
    ground.collision.thickness_outer = 0.002


def light(rng: np.random.Generator) -> None:
    """A window to one side and the room's own soft light."""
    angle = rng.uniform(0, 2 * math.pi)
    lamp = bpy.data.lights.new("window", "AREA")
    lamp.energy, lamp.size, lamp.color = 75, 1.3, (1.0, 0.96, 0.9)
    window = bpy.data.objects.new("window", lamp)
    window.location = (2.3 * math.cos(angle), 2.3 * math.sin(angle), 1.7)
    window.rotation_euler = (-window.location).to_track_quat("-Z", "Y").to_euler()
    bpy.context.collection.objects.link(window)
    world = bpy.data.worlds.new("room")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.82, 0.88, 1.0, 1)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.45
    bpy.context.scene.world = world


def photograph(
    path: Path, height: float, size: tuple[int, int], samples: int, rng: np.random.Generator
) -> None:
    """Take the picture from about `height` metres, held by hand: not quite level, a little grain."""
    scene = bpy.context.scene
    lens = bpy.data.cameras.new("camera")
    lens.lens, lens.sensor_fit, lens.sensor_height = 30, "VERTICAL", 24
    camera = bpy.data.objects.new("camera", lens)
    camera.location = (rng.normal(0, 0.03), -0.16, height)
    camera.rotation_euler = (math.atan2(0.16, height), 0, math.radians(rng.normal(0, 1.5)))
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = True
    scene.cycles.seed = 1
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.image_settings.file_format = "PNG"
    shot = path.with_suffix(".render.png")
    scene.render.filepath = str(shot)
    bpy.ops.render.render(write_still=True)
    picture = cv2.imread(str(shot)).astype(np.float32)
    shot.unlink()
    picture += cv2.GaussianBlur(rng.normal(0, 1, picture.shape).astype(np.float32), (0, 0), 0.6) * 4.0
    cv2.imwrite(str(path), np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 88])


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
