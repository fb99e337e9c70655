"""From objects to a label map and back.

Where objects overlap, the smaller lies on top; a part that gives way to what it sits on is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ewardrobe.datasets.images import load_photo
from ewardrobe.datasets.instance import Annotation, Instance
from ewardrobe.datasets.sample import Kind, Sample
from ewardrobe.taxonomy import IGNORE, Taxonomy, TaxonomyMap

__all__ = ["DrawnLabelMap", "draw_instances", "find_instances", "sample_of_objects"]

_SPECK = 0.01  # of the largest region of its class: smaller ones are no object of their own


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
    """The objects of a label map: one for each 8-connected region of a class, as exact run lengths.

    A region smaller than a hundredth of the largest of its class in the photo counts to that one, so no
    pixel is lost but those to ignore, which objects cannot express. Background is no object, body is.
    """
    from ewardrobe.imaging import encode_rle, rle_box
    from ewardrobe.segmentation.components import Region, find_regions

    found: list[Instance] = []
    for item in taxonomy:
        regions: list[Region] = [] if item.kind == "background" else find_regions(label_map, (item.index,))
        if not regions:
            continue
        regions.sort(key=lambda region: -region.area)
        whole = [region for region in regions if region.area >= _SPECK * regions[0].area]
        groups = [[region] for region in whole]
        groups[0].extend(regions[len(whole) :])
        for group in groups:
            mask = np.zeros(label_map.shape, dtype=bool)
            for region in group:
                mask[region.window] |= region.mask
            rle = encode_rle(mask)
            area = sum(region.area for region in group)
            found.append(Instance(item.name, rle=rle, box=rle_box(rle), area=area))
    return tuple(found)
