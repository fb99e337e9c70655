"""The room: materials, the ground, the light of a window, and the camera."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import cv2
import numpy as np

from rendering.painting import noise, paint_sheet, paint_wood


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
