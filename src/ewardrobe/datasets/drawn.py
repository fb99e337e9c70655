"""From objects to a label map and back.

Where objects overlap, the smaller lies on top; a part that gives way to what it sits on is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ewardrobe.datasets.images import load_photo
from ewardrobe.datasets.instance import Annotation, Instance
from ewardrobe.datasets.sample import Kind, Sample
from ewardrobe.taxonomy import IGNORE, Taxonomy, TaxonomyMap

if TYPE_CHECKING:
    from ewardrobe.segmentation.components import Region

__all__ = ["DrawnLabelMap", "draw_instances", "find_instances", "sample_of_objects"]

_SPECK = 0.01  # of the largest region of its class


def draw_instances(
    instances: Iterable[Instance], size: tuple[int, int], indices: Mapping[str, int], background: int = 0
) -> NDArray[np.uint8]:
    """The label map, uint8 (H, W), of a photo of `size` (width, height).

    `indices` gives each class its pixel value, 255 = ignore; objects of classes that it lacks are left out.
    """
    from ewardrobe.imaging import decode_rle, rle_area

    width, height = size
    runs = [(indices[item.label], item.to_rle(size)) for item in instances if item.label in indices]
    label_map = np.full((height, width), background, dtype=np.uint8)
    for index, rle in sorted(runs, key=lambda pair: -rle_area(pair[1])):
        label_map[decode_rle(rle)] = index
    return label_map


@dataclass(frozen=True)
class DrawnLabelMap:
    """A loader of label maps that draws them from a loader of annotations; it pickles.

    `indices` and `background` are as in `draw_instances`.
    """

    load_annotation: Callable[[], Annotation]
    indices: Mapping[str, int]
    background: int = 0

    @classmethod
    def of(cls, load_annotation: Callable[[], Annotation], taxonomy: Taxonomy) -> DrawnLabelMap:
        """Every class of `taxonomy` at its index."""
        return cls(load_annotation, _indices(taxonomy))

    def __call__(self) -> NDArray[np.uint8]:
        """Draw it."""
        annotation = self.load_annotation()
        return draw_instances(annotation.instances, annotation.size, self.indices, self.background)

    def remapped(self, to: TaxonomyMap) -> DrawnLabelMap:
        """The same objects in the target of a map: ignored ones hide what is below, those that give way do not."""
        kept = {
            label: int(to.lut[index])
            for label, index in self.indices.items()
            if index == IGNORE or to.source[index].name not in to.gives_way
        }
        return replace(self, indices=kept, background=int(to.lut[self.background]))


@cache
def _indices(taxonomy: Taxonomy) -> Mapping[str, int]:
    """One table for all samples, so that many of them pickle as small as they are."""
    return {item.name: item.index for item in taxonomy}


def sample_of_objects(
    sample_id: str,
    kind: Kind,
    photo: Path,
    taxonomy: Taxonomy,
    load: Callable[[], Annotation],
    *,
    split: str | None = None,
    group: str | None = None,
) -> Sample:
    """The sample of a dataset that lists objects: its label map is drawn from what `load` gives."""
    return Sample(
        sample_id,
        kind,
        partial(load_photo, photo),
        taxonomy=taxonomy.name,
        split=split,
        load_label_map=DrawnLabelMap.of(load, taxonomy),
        load_annotation=load,
        path=photo,
        group=group,
    )


def find_instances(label_map: NDArray[np.uint8], taxonomy: Taxonomy) -> tuple[Instance, ...]:
    """The objects of a label map, uint8 (H, W), as exact run lengths, by class and then from left to right.

    An object is one 8-connected region of a class, or several that something in front cuts one garment into:
    all of a class on one person, as far as the taxonomy knows bodies to find people by, but for bags and other
    things of which a person carries several; elsewhere, regions nearer to each other than half the root of the
    smaller's area, and regions below a tenth of the larger. Two shoes (gloves, socks) are one object, since a
    label map does not part those that touch. Body classes are objects too, background is none.

    A speck, a region below a hundredth of the largest of its class, is no object of its own and belongs to the
    nearest one of its class. So no pixel is lost but those to ignore, which objects cannot express.
    """
    from ewardrobe.segmentation.components import find_regions
    from ewardrobe.segmentation.grouping import box_gap, group_regions
    from ewardrobe.segmentation.people import find_people

    regions = find_regions(label_map, [item.index for item in taxonomy if item.kind != "background"])
    largest: dict[int, int] = {}
    for region in regions:
        largest[region.label] = max(largest.get(region.label, 0), region.area)
    specks = [region for region in regions if region.area < _SPECK * largest[region.label]]
    whole = [region for region in regions if region.area >= _SPECK * largest[region.label]]
    objects = [parts for _, parts in group_regions(whole, find_people(label_map, taxonomy), taxonomy)]
    more: list[list[Region]] = [[] for _ in objects]
    for speck in specks:
        own = [at for at, parts in enumerate(objects) if parts[0].label == speck.label]
        more[min(own, key=lambda at: box_gap(speck, objects[at]))].append(speck)
    found = [
        (parts[0].label, _instance([*parts, *extra], label_map.shape, taxonomy))
        for parts, extra in zip(objects, more, strict=True)
    ]
    return tuple(instance for _, instance in sorted(found, key=lambda pair: (pair[0], pair[1].box)))


def _instance(parts: Sequence[Region], shape: tuple[int, ...], taxonomy: Taxonomy) -> Instance:
    from ewardrobe.imaging import encode_rle, rle_box

    mask = np.zeros(shape, dtype=bool)
    for part in parts:
        mask[part.window] |= part.mask
    rle = encode_rle(mask)
    area = sum(part.area for part in parts)
    return Instance(taxonomy[parts[0].label].name, rle=rle, box=rle_box(rle), area=area)
