"""`Segmenter`: one loaded model, photos in, segmentations out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import PhotoError
from ewardrobe.imaging import Photo, PhotoSource, open_photo
from ewardrobe.segmentation.catalogue import describe_model, resolve
from ewardrobe.segmentation.cleanup import clean
from ewardrobe.segmentation.description import ModelDescription
from ewardrobe.segmentation.instances import find_instances
from ewardrobe.segmentation.layers import draw_layers
from ewardrobe.segmentation.results import Segmentation
from ewardrobe.segmentation.runtime import Runtime
from ewardrobe.taxonomy import Taxonomy

__all__ = ["Segmenter", "segment"]


class Segmenter:
    """A model that finds the garments in photos; load it once, use it often, from several threads if you like.

    Examples:
        >>> from ewardrobe import Segmenter
        >>> segmenter = Segmenter(size="live")  # doctest: +SKIP
        >>> segmenter.segment("photo.jpg").overlay().save("overlay.jpg")  # doctest: +SKIP
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "default",
        *,
        size: int | str | tuple[int, int] | None = None,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        description: ModelDescription | None = None,
        busy_wait: bool = True,
    ) -> None:
        """Load a model of the catalogue by name, or an ONNX file: semantic, matting or instance, ours or another's.

        `size`: the long side in pixels (height and width where the model wants both), or the name of one of the
        model's sizes, such as "live"; None: its own. `threads`: ONNX Runtime's, None: all cores. `providers`: ONNX
        Runtime's, None: a GPU when there is one. `description`: for an ONNX file that carries none, and of
        which neither a file beside it nor its graph says enough. `busy_wait`: False
        where other programs need the cores too, such as the browser of a live view. ModelError, in one line, when the
        model is unknown, unreadable, or contradicts its description.
        """
        path = resolve(model)
        self._runtime = Runtime(
            path,
            description or describe_model(path),
            size=size,
            threads=threads,
            providers=providers,
            busy_wait=busy_wait,
        )

    @property
    def path(self) -> Path:
        """The model's file."""
        return self._runtime.path

    @property
    def description(self) -> ModelDescription:
        """What the model says about itself."""
        return self._runtime.description

    @property
    def taxonomy(self) -> Taxonomy:
        """The classes of its label maps."""
        return self._runtime.taxonomy

    @property
    def size(self) -> int | tuple[int, int]:
        """The inference size in use: the long side, or (height, width)."""
        return self._runtime.size

    @property
    def scales(self) -> tuple[int, ...]:
        """Further long sides at which every photo is seen, beside `size`."""
        return self._runtime.scales

    @property
    def provider(self) -> str:
        """The ONNX Runtime provider in use, such as "CUDAExecutionProvider"."""
        return self._runtime.provider

    def segment(self, source: PhotoSource | Photo) -> Segmentation:
        """The garments in one photo; PhotoError when it cannot be opened."""
        photo = source if isinstance(source, Photo) else open_photo(source)
        prediction = self._runtime.run(photo.pixels)
        if prediction.shown is not None:
            label_map, instances = draw_layers(prediction.shown, self.taxonomy)
        else:
            label_map = prediction.scores.label_map()
            clean(label_map, prediction.scores, self.taxonomy)
            instances = find_instances(label_map, prediction.scores, self.taxonomy)
        return Segmentation.build(
            photo,
            self.taxonomy,
            label_map,
            instances,
            model=self.description.name,
            scores=prediction.scores,
            encoder=prediction.features,
            presence=prediction.presence,
            detections=prediction.detections,
        )

    def label_map(
        self, pixels: npt.NDArray[np.uint8], size: tuple[int, int] | None = None
    ) -> npt.NDArray[np.uint8]:
        """The label map alone of a frame `pixels`, uint8 (H, W, 3) sRGB; for a stream, which has no time for garments.

        uint8 (H, W), or of `size` (height, width): the frame seen at that many pixels.
        """
        scores = self._runtime.run(pixels).scores
        if size is not None:
            height, width = scores.size
            scores = scores.over((0, 0, width, height), size)
        labels = scores.label_map()
        if self.description.task != "instance":
            clean(labels, scores, self.taxonomy)
        return labels

    def segment_many(
        self,
        sources: Iterable[PhotoSource | Photo],
        *,
        on_error: Callable[[PhotoSource | Photo, PhotoError], None] | None = None,
    ) -> Iterator[Segmentation]:
        """The garments of each photo, in order; the next photo is opened while the model works on this one.

        A photo that cannot be opened is given to `on_error` and left out; without it, its PhotoError ends the run.
        """
        waiting: deque[tuple[PhotoSource | Photo, Future[Photo]]] = deque()
        remaining = iter(sources)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="open-photo") as opener:
            while True:
                while len(waiting) < 2 and (source := next(remaining, None)) is not None:
                    waiting.append((source, opener.submit(_opened, source)))
                if not waiting:
                    return
                source, opening = waiting.popleft()
                try:
                    photo = opening.result()
                except PhotoError as error:
                    if on_error is None:
                        raise
                    on_error(source, error)
                    continue
                yield self.segment(photo)


def segment(source: PhotoSource | Photo, model: str | os.PathLike[str] = "default") -> Segmentation:
    """The garments in one photo, found by a model of the catalogue or an ONNX file, which stays loaded.

    PhotoError when the photo cannot be opened, ModelError when the model cannot.
    """
    return _loaded(os.fspath(model)).segment(source)


@lru_cache(maxsize=2)
def _loaded(model: str) -> Segmenter:
    return Segmenter(model)


def _opened(source: PhotoSource | Photo) -> Photo:
    return source if isinstance(source, Photo) else open_photo(source)
