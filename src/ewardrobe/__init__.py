"""eWardrobe: photos of clothes in, a digital wardrobe out, offline.

    import ewardrobe
    result = ewardrobe.segment("photo.jpg")
    result.cutouts(), result.overlay(), result.to_coco()

Names are imported when they are first used, so that `import ewardrobe` itself costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewardrobe.errors import (
    ChangedError,
    DatasetError,
    EwardrobeError,
    MaskError,
    MissingExtraError,
    ModelError,
    NewerStoreError,
    NotFoundError,
    PhotoError,
    StoreError,
    TaxonomyError,
    UsageError,
)
from ewardrobe.lazy import lazily

if TYPE_CHECKING:
    from ewardrobe.attributes import describe
    from ewardrobe.imaging import open_photo
    from ewardrobe.restyling import restyle
    from ewardrobe.segmentation import Segmentation, Segmenter, segment
    from ewardrobe.tryon import try_on
    from ewardrobe.wardrobe import Wardrobe

__version__ = "0.1.0"

__all__ = [
    "ChangedError",
    "DatasetError",
    "EwardrobeError",
    "MaskError",
    "MissingExtraError",
    "ModelError",
    "NewerStoreError",
    "NotFoundError",
    "PhotoError",
    "Segmentation",
    "Segmenter",
    "StoreError",
    "TaxonomyError",
    "UsageError",
    "Wardrobe",
    "__version__",
    "describe",
    "open_photo",
    "restyle",
    "segment",
    "try_on",
]

_HOME_OF = {
    "Segmentation": "segmentation",
    "Segmenter": "segmentation",
    "Wardrobe": "wardrobe",
    "describe": "attributes",
    "open_photo": "imaging",
    "restyle": "restyling",
    "segment": "segmentation",
    "try_on": "tryon",
}

__getattr__, __dir__ = lazily(__name__, _HOME_OF)
