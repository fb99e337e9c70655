"""Photos in safely, masks and mattes, cut-outs and drawings out."""

from __future__ import annotations

from ewardrobe.imaging.cutouts import Background, cut_out, estimate_foreground
from ewardrobe.imaging.drawing import Named, draw_overlay
from ewardrobe.imaging.files import to_jpeg_bytes, to_png_bytes, write_atomically
from ewardrobe.imaging.inpainting import Inpainter, OpenCVInpainter
from ewardrobe.imaging.masks import (
    RLE,
    Polygon,
    bounding_box,
    compress_rle,
    decode_rle,
    encode_rle,
    mask_to_polygons,
    polygons_to_mask,
    ring_of,
    rings_to_rle,
    rle_area,
    rle_box,
)
from ewardrobe.imaging.matting import refine_alpha
from ewardrobe.imaging.metadata import strip_metadata
from ewardrobe.imaging.photos import MAX_PIXELS, Photo, PhotoSource, open_photo

__all__ = [
    "MAX_PIXELS",
    "RLE",
    "Background",
    "Inpainter",
    "Named",
    "OpenCVInpainter",
    "Photo",
    "PhotoSource",
    "Polygon",
    "bounding_box",
    "compress_rle",
    "cut_out",
    "decode_rle",
    "draw_overlay",
    "encode_rle",
    "estimate_foreground",
    "mask_to_polygons",
    "open_photo",
    "polygons_to_mask",
    "refine_alpha",
    "ring_of",
    "rings_to_rle",
    "rle_area",
    "rle_box",
    "strip_metadata",
    "to_jpeg_bytes",
    "to_png_bytes",
    "write_atomically",
]
