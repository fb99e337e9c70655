"""One socket's conversation: which models, then frames in and masks out until one side leaves.

Beside the frames (see `frames`) there is text, JSON. From the browser `{"lanes": ["default/live", ...]}`, one or two
models, at any time. To it: `ready` with what the models know, `still` with a still's garments (its map follows),
`refused` for a frame that cannot be read, `error` for a request that makes no sense.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ewardrobe.errors import EwardrobeError, UsageError
from ewardrobe.web.errors import public_line
from ewardrobe.web.live.catalogue import LiveModels
from ewardrobe.web.live.frames import read_frame
from ewardrobe.web.live.lanes import Lane, describe_classes

__all__ = ["MAX_LANES", "MAX_SOCKETS", "Live", "converse"]

MAX_SOCKETS = 4
MAX_LANES = 2
_MAX_TEXT = 1000
_GONE = (WebSocketDisconnect, RuntimeError)
"""What sending to a socket that was closed meanwhile ends in; Starlette's word for it is RuntimeError."""


class Live:
    """What all sockets of a server share: the models, the threads they run in, and the places."""

    def __init__(self, models: LiveModels) -> None:
        self.models = models
        self.workers = ThreadPoolExecutor(MAX_SOCKETS * MAX_LANES, thread_name_prefix="live")
        self._places = threading.BoundedSemaphore(MAX_SOCKETS)

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Whether there is a place for one more socket; it is held until the end of the `with`."""
        taken = self._places.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self._places.release()

    def close(self) -> None:
        """Take no more frames."""
        self.workers.shutdown(wait=False, cancel_futures=True)


async def converse(socket: WebSocket, live: Live) -> None:
    """Answer an accepted socket until it is closed; no message ends it."""
    lanes: list[Lane] = []
    working: list[asyncio.Task[None]] = []
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data, text = message.get("bytes"), message.get("text")
            try:
                if data is not None:
                    frame = read_frame(data)
                    for lane in lanes:
                        lane.offer(frame)
                else:
                    lanes = await _choose(socket, live, _asked(text or ""), working)
            except EwardrobeError as error:
                await socket.send_json({"type": "error", "line": public_line(error)})
    except _GONE:
        return
    finally:
        _stop(working)


async def _choose(
    socket: WebSocket, live: Live, asked: list[str], working: list[asyncio.Task[None]]
) -> list[Lane]:
    """Load the models that are asked for and put them to work in the place of the present ones."""
    loop = asyncio.get_running_loop()
    loaded = [await loop.run_in_executor(live.workers, live.models.load, choice) for choice in asked]
    _stop(working)
    lanes, told = [], []
    for number, (choice, segmenter) in enumerate(loaded):
        lanes.append(Lane(number, segmenter, live.workers))
        about = {"id": choice.id, "title": choice.title, "pixels": choice.pixels}
        told.append({**about, "classes": describe_classes(segmenter.taxonomy)})
    await socket.send_json({"type": "ready", "lanes": told})
    working.extend(asyncio.create_task(_work(lane, socket)) for lane in lanes)
    return lanes


async def _work(lane: Lane, socket: WebSocket) -> None:
    with suppress(*_GONE):
        await lane.run(socket.send_bytes, socket.send_json)


def _asked(text: str) -> list[str]:
    try:
        document: Any = json.loads(text) if len(text) <= _MAX_TEXT else None
    except (ValueError, RecursionError):
        document = None
    asked = document.get("lanes") if isinstance(document, dict) else None
    if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_LANES:
        raise UsageError(f'ask for one to {MAX_LANES} models: {{"lanes": ["default/live"]}}')
    if not all(isinstance(item, str) for item in asked):
        raise UsageError("a model is asked for by its id, a text")
    return asked


def _stop(working: list[asyncio.Task[None]]) -> None:
    for task in working:
        task.cancel()
    working.clear()
