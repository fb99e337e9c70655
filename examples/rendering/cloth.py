"""A garment of cloth: front and back panel as one sewn mesh, dropped onto what lies below it."""

from __future__ import annotations

import math

import bpy
import cv2
import numpy as np
from mathutils import Vector
from mathutils.geometry import delaunay_2d_cdt

from rendering.sewing import Point, Segment


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
