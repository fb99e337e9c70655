"""`Workshop`: a process of its own that opens photos, finds garments and stores them, for a server that must go on.

A photo that crashes a decoder, or never ends, costs that process; a new one takes its place. Only what is in
`TASKS` can be asked for.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ewardrobe.errors import EwardrobeError, PhotoError, UsageError
from ewardrobe.jobs.adding import garment_records, open_wardrobe
from ewardrobe.jobs.mending import TASKS as MENDING
from ewardrobe.jobs.outcomes import reason_of
from ewardrobe.jobs.outfit_photos import log_photo, recognise_photo
from ewardrobe.jobs.pool import available_cores

if TYPE_CHECKING:
    from ewardrobe.imaging import Photo
    from ewardrobe.segmentation import Segmenter
    from ewardrobe.wardrobe import Wardrobe

__all__ = ["PHOTO_SECONDS", "Workshop"]

Pipe: TypeAlias = "Connection[Any, Any]"

PHOTO_SECONDS = 300.0
"""How long one photo may take before it is given up."""

_CANCELLED: dict[str, Any] = {"status": "cancelled", "reason": "", "garments": []}
_HEX = re.compile(r"#([0-9a-fA-F]{6})")


class Workshop:
    """The process behind a server; it starts with the first task and does one at a time.

    `home` is the wardrobe's folder, `model` a model's name or file.
    """

    def __init__(self, home: Path, model: str = "default") -> None:
        self._home = home
        self._setup = partial(open_wardrobe, home, model, available_cores())
        self._turn = threading.Lock()
        self._process: Any = None
        self._pipe: Pipe | None = None
        self._closed = False
        self._adding: Path | None = None
        self._given_up: set[Path] = set()

    def add(self, file: Path, name: str) -> dict[str, Any]:
        """Add a photo to the wardrobe: `status`, `reason`, and `garments`, a record each.

        The status is "done", "skipped", or "cancelled" after `give_up`; the photo is stored whole or not at all.
        """
        try:
            with self._turn:
                if file in self._given_up:
                    return _CANCELLED
                self._adding = file
                try:
                    return dict(self._run("add", str(file), name))
                except PhotoError:
                    if file in self._given_up:
                        return _CANCELLED
                    raise
        finally:
            self._adding = None
            self._given_up.discard(file)

    def give_up(self, file: Path) -> None:
        """Let go of a photo that is being added, or waits to be: the process that works on it ends."""
        self._given_up.add(file)
        process = self._process
        if self._adding == file and process is not None:
            process.kill()

    def mend(self, task: str, *arguments: Any) -> Any:
        """One of `jobs.mending.TASKS` on what is stored."""
        with self._turn:
            return self._run(task, *arguments)

    def segment(self, data: bytes) -> dict[str, Any]:
        """The garments in a photo as a COCO document; nothing is stored."""
        with self._turn:
            return dict(self._run("segment", data))

    def cut_out(self, data: bytes, of: str, background: str, crop: bool) -> list[tuple[str, bytes]]:
        """Pieces of a photo (`Segmentation.cutouts`) as names and PNG files; `background` is a colour or empty."""
        with self._turn:
            return list(self._run("cut_out", data, of, background, crop))

    def recognise(self, data: bytes) -> dict[str, Any]:
        """Which owned garments are worn in a photo: see `jobs.outfit_photos.recognise_photo`. Nothing is stored."""
        with self._turn:
            return dict(self._run("recognise", data))

    def log_photo(
        self, data: bytes, name: str, chosen: dict[int, int | None], on: str | None
    ) -> dict[str, Any]:
        """Store an outfit photo and log what is worn in it: see `jobs.outfit_photos.log_photo`."""
        with self._turn:
            return dict(self._run("log_photo", data, name, chosen, on))

    def use(self, model: str) -> None:
        """Find garments with another model from the next photo on."""
        with self._turn:
            self._setup = partial(open_wardrobe, self._home, model, available_cores())
            self._end()

    def try_on(self, photo: bytes | int, garments: Sequence[int], person: int | None, seed: int) -> bytes:
        """A person wearing garments of the wardrobe, as a JPEG without metadata.

        `photo` is a file's bytes or the number of a photo in the wardrobe.
        """
        with self._turn:
            return bytes(self._run("try_on", photo, tuple(garments), person, seed))

    def close(self) -> None:
        """End the process, whatever it is doing; what it was storing is stored whole or not at all."""
        self._closed = True
        self._end()

    def _run(self, task: str, *arguments: Any) -> Any:
        """Do a task in turn and return its result, or raise the `EwardrobeError` that it ended in."""
        if self._closed:
            raise EwardrobeError("the server is being stopped")
        pipe = self._pipe
        if pipe is None or self._process is None or not self._process.is_alive():
            pipe = self._start()
        try:
            pipe.send((task, arguments))
            answered = pipe.poll(PHOTO_SECONDS)
            answer: tuple[EwardrobeError | None, Any] = pipe.recv() if answered else (None, None)
        except (EOFError, OSError) as reason:
            self._end()
            raise PhotoError("this photo ended the process that opened it; nothing was stored") from reason
        if not answered:
            self._end()
            raise PhotoError(f"this photo took more than {PHOTO_SECONDS:.0f} seconds; nothing was stored")
        error, result = answer
        if error is not None:
            raise error
        return result

    def _start(self) -> Pipe:
        # Forking a process that runs threads can hang: start a clean one.
        context = get_context("spawn")
        mine, its = context.Pipe()
        self._process = context.Process(target=_serve, args=(its, self._setup), daemon=True)
        self._process.start()
        its.close()
        self._pipe = mine
        return mine

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.join()


def _serve(pipe: Pipe, setup: Callable[[], tuple[Wardrobe, Segmenter]]) -> None:
    """The process's own loop; it ends when the server does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(5)  # the pages come first
    state: tuple[Wardrobe, Segmenter] | None = None
    while True:
        try:
            task, arguments = pipe.recv()
        except EOFError:
            return
        try:
            state = state or setup()
            answer: Any = (None, TASKS[task](state, *arguments))
        except EwardrobeError as error:
            answer = (error, None)
        except Exception as error:
            answer = (EwardrobeError(reason_of(error)), None)
        pipe.send(answer)


