"""What a segmented photo is: a label map, its garments, and what can be made of them."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import ModelError
from ewardrobe.imaging import Background, Photo, cut_out, draw_overlay
from ewardrobe.segmentation.alpha import Alpha, mask_alpha
from ewardrobe.segmentation.components import Box, LabelMap, Mask, filled, grown, padded, tight_box
from ewardrobe.segmentation.detections import Detections
from ewardrobe.segmentation.garments import Cutout, Garment, expanded, window_of
from ewardrobe.segmentation.instances import Instance
from ewardrobe.segmentation.remapping import remapped_instances
from ewardrobe.segmentation.runtime import Features
from ewardrobe.segmentation.saving import DEFAULT_PARTS, save, to_coco
from ewardrobe.segmentation.scores import ScoreMap
from ewardrobe.taxonomy import Taxonomy, load_map

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Segmentation"]

_PERSON = "person"


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A photo and the garments in it.

    `label_map` is uint8 (H, W) at the photo's size: class indices of `taxonomy`, 255 where a map ignores a class.
    `garments` are disjoint and together make up all its garment pixels. `model` is the model's name, `presence` float32
    (classes,) its probability that a class is in the photo, None when it gives none.

    Examples:
        >>> import ewardrobe
        >>> result = ewardrobe.segment("photo.jpg")  # doctest: +SKIP
        >>> [(garment.label, round(garment.score, 2)) for garment in result.garments]  # doctest: +SKIP
        [('top', 0.93), ('pants', 0.96), ('footwear', 0.91)]
    """

    photo: Photo
    taxonomy: Taxonomy
    label_map: LabelMap = field(repr=False)
    garments: tuple[Garment, ...]
    model: str
    scores: ScoreMap = field(repr=False)
    encoder: Features | None = field(default=None, repr=False)
    presence: npt.NDArray[np.float32] | None = field(default=None, repr=False)
    detections: Detections | None = field(default=None, repr=False)
    """All that an instance model found, doubtful and overlapping ones too, best first; None for the other models."""
    channels: Mapping[int, tuple[int, ...]] = field(default_factory=dict, repr=False)
    """Which channels of `scores` make up a class; a class that is not listed is its own channel."""
    origin: Segmentation | None = field(default=None, repr=False)
    """The model's own result, of which this one is a remapping; None when it is that itself."""

    @classmethod
    def build(
        cls, photo: Photo, taxonomy: Taxonomy, label_map: LabelMap, instances: list[Instance], **more: Any
    ) -> Segmentation:
        """From instances whose masks make up the label map's garments; they are numbered in the order given."""
        made = cls(photo=photo, taxonomy=taxonomy, label_map=label_map, garments=(), **more)
        garments = tuple(made._garment(number, item) for number, item in enumerate(instances, start=1))
        return replace(made, garments=garments)

    @property
    def features(self) -> npt.NDArray[np.float32] | None:
        """The encoder's features, float32 (C, h, w) over the photo without padding; None when the model gives none."""
        return None if self.encoder is None else self.encoder.values

    def pooled(self, garment: Garment) -> npt.NDArray[np.float32]:
        """The features averaged over a garment, float32 (C,); ModelError when the model gives none."""
        if self.encoder is None:
            raise ModelError(f"model {self.model} gives no features; use one that does, such as default")
        place, cells = self.encoder.placement, self.encoder.cells
        height, width = place.size
        mask = garment.mask.view(np.uint8) * np.uint8(255)
        canvas = np.zeros(place.input_size, dtype=np.float32)
        canvas[window_of((place.origin[1], place.origin[0], width, height))] = cv2.resize(
            mask, (width, height), interpolation=cv2.INTER_AREA
        )
        weights = cv2.resize(canvas, (cells[1], cells[0]), interpolation=cv2.INTER_AREA)[place.window(cells)]
        weights = weights + np.float32(1e-6)  # a garment too small for the reduction still gets its mean
        pooled = np.tensordot(self.encoder.values, weights / weights.sum(), axes=([1, 2], [0, 1]))
        return np.asarray(pooled, dtype=np.float32)

    def person_mask(self) -> Mask:
        """All but the background, bool (H, W): the people, or what lies there; of the model's own result.

        Where the model knows a class `person` among others, it is that alone, with the things it encloses.
        """
        made = self.origin or self
        mask: Mask = made.label_map != 0
        if _PERSON in made.taxonomy:
            mask &= filled(made.label_map == made.taxonomy.index(_PERSON))
        return mask

    def person_alpha(self) -> npt.NDArray[np.float32]:
        """The soft alpha of `person_mask`, float32 (H, W) in 0..1."""
        return expanded(*self._cropped_person_alpha, self._size)

    def cutouts(
        self,
        of: str = "garments",
        *,
        background: Background = None,
        crop: bool = True,
        margin: float = 0.02,
    ) -> list[Cutout]:
        """The pieces of the photo on their own.

        `of`: "garments" (one each), "person" (all but the background, in one), "parts" (the person, then top, bottom
        and dress), or a class of the taxonomy. `background`: None for transparent, (r, g, b), or an image that fills
        it. `crop` cuts to the piece, with `margin` of its longer side around it; otherwise the photo's size is kept.
        TaxonomyError for an unknown class, or where the taxonomy has no map to `parts`.
        """
        cut = partial(self._cutout, background=background, crop=crop, margin=margin)
        if of in ("person", "parts"):
            person = [cut("person", None)] if self.person_mask().any() else []
            if of == "person":
                return person
            return person + self.remap("parts").cutouts(background=background, crop=crop, margin=margin)
        wanted = None if of == "garments" else self.taxonomy.index(of)
        return [cut(item.label, item) for item in self.garments if wanted in (None, item.index)]

    def replace_background(self, background: tuple[int, int, int] | Image.Image) -> Image.Image:
        """The photo, RGB, with the people or garments kept and all else `background`: (r, g, b) or an image."""
        return cut_out(self.photo.pixels, self.person_alpha(), crop=False, background=background)

    def overlay(self) -> Image.Image:
        """The photo, RGB, with the classes coloured, outlined and named."""
        return draw_overlay(self.photo.pixels, self.label_map, self.taxonomy, garments=self.garments)

    def to_coco(self) -> dict[str, Any]:
        """The garments as a COCO document; see `ewardrobe.segmentation.saving`."""
        return to_coco(self)

    def save(
        self,
        folder: str | os.PathLike[str],
        what: Collection[str] = DEFAULT_PARTS,
        *,
        stem: str | None = None,
    ) -> list[Path]:
        """Write the result's files into a folder, made if need be; see `ewardrobe.segmentation.saving`."""
        return save(self, Path(folder), what, stem or self.photo.name)

    def remap(self, taxonomy: str) -> Segmentation:
        """The same result in another taxonomy, such as "parts"; TaxonomyError when there is no map to it.

        Garments of one person that become one class become one garment; those that become background or are ignored
        go. Alphas are made anew from the model's own scores.
        """
        table = load_map(self.taxonomy.name, taxonomy)
        channels: dict[int, tuple[int, ...]] = {}
        for index in range(len(self.taxonomy)):
            target = int(table.lut[index])
            channels[target] = channels.get(target, ()) + self._channels(index)
        return Segmentation.build(
            self.photo,
            table.target,
            table.apply(self.label_map),
            remapped_instances(self.garments, table),
            model=self.model,
            scores=self.scores,
            encoder=self.encoder,
            detections=None if self.detections is None else self.detections.remapped(table.lut),
            channels=channels,
            origin=self.origin or self,
        )

    @property
    def _size(self) -> tuple[int, int]:
        return self.photo.height, self.photo.width

    def _channels(self, index: int) -> tuple[int, ...]:
        return self.channels.get(index, (index,))

    def _garment(self, number: int, item: Instance) -> Garment:
        return Garment(
            number=number,
            label=self.taxonomy[item.label].name,
            index=item.label,
            score=item.score,
            box=item.box,
            area=int(np.count_nonzero(item.mask)),
            person=item.person,
            photo_size=self._size,
            cropped_mask=item.mask,
            make_alpha=self._garment_alpha,
        )

    def _garment_alpha(self, garment: Garment) -> tuple[Box, Alpha]:
        channels = self._channels(garment.index)
        return mask_alpha(
            self.photo.pixels, self.scores, channels, garment.cropped_mask, garment.box, self._cloth
        )

    @cached_property
    def _cloth(self) -> Mask:
        """Where garments are, bool (H, W)."""
        garment = np.zeros(256, dtype=np.bool_)
        garment[list(self.taxonomy.garments)] = True
        cloth: Mask = garment[self.label_map]
        return cloth

    @cached_property
    def _cropped_person_alpha(self) -> tuple[Box, Alpha]:
        if self.origin is not None:
            return self.origin._cropped_person_alpha
        mask = self.person_mask()
        box = tight_box(mask)
        if not box[2]:
            return (0, 0, 1, 1), np.zeros((1, 1), dtype=np.uint8)
        foreground: Sequence[int] = range(1, len(self.scores.probabilities))
        if _PERSON in self.taxonomy:
            foreground = self._channels(self.taxonomy.index(_PERSON))
        return mask_alpha(self.photo.pixels, self.scores, foreground, mask[window_of(box)], box)

    def _cutout(
        self,
        name: str,
        garment: Garment | None,
        *,
        background: Background,
        crop: bool,
        margin: float,
    ) -> Cutout:
        box, cropped = garment.cropped_alpha if garment else self._cropped_person_alpha
        whole = (0, 0, self.photo.width, self.photo.height)
        # Room for the margin: cut_out crops to what is covered, and widens that again.
        window = grown(box, math.ceil(margin * max(box[2:])), self._size) if crop else whole
        soft = padded(cropped, box, window).astype(np.float32) / np.float32(255)
        image = cut_out(
            self.photo.pixels[window_of(window)], soft, crop=crop, margin=margin, background=background
        )
        return Cutout(name, image, garment)
