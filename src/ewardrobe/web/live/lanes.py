"""One model at work on the newest frame: those that came meanwhile are dropped, so that it never falls behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any

from ewardrobe.errors import EwardrobeError
from ewardrobe.imaging import Photo
from ewardrobe.segmentation import Segmentation, Segmenter
from ewardrobe.taxonomy import Taxonomy
from ewardrobe.tryon import GarmentPiece
from ewardrobe.web.errors import public_line
from ewardrobe.web.live.frames import (
    STILL,
    Frame,
    Times,
    encode_layer,
    encode_mask,
    fit_within,
    open_frame,
)
from ewardrobe.web.live.wearing import LAYER_SIDE, Wearing

__all__ = ["Lane", "describe_classes"]

_MOST_PIXELS = 640
"""The longer side of a frame's label map at most; the browser enlarges it smoothly."""

_log = logging.getLogger("ewardrobe.web")

SendBytes = Callable[[bytes], Awaitable[None]]
SendJson = Callable[[dict[str, Any]], Awaitable[None]]


class Lane:
    """A model with room for one frame that waits, and one still."""

    def __init__(self, number: int, segmenter: Segmenter, workers: Executor) -> None:
        self._number = number
        self._segmenter = segmenter
        self._workers = workers
        self._frame: Frame | None = None
        self._still: Frame | None = None
        self._offered = asyncio.Event()
        self._wearing: Wearing | None = None
        sides = (segmenter.size, *segmenter.scales)
        self._long_side = max(max(side) if isinstance(side, tuple) else side for side in sides)

    def offer(self, frame: Frame) -> None:
        """Put a frame in the place of the one that waits."""
        if frame.kind == STILL:
            self._still = frame
        else:
            self._frame = frame
        self._offered.set()

    def wear(self, piece: GarmentPiece | None) -> None:
        """Lay a garment over the stream from now on, in the place of the colours; None for the colours."""
        self._wearing = None if piece is None else Wearing(piece, self._segmenter.taxonomy)

    async def run(self, send_bytes: SendBytes, send_json: SendJson) -> None:
        """Work until cancelled or the socket is gone. What is wrong with a frame is told, and the next one is taken."""
        loop = asyncio.get_running_loop()
        while True:
            await self._offered.wait()
            frame = self._take()
            work = self._look_closely if frame.kind == STILL else self._look
            try:
                message, found = await loop.run_in_executor(self._workers, work, frame)
            except Exception as error:
                if not isinstance(error, EwardrobeError):
                    _log.exception("a frame of the live view")
                about = {"type": "refused", "lane": self._number, "frame": frame.number}
                await send_json({**about, "line": public_line(error)})
                continue
            if found is not None:
                await send_json(found)
            await send_bytes(message)

    def _take(self) -> Frame:
        """What waits, a still before a frame; one of them does when `_offered` is set."""
        if self._still is not None:
            frame, self._still = self._still, None
        else:
            assert self._frame is not None
            frame, self._frame = self._frame, None
        if self._frame is None:
            self._offered.clear()
        return frame

    def _look(self, frame: Frame) -> tuple[bytes, None]:
        started = time.perf_counter()
        pixels = open_frame(frame.jpeg, self._long_side)
        opened = time.perf_counter()
        shape, wearing = (pixels.shape[0], pixels.shape[1]), self._wearing
        if wearing is None:
            size = fit_within(shape, min(self._long_side, _MOST_PIXELS))
            label_map = self._segmenter.label_map(pixels, size)
            times = _times(frame, started, opened)
            return encode_mask(frame, self._number, label_map, times), None
        # Scores are read at any number of pixels, so the layer may have more than the frame that the model saw.
        factor = LAYER_SIDE / max(shape)
        label_map = self._segmenter.label_map(pixels, (round(shape[0] * factor), round(shape[1] * factor)))
        layer = wearing.layer(label_map, frame.received)
        return encode_layer(frame, self._number, layer, _times(frame, started, opened)), None

    def _look_closely(self, frame: Frame) -> tuple[bytes, dict[str, Any]]:
        started = time.perf_counter()
        pixels = open_frame(frame.jpeg)
        opened = time.perf_counter()
        seen = self._segmenter.segment(Photo(pixels=pixels, name="still"))
        times = _times(frame, started, opened)
        about = {"type": "still", "lane": self._number, "frame": frame.number}
        answer = encode_mask(frame, self._number, seen.label_map, times)
        return answer, {**about, "garments": _garments(seen)}


def describe_classes(taxonomy: Taxonomy) -> list[dict[str, Any]]:
    """Name, title and colour (red, green, blue) of each class, in the order of the labels."""
    return [
        {"name": item.name, "title": item.title, "colour": list(item.colour), "kind": item.kind}
        for item in taxonomy
    ]


def _times(frame: Frame, started: float, opened: float) -> Times:
    """Until now."""
    return Times(started - frame.received, opened - started, time.perf_counter() - opened)


def _garments(seen: Segmentation) -> list[dict[str, Any]]:
    found = sorted(seen.garments, key=lambda garment: -garment.area)
    return [{"label": garment.index, "score": round(float(garment.score), 3)} for garment in found]