def _add(state: tuple[Wardrobe, Segmenter], file: str, name: str) -> dict[str, Any]:
    wardrobe, segmenter = state
    photo = replace(_open(Path(file).read_bytes()), name=name)
    result = wardrobe.add(photo, segmenter=segmenter)
    reason = "" if result.garments else "no garment found, not stored"
    return {
        "status": "skipped" if result.skipped else "done",
        "reason": "already in the wardrobe" if result.skipped else reason,
        "garments": list(garment_records(result)),
    }


def _segment(state: tuple[Wardrobe, Segmenter], data: bytes) -> dict[str, Any]:
    return state[1].segment(_open(data)).to_coco()


def _cut_out(
    state: tuple[Wardrobe, Segmenter], data: bytes, of: str, background: str, crop: bool
) -> list[tuple[str, bytes]]:
    from ewardrobe.imaging import to_png_bytes

    segmenter = state[1]
    garments = [segmenter.taxonomy[index].name for index in segmenter.taxonomy.garments]
    if of not in ("person", "garments", "parts", *garments):
        raise UsageError(
            f"cannot cut out {of!r}; choose from: person, garments, parts, {', '.join(garments)}"
        )
    ground = _HEX.fullmatch(background)
    if background and not ground:
        raise UsageError(f"{background!r} is no colour: give six hexadecimal digits, such as #ffffff")
    colour = tuple(bytes.fromhex(ground[1])) if ground else None
    cutouts = segmenter.segment(_open(data)).cutouts(of, background=colour, crop=crop)  # type: ignore[arg-type]
    return [
        (f"{number}-{cutout.name}.png", to_png_bytes(cutout.image))
        for number, cutout in enumerate(cutouts, 1)
    ]


def _recognise(state: tuple[Wardrobe, Segmenter], data: bytes) -> dict[str, Any]:
    return recognise_photo(*state, _open(data))


def _log_photo(
    state: tuple[Wardrobe, Segmenter], data: bytes, name: str, chosen: dict[int, int | None], on: str | None
) -> dict[str, Any]:
    return log_photo(*state, replace(_open(data), name=name), chosen, on)


def _try_on(
    state: tuple[Wardrobe, Segmenter],
    photo: bytes | int,
    garments: tuple[int, ...],
    person: int | None,
    seed: int,
) -> bytes:
    from ewardrobe.imaging import open_photo, to_jpeg_bytes
    from ewardrobe.tryon import dress, owned_piece

    wardrobe, segmenter = state
    opened = open_photo(wardrobe.photo(photo).file) if isinstance(photo, int) else _open(photo)
    pieces = [owned_piece(wardrobe, number, segmenter) for number in garments]
    made = dress(segmenter.segment(opened), pieces, person=person, seed=seed)
    return to_jpeg_bytes(made.pixels, quality=94)


def _open(data: bytes) -> Photo:
    from ewardrobe.imaging import open_photo

    return open_photo(data)


TASKS: dict[str, Callable[..., Any]] = {
    "add": _add,
    "segment": _segment,
    "cut_out": _cut_out,
    "recognise": _recognise,
    "log_photo": _log_photo,
    **MENDING,
    "try_on": _try_on,
}
