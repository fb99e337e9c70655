"""One socket's conversation: which models, then frames in and masks out until one side leaves.

Beside the frames (see `frames`) there is text, JSON. From the browser, at any time: `{"lanes": ["default/live", ...]}`,
one or two models, and `{"wear": 12}`, a garment's number, or null for none. To it: `ready` with what the models know,
`wearing` with the garment's number, `still` with a still's garments (its map follows), `refused` for a frame that
cannot be read, `error` for a request that makes no sense.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from ewardrobe.errors import EwardrobeError, UsageError
from ewardrobe.tryon import GarmentPiece, owned_piece
from ewardrobe.wardrobe import Wardrobe
from ewardrobe.web.errors import public_line
from ewardrobe.web.live.catalogue import LiveModels
from ewardrobe.web.live.frames import Frame, read_frame
from ewardrobe.web.live.lanes import Lane, describe_classes

__all__ = ["MAX_LANES", "MAX_SOCKETS", "Live", "converse"]

Argument = TypeVar("Argument")
Result = TypeVar("Result")

MAX_SOCKETS = 4
MAX_LANES = 2
_MAX_TEXT = 1000
_GONE = (WebSocketDisconnect, RuntimeError)
"""What sending to a socket that was closed meanwhile ends in; Starlette's word for it is RuntimeError."""


class Live:
    """What all sockets of a server share: the models, the wardrobe, the threads they run in, and the places."""

    def __init__(self, models: LiveModels, wardrobe: Wardrobe) -> None:
        self.models = models
        self.wardrobe = wardrobe
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

    def piece(self, garment_id: int) -> GarmentPiece:
        """A garment of the wardrobe, ready to be laid over somebody; an `EwardrobeError` says why it cannot be."""
        # Its photo is looked at as closely as any: by the model of the wardrobe's photos, at its own size.
        choices = self.models.choices()
        full = next((choice.id for choice in choices if choice.size == "full"), choices[0].id)
        return owned_piece(self.wardrobe, garment_id, self.models.load(full)[1])

    def close(self) -> None:
        """Take no more frames."""
        self.workers.shutdown(wait=False, cancel_futures=True)


async def converse(socket: WebSocket, live: Live) -> None:
    """Answer an accepted socket until it is closed; no message ends it."""
    talk = _Conversation(socket, live)
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data, text = message.get("bytes"), message.get("text")
            try:
                if data is not None:
                    talk.offer(read_frame(data))
                else:
                    await talk.asked(_request(text or ""))
            except EwardrobeError as error:
                await socket.send_json({"type": "error", "line": public_line(error)})
    except _GONE:
        return
    finally:
        talk.stop()


class _Conversation:
    """What one socket has asked for."""

    def __init__(self, socket: WebSocket, live: Live) -> None:
        self._socket = socket
        self._live = live
        self._lanes: list[Lane] = []
        self._working: list[asyncio.Task[None]] = []
        self._piece: GarmentPiece | None = None

    def offer(self, frame: Frame) -> None:
        """Hand a frame to every model."""
        for lane in self._lanes:
            lane.offer(frame)

    async def asked(self, request: dict[str, Any]) -> None:
        """Do what a text asks for."""
        if "wear" in request:
            await self._wear(request["wear"])
        else:
            await self._choose(_lanes(request))

    async def _choose(self, asked: list[str]) -> None:
        """Load the models that are asked for and put them to work in the place of the present ones."""
        loaded = [await self._aside(self._live.models.load, choice) for choice in asked]
        lanes, told = [], []
        for number, (choice, segmenter) in enumerate(loaded):
            lanes.append(Lane(number, segmenter, self._live.workers))
            about = {"id": choice.id, "title": choice.title, "pixels": choice.pixels}
            told.append({**about, "classes": describe_classes(segmenter.taxonomy)})
        for lane in lanes:
            lane.wear(self._piece)
        self.stop()
        self._lanes = lanes
        await self._socket.send_json({"type": "ready", "lanes": told})
        self._working.extend(asyncio.create_task(_work(lane, self._socket)) for lane in lanes)

    async def _wear(self, garment_id: Any) -> None:
        if garment_id is not None and (type(garment_id) is not int or not 1 <= garment_id < 1 << 63):
            raise UsageError("a garment is asked for by its number")
        piece = None if garment_id is None else await self._aside(self._live.piece, garment_id)
        for lane in self._lanes:
            lane.wear(piece)
        self._piece = piece
        await self._socket.send_json({"type": "wearing", "garment": garment_id})

    async def _aside(self, work: Callable[[Argument], Result], argument: Argument) -> Result:
        """Work done beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._live.workers, work, argument)

    def stop(self) -> None:
        """Let the models rest."""
        for task in self._working:
            task.cancel()
        self._working.clear()


async def _work(lane: Lane, socket: WebSocket) -> None:
    with suppress(*_GONE):
        await lane.run(socket.send_bytes, socket.send_json)


def _request(text: str) -> dict[str, Any]:
    try:
        document: Any = json.loads(text) if len(text) <= _MAX_TEXT else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UsageError('a request is a JSON object, such as {"lanes": ["default/live"]}')
    return document


def _lanes(request: dict[str, Any]) -> list[str]:
    asked = request.get("lanes")
    if not isinstance(asked, list) or not 1 <= len(asked) <= MAX_LANES:
        raise UsageError(f'ask for one to {MAX_LANES} models: {{"lanes": ["default/live"]}}')
    if not all(isinstance(item, str) for item in asked):
        raise UsageError("a model is asked for by its id, a text")
    return asked
