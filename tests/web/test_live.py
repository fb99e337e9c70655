"""The live socket: who may open it, what becomes of frames, and what no message can do to the server."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ewardrobe.errors import NotFoundError, PhotoError, UsageError
from ewardrobe.segmentation import Segmenter
from ewardrobe.web.live.catalogue import LiveModels
from ewardrobe.web.live.frames import (
    FRAME,
    LAYER,
    STILL,
    Frame,
    Times,
    encode_mask,
    fit_within,
    open_frame,
    read_frame,
)
from ewardrobe.web.live.lanes import Lane
from ewardrobe.web.live.session import MAX_SOCKETS
from ewardrobe.web.security import LIVE_PROTOCOL, STALE_PAGE, TOKEN_PROTOCOL
from tests.segmentation.models import paint, person, photograph
from tests.web.conftest import Served

client = pytest.importorskip("websockets.sync.client", reason="needs the package websockets")
exceptions = pytest.importorskip("websockets.exceptions")
LABELS = paint((240, 320), person(100))


def jpeg(labels: npt.NDArray[np.uint8] = LABELS, scale: int = 2) -> bytes:
    """A frame that shows these classes, `scale` times as large, with no colour lost between neighbours."""
    pixels = photograph(labels).repeat(scale, axis=0).repeat(scale, axis=1)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=95, subsampling=0)
    return target.getvalue()


def message(number: int, data: bytes, kind: int = FRAME) -> bytes:
    return struct.pack("<BxxxI", kind, number) + data


def unpacked(answer: bytes) -> tuple[dict[str, int], npt.NDArray[np.uint8]]:
    """What a browser makes of an answer: its head, and the label map."""
    names = ("kind", "lane", "width", "height", "number", "waited", "decoded", "worked")
    head = dict(zip(names, struct.unpack_from("<BBHHxxIIII", answer), strict=True))
    runs = np.frombuffer(answer, "<u4", offset=24)
    ends = (runs & 0xFFFFFF).astype(int)
    labels = np.repeat((runs >> 24).astype(np.uint8), np.diff(ends, prepend=0))
    return head, labels.reshape(head["height"], head["width"])


@contextlib.contextmanager
def connected(served: Served, host: str | None = None, **options: Any) -> Iterator[Any]:
    address = f"ws://{host or served.url.removeprefix('http://')}/api/v1/live"
    with client.connect(address, proxy=None, max_size=None, open_timeout=30, **options) as connection:
        yield connection


def choose(live: Any, *lanes: str) -> list[dict[str, Any]]:
    live.send(json.dumps({"lanes": list(lanes) or ["colours/live"]}))
    answer = json.loads(live.recv(60))
    assert answer["type"] == "ready", answer
    return list(answer["lanes"])


def refused_by(served: Served, **options: Any) -> int:
    """The status of a refused handshake."""
    with pytest.raises(exceptions.InvalidStatus) as refusal, connected(served, **options):
        pass
    return int(refusal.value.response.status_code)


# --- who may open it ---


def test_other_pages_are_refused(served: Served) -> None:
    token = TOKEN_PROTOCOL + served.token
    for origin in ("https://evil.example", "null", served.url.replace("http:", "https:")):
        assert refused_by(served, origin=origin, subprotocols=[LIVE_PROTOCOL, token]) == 403
    with socket.create_connection(("127.0.0.1", served.client.base_url.port)) as rebound:
        assert refused_by(served, host="evil.example", sock=rebound) == 403


def test_a_page_from_before_is_told(served: Served) -> None:
    for offered in ([LIVE_PROTOCOL], [LIVE_PROTOCOL, TOKEN_PROTOCOL + "guess"]):
        with connected(served, origin=served.url, subprotocols=offered) as live:
            with pytest.raises(exceptions.ConnectionClosed) as closed:
                live.recv(30)
            assert closed.value.rcvd.code == STALE_PAGE
            assert "load it again" in closed.value.rcvd.reason


def test_our_pages_and_plain_programs_are_let_in(served: Served) -> None:
    protocols = [LIVE_PROTOCOL, TOKEN_PROTOCOL + served.token]
    with connected(served, origin=served.url, subprotocols=protocols) as live:
        assert live.subprotocol == LIVE_PROTOCOL
        choose(live)
    with connected(served) as live:
        choose(live)


def test_one_too_many_is_told_and_may_come_back(served: Served) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_SOCKETS):
            choose(stack.enter_context(connected(served)))
        with connected(served) as live:
            with pytest.raises(exceptions.ConnectionClosed) as closed:
                live.recv(30)
            assert closed.value.rcvd.code == 1013
            assert "close one of them" in closed.value.rcvd.reason
    with connected(served) as live:
        choose(live)


# --- frames and masks ---


def test_a_frame_comes_back_as_its_label_map(served: Served) -> None:
    with connected(served) as live:
        (lane,) = choose(live)
        assert [item["name"] for item in lane["classes"]][:2] == ["background", "hair"]
        assert lane["classes"][0]["kind"] == "background"
        live.send(message(7, jpeg()))
        head, labels = unpacked(live.recv(30))
    assert (head["kind"], head["lane"], head["number"]) == (FRAME, 0, 7)
    assert labels.shape == (96, 128)  # as many pixels as the model sees, not as the frame has
    assert 0 < head["worked"] < 60_000_000
    expected = LABELS[::5, ::5][:48, :64].repeat(2, axis=0).repeat(2, axis=1)
    assert (labels == expected).mean() > 0.9


def test_a_still_is_looked_at_as_a_photo_is(served: Served) -> None:
    with connected(served) as live:
        lanes = choose(live, "colours/live", "colours/full")
        live.send(message(3, jpeg(), STILL))
        answers = [live.recv(60) for _ in range(4)]
    maps = [unpacked(answer) for answer in answers if isinstance(answer, bytes)]
    told = [json.loads(answer) for answer in answers if isinstance(answer, str)]
    assert {head["lane"] for head, _ in maps} == {item["lane"] for item in told} == {0, 1}
    for head, labels in maps:
        assert (head["kind"], head["number"]) == (STILL, 3)
        assert labels.shape == (480, 640)
        assert (labels == LABELS.repeat(2, axis=0).repeat(2, axis=1)).mean() > 0.95
    for item in told:
        names = [lanes[item["lane"]]["classes"][garment["label"]]["name"] for garment in item["garments"]]
        assert {"footwear", "pants", "top"} <= set(names)
        assert all(0.5 < garment["score"] <= 1 for garment in item["garments"])


def test_models_are_changed_on_the_way(served: Served) -> None:
    with connected(served) as live:
        for asked in (["colours/live"], ["colours/full", "colours/live"], ["default/live"]):
            assert [lane["id"] for lane in choose(live, *asked)] == asked
            live.send(message(1, jpeg()))
            assert {unpacked(live.recv(60))[0]["lane"] for _ in asked} == set(range(len(asked)))


class HeldUp(Segmenter):
    """A model that is busy until it is told to go on."""

    def __init__(self, model: Path) -> None:
        super().__init__(model, size="live")
        self.started, self.go_on = threading.Semaphore(0), threading.Semaphore(0)

    def label_map(
        self, pixels: npt.NDArray[np.uint8], size: tuple[int, int] | None = None
    ) -> npt.NDArray[np.uint8]:
        self.started.release()
        assert self.go_on.acquire(timeout=30)
        return super().label_map(pixels, size)


def test_a_busy_model_takes_the_newest_frame_next(model: Path) -> None:
    segmenter, drawn = HeldUp(model), list[int]()

    async def look() -> None:
        async def send(answer: bytes) -> None:
            drawn.append(unpacked(answer)[0]["number"])

        async def refuse(answer: dict[str, Any]) -> None:
            raise AssertionError(answer)

        with ThreadPoolExecutor(1) as workers:
            lane = Lane(0, segmenter, workers)
            task = asyncio.create_task(lane.run(send, refuse))
            lane.offer(Frame(FRAME, 1, jpeg()))
            await asyncio.to_thread(segmenter.started.acquire)
            for number in range(2, 10):
                lane.offer(Frame(FRAME, number, jpeg()))
            segmenter.go_on.release(2)
            while len(drawn) < 2:
                await asyncio.sleep(0.01)
            task.cancel()

    asyncio.run(asyncio.wait_for(look(), 60))
    assert drawn == [1, 9]


# --- a garment over the stream ---


def layer(answer: bytes) -> tuple[tuple[int, int], tuple[int, ...], npt.NDArray[np.uint8]]:
    """The layer's size (width, height), where its part lies, and the part's pixels."""
    kind, _, width, height = struct.unpack_from("<BBHH", answer)
    assert kind == LAYER
    part = struct.unpack_from("<HHHH", answer, 24)
    return (width, height), part, np.frombuffer(answer, np.uint8, offset=32).reshape(part[3], part[2], 4)


def test_a_garment_is_laid_over_the_person(served: Served) -> None:
    with connected(served) as live:
        live.send(json.dumps({"wear": 1}))
        assert json.loads(live.recv(60)) == {"type": "wearing", "garment": 1}
        choose(live, "colours/live", "colours/full")  # what is worn is worn with other models, too
        live.send(message(1, jpeg()))
        for _ in range(2):
            size, (x, y, width, height), pixels = layer(live.recv(60))
            assert size == (480, 360)
            assert 0.4 * 480 < x + width / 2 < 0.5 * 480  # the person of `LABELS` stands there
            assert (pixels[..., 3] > 128).mean() > 0.3
            assert 0 < height < 360 - y
        live.send(message(2, jpeg(np.zeros((240, 320), np.uint8))))
        for _ in range(2):
            assert layer(live.recv(60))[2].size == 0
        live.send(json.dumps({"wear": None}))
        assert json.loads(live.recv(60)) == {"type": "wearing", "garment": None}
        live.send(message(3, jpeg()))
        assert unpacked(live.recv(60))[0]["kind"] == FRAME


def test_what_cannot_be_worn_is_said(served: Served) -> None:
    with connected(served) as live:
        choose(live)
        for number, line in (
            (5, "has no photo"),
            (99, "99"),
            ("1", "by its number"),
            (True, "by its number"),
        ):
            live.send(json.dumps({"wear": number}))
            answer = json.loads(live.recv(60))
            assert answer["type"] == "error"
            assert line in answer["line"]
        live.send(message(1, jpeg()))
        assert unpacked(live.recv(60))[0]["kind"] == FRAME


# --- what no message can do ---


def bomb() -> bytes:
    """A JPEG file whose head claims 60,000 pixels a side."""
    data = bytearray(jpeg())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", 60_000, 60_000)
    return bytes(data)


def test_bad_messages_are_told_and_the_next_frame_is_taken(served: Served) -> None:
    with connected(served) as live:
        choose(live)
        for bad in (
            "{",
            "[]",
            "7",
            '{"lanes": []}',
            '{"lanes": ["a", "b", "c"]}',
            '{"lanes": [1]}',
            "[" * 5000,
        ):
            live.send(bad)
            assert json.loads(live.recv(30))["type"] == "error", bad
        for unknown in ("nothing/live", "../../etc/passwd", "/etc/passwd.onnx"):
            live.send(json.dumps({"lanes": [unknown]}))
            answer = json.loads(live.recv(30))
            assert "there is no model" in answer["line"]
        for data in (b"", b"\x01\x00", message(1, b""), message(1, jpeg(), kind=9)):
            live.send(data)
            assert json.loads(live.recv(30))["type"] == "error"
        for data in (b"no photo", jpeg()[:300], bomb(), b"\x89PNG\r\n\x1a\n" + bytes(100)):
            live.send(message(5, data))
            answer = json.loads(live.recv(30))
            assert (answer["type"], answer["frame"], answer["lane"]) == ("refused", 5, 0), answer
        live.send(message(6, jpeg()))
        assert unpacked(live.recv(30))[0]["number"] == 6


def test_a_message_too_large_ends_its_socket_alone(served: Served) -> None:
    with connected(served) as other:
        choose(other)
        with connected(served) as live, pytest.raises(exceptions.ConnectionClosed):
            live.send(bytes(5 << 20))
            live.recv(30)
        other.send(message(1, jpeg()))
        assert unpacked(other.recv(30))[0]["number"] == 1


def test_frames_before_a_model_is_chosen_are_let_go(served: Served) -> None:
    with connected(served) as live:
        live.send(message(1, jpeg()))
        choose(live)
        live.send(message(2, jpeg()))
        assert unpacked(live.recv(30))[0]["number"] == 2


# --- the parts ---


def test_label_maps_survive_their_way() -> None:
    chance = np.random.default_rng(0)
    for size in ((1, 1), (1, 300), (240, 320), (3, 2)):
        for few in (1, 2, 256):
            labels = chance.integers(0, few, size, dtype=np.uint8)
            answer = encode_mask(Frame(FRAME, 2**32 - 1, b""), 1, labels, Times(0.5, 0, 2e-6))
            head, found = unpacked(answer)
            assert np.array_equal(found, labels)
            assert (head["number"], head["waited"], head["worked"]) == (2**32 - 1, 500_000, 2)


def test_frames_are_decoded_no_larger_than_needed() -> None:
    data = jpeg(scale=4)  # 1280 x 960
    assert [open_frame(data, side).shape[:2] for side in (None, 640, 320, 300, 160, 4000)] == [
        (960, 1280),
        (480, 640),
        (240, 320),
        (240, 320),
        (120, 160),
        (960, 1280),
    ]
    grey = io.BytesIO()
    Image.new("L", (64, 48), 90).save(grey, "JPEG")
    assert open_frame(grey.getvalue()).shape == (48, 64, 3)
    with pytest.raises(PhotoError):
        open_frame(bomb(), 320)
    with pytest.raises(UsageError):
        read_frame(b"\x01")
    assert fit_within((480, 640), 320) == (240, 320)
    assert fit_within((2, 4000), 320) == (1, 320)


def test_the_models_there_are(model: Path, served: Served) -> None:
    assert [choice.id for choice in LiveModels().choices()][:2] == ["default/live", "default/full"]
    own = LiveModels(str(model))
    assert [choice.id for choice in own.choices()][:4] == [
        "colours/live",
        "colours/full",
        "default/live",
        "default/full",
    ]
    assert own.load("colours/live")[1] is own.load("colours/live")[1]
    assert own.load("colours/live")[1].size == 128
    with pytest.raises(NotFoundError):
        own.load("colours")
    listed = served.client.get("/api/v1/live/models").json()
    assert [(item["id"], item["pixels"]) for item in listed][:2] == [
        ("colours/live", 128),
        ("colours/full", 256),
    ]
    assert str(model) not in json.dumps(listed)
