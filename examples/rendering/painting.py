"""What cloth, wood and linen look like: pictures (H, W, 3) uint8 RGB, painted from noise and strokes."""

from __future__ import annotations

import cv2
import numpy as np

from rendering.sewing import JEANS, T_SHIRT, Segment, line, shifted

PIXELS_PER_METRE = 1400


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
