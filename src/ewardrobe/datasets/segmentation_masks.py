"""CVAT's "Segmentation mask 1.1", which is PASCAL VOC's layout: masks as PNGs in colours that a text file names.

`labelmap.txt` (`name:red,green,blue:parts:actions` a line), `SegmentationClass/NAME.png` and
`SegmentationObject/NAME.png` (a colour for each object of the photo), `ImageSets/Segmentation/SPLIT.txt`, and
`JPEGImages/`, where the photos were exported too. VOC's white (224, 224, 192) around objects is to ignore.
Source: https://docs.cvat.ai/docs/dataset_management/formats/format-smask/.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ewardrobe.datasets.class_lists import label_of, taxonomy_of
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.images import find_photos, load_photo
from ewardrobe.datasets.instance import Annotation, Instance
from ewardrobe.datasets.sample import Kind, Sample
from ewardrobe.datasets.tables import read_lines
from ewardrobe.errors import DatasetError
from ewardrobe.taxonomy import IGNORE

__all__ = ["SegmentationMasks"]

_BACKGROUND, _VOID = 0, 224 << 16 | 224 << 8 | 192
_LISTS = Path("ImageSets/Segmentation")


class SegmentationMasks(Dataset):
    """Photos with a mask of classes and one of objects.

    Args:
        path: the folder.
        split: name of a list in `ImageSets/Segmentation`; `None` for all that have masks.
        taxonomy: name of the taxonomy that the classes are of, where they are not recognised as one.
        kind: `worn` or `flat`.
        photos: folder of the photos, looked through with all below it; `JPEGImages`, else the folder itself,
            when `None`.
    """

    format = "segmentation-masks"
    layout = "labelmap.txt, SegmentationClass/, SegmentationObject/ and photos"

    def __init__(
        self,
        path: Path,
        split: str | None = None,
        *,
        taxonomy: str | None = None,
        kind: Kind = "worn",
        photos: str | Path | None = None,
    ) -> None:
        super().__init__(path, split)
        self.kind = kind
        colours = _read_colours(path / "labelmap.txt")
        names = [name for name in colours.values() if name.lower() != "background"]
        self.taxonomy = taxonomy_of(names, stated=taxonomy, own_name=path.name)
        self._indices = {_BACKGROUND: 0, _VOID: IGNORE}
        for colour, name in colours.items():
            label = None if name.lower() == "background" else label_of(name, self.taxonomy)
            if label is None and name in names:
                raise DatasetError(f"{path / 'labelmap.txt'} has a class {name!r} that is not in {taxonomy}")
            self._indices[colour] = 0 if label is None else self.taxonomy.index(label)
        folder = path / "JPEGImages"
        found = find_photos(
            Path(photos) if photos is not None else folder if folder.is_dir() else path, below=True
        )
        masks = ("SegmentationClass/", "SegmentationObject/")
        self._photos = {Path(name).name: file for name, file in found.items() if not name.startswith(masks)}
        classes = {file.stem for file in (path / "SegmentationClass").glob("*.png")}
        listed = sorted(classes) if split is None else list(read_lines(path / _LISTS / f"{split}.txt"))
        missing = {name: "there is no mask of its classes" for name in listed if name not in classes}
        missing |= {name: "there is no photo" for name in listed if name not in self._photos}
        self._keep(listed, missing)

    @classmethod
    def detect(cls, path: Path) -> bool:
        """The list of colours and the masks of classes."""
        return (path / "labelmap.txt").is_file() and (path / "SegmentationClass").is_dir()

    def _sample(self, sample_id: str) -> Sample:
        assert self.taxonomy is not None
        by_class, by_object = (
            self.path / folder / f"{sample_id}.png" for folder in ("SegmentationClass", "SegmentationObject")
        )
        labels = tuple(self.taxonomy.labels)
        return Sample(
            sample_id,
            self.kind,
            partial(load_photo, self._photos[sample_id]),
            taxonomy=self.taxonomy.name,
            split=self.split,
            load_label_map=partial(_read_classes, by_class, self._indices),
            load_annotation=partial(_read_objects, by_class, by_object, self._indices, labels),
            path=self._photos[sample_id],
        )


def _read_colours(path: Path) -> dict[int, str]:
    colours: dict[int, str] = {}
    for line in read_lines(path):
        if line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        try:
            red, green, blue = (int(part) for part in rest.partition(":")[0].split(","))
        except ValueError:
            raise DatasetError(f"{path}: {line!r} is not name:red,green,blue:parts:actions") from None
        colour = red << 16 | green << 8 | blue
        if colour in colours:
            raise DatasetError(f"{path} gives {name!r} and {colours[colour]!r} the same colour")
        colours[colour] = name
    return colours


def _read_pixels(path: Path) -> NDArray[np.int32]:
    """Each pixel's colour as one number, int32 (H, W)."""
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"), dtype=np.int32)
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing: export it again") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as an image: export it again") from error
    return np.asarray(pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2], dtype=np.int32)


def _read_classes(path: Path, indices: Mapping[int, int]) -> NDArray[np.uint8]:
    pixels = _read_pixels(path)
    colours, inverse = np.unique(pixels, return_inverse=True)
    unknown = [int(colour) for colour in colours if int(colour) not in indices]
    if unknown:
        red, green, blue = unknown[0].to_bytes(3, "big")
        raise DatasetError(f"{path} has the colour {red},{green},{blue}, which labelmap.txt does not have")
    lut = np.array([indices[int(colour)] for colour in colours], dtype=np.uint8)
    return lut[inverse].reshape(pixels.shape)


def _read_objects(
    by_class: Path, by_object: Path, indices: Mapping[int, int], labels: tuple[str, ...]
) -> Annotation:
    """Each colour of the mask of objects, in the class that most of its pixels have."""
    from ewardrobe.imaging import encode_rle

    label_map, objects = _read_classes(by_class, indices), _read_pixels(by_object)
    height, width = label_map.shape
    if objects.shape != label_map.shape:
        raise DatasetError(f"{by_object} is not of the size {width}x{height} of the mask of its classes")
    instances: list[Instance] = []
    faults: list[str] = []
    for number, colour in enumerate(np.unique(objects), start=1):
        if int(colour) in (_BACKGROUND, _VOID):
            continue
        mask = objects == colour
        of_class = np.bincount(label_map[mask], minlength=256)[: len(labels)]
        of_class[0] = 0
        if not of_class.any():
            faults.append(f"object {number}: no pixel of it has a class")
        else:
            instances.append(Instance(labels[int(of_class.argmax())], rle=encode_rle(mask)))
    return Annotation(tuple(instances), (width, height), faults=tuple(faults))
