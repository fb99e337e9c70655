"""Photo in, garments out: the segmenter, its results, and the catalogue of models.

    from ewardrobe.segmentation import Segmenter
    result = Segmenter().segment("photo.jpg")
    result.garments, result.cutouts(), result.overlay(), result.to_coco(), result.save("out")

Names are imported when they are first used, so that asking the catalogue for a list does not wait for OpenCV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewardrobe.lazy import lazily

if TYPE_CHECKING:
    from ewardrobe.segmentation.catalogue import (
        ModelInfo,
        describe_model,
        export,
        info,
        models,
        models_folder,
        pull,
        resolve,
    )
    from ewardrobe.segmentation.description import (
        InputSpec,
        ModelDescription,
        OutputSpec,
        read_description,
        read_description_file,
        write_description,
    )
    from ewardrobe.segmentation.detections import Detections
    from ewardrobe.segmentation.garments import Cutout, Garment
    from ewardrobe.segmentation.results import Segmentation
    from ewardrobe.segmentation.segmenter import Segmenter, segment
    from ewardrobe.segmentation.session import available_providers
    from ewardrobe.segmentation.video import VIDEO_SUFFIXES, VideoSummary, iter_video, segment_video

__all__ = [
    "VIDEO_SUFFIXES",
    "Cutout",
    "Detections",
    "Garment",
    "InputSpec",
    "ModelDescription",
    "ModelInfo",
    "OutputSpec",
    "Segmentation",
    "Segmenter",
    "VideoSummary",
    "available_providers",
    "describe_model",
    "export",
    "info",
    "iter_video",
    "models",
    "models_folder",
    "pull",
    "read_description",
    "read_description_file",
    "resolve",
    "segment",
    "segment_video",
    "write_description",
]

_MODULES = {
    "catalogue": (
        "ModelInfo",
        "describe_model",
        "export",
        "info",
        "models",
        "models_folder",
        "pull",
        "resolve",
    ),
    "description": (
        "InputSpec",
        "ModelDescription",
        "OutputSpec",
        "read_description",
        "read_description_file",
        "write_description",
    ),
    "detections": ("Detections",),
    "garments": ("Cutout", "Garment"),
    "results": ("Segmentation",),
    "segmenter": ("Segmenter", "segment"),
    "session": ("available_providers",),
    "video": ("VIDEO_SUFFIXES", "VideoSummary", "iter_video", "segment_video"),
}
_HOME_OF = {name: module for module, names in _MODULES.items() for name in names}

__getattr__, __dir__ = lazily(__name__, _HOME_OF)
