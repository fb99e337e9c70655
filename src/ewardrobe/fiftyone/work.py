"""What all work on a FiftyOne view has in common: its photos, its steps, its outcome, and the ways it fails."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import fiftyone.core.media as fom
import fiftyone.core.patches as fop
from pymongo.errors import ConnectionFailure, PyMongoError

import fiftyone as fo
from ewardrobe.errors import EwardrobeError, UsageError
from ewardrobe.jobs.outcomes import reason_of

__all__ = [
    "LeftOut",
    "Step",
    "Summary",
    "Work",
    "every_sample",
    "finish",
    "follow",
    "left_out",
    "one_line",
    "photos_of",
    "samples_in_batches",
]

Result = TypeVar("Result")
View = Any
"""A FiftyOne dataset or view of it, of images."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work has come: `done` of `total` photos."""

    done: int
    total: int

    @property
    def share(self) -> float:
        """0..1."""
        return self.done / max(1, self.total)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A photo that could not be used, by its file, and why."""

    photo: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of it.

    Attributes:
        said: one sentence.
        done: how many photos.
        left_out: those that could not be used; the others are done nevertheless.
        ids: of the FiftyOne samples to look at.
        details: Markdown to show below.
    """

    said: str
    done: int
    left_out: tuple[LeftOut, ...] = ()
    ids: tuple[str, ...] = ()
    details: str = ""

    @property
    def line(self) -> str:
        """The sentence, with how many photos were left out and why the first was."""
        if not self.left_out:
            return self.said
        first = self.left_out[0]
        return (
            f"{self.said}; left out: {len(self.left_out)}, such as {Path(first.photo).name}: {first.reason}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON knows it."""
        return {
            "said": self.said,
            "done": self.done,
            "left_out": [f"{item.photo}: {item.reason}" for item in self.left_out],
            "ids": list(self.ids),
            "details": self.details,
        }


Work = Generator[Step, None, Summary]
"""Work that is done photo by photo. Closing it between two steps leaves the photos done so far, and no half of one."""


def finish(work: Generator[Step, None, Result], on_step: Callable[[Step], None] | None = None) -> Result:
    """Do all of the work and give what it returns."""
    while True:
        try:
            step = next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
        if on_step is not None:
            on_step(step)


def photos_of(view: View) -> list[tuple[str, str]]:
    """(id, file) of each sample of a view; UsageError, in one line, when it is empty or not of whole images."""
    if isinstance(view, fop.PatchesView | fop.EvaluationPatchesView):
        raise UsageError("this is a view of patches: go back to the samples first")
    if len(view) == 0:
        raise UsageError("there is no sample here: select some, or clear the filters")
    if view.media_type != fom.IMAGE:
        raise UsageError(f"these samples are of the kind {view.media_type}; this works on images")
    ids, files = view.values(["id", "filepath"])
    return list(zip(ids, files, strict=True))


def every_sample(dataset: fo.Dataset) -> View:
    """All samples of a dataset; of a grouped one, those of all its slices."""
    return dataset.select_group_slices() if dataset.media_type == fom.GROUP else dataset


def samples_in_batches(
    dataset: fo.Dataset, ids: Sequence[str], size: int
) -> Iterator[tuple[fo.Sample, Callable[[], None]]]:
    """Each sample with the function that saves it, as one update; `size` samples are read and written together.

    What was saved before an error or a cancellation reaches the database.
    """
    flat = every_sample(dataset)
    size = max(1, size)
    for start in range(0, len(ids), size):
        part = flat.select(ids[start : start + size], ordered=True)
        samples = list(part)
        with part.save_context(batch_size=size) as context:
            for sample in samples:
                yield sample, partial(context.save, sample)


class _StoppedError(Exception):
    """The work was closed: its thread ends at its next step."""


@dataclass
class _Thread:
    """A function's thread, and what comes out of it: steps, then the end."""

    messages: queue.SimpleQueue[Step | None] = field(default_factory=queue.SimpleQueue)
    result: Any = None
    error: BaseException | None = None
    stopped: bool = False

    def run(self, function: Callable[[Callable[[], None]], Any], total: int) -> None:
        done = 0

        def advance() -> None:
            nonlocal done
            if self.stopped:
                raise _StoppedError
            done += 1
            self.messages.put(Step(done, total))

        try:
            self.result = function(advance)
        except BaseException as error:
            self.error = error
        finally:
            self.messages.put(None)


def follow(function: Callable[[Callable[[], None]], Result], total: int) -> Generator[Step, None, Result]:
    """Turn a function that calls back after each photo into work; what it raises passes through."""
    state = _Thread()
    thread = threading.Thread(target=state.run, args=(function, total), daemon=True)
    thread.start()
    try:
        while (step := state.messages.get()) is not None:
            yield step
    finally:
        state.stopped = True
        thread.join()
    if state.error is not None:
        raise state.error
    result: Result = state.result
    return result


def one_line(error: Exception) -> str:
    """What to tell a person; a database that does not answer is named as such."""
    if isinstance(error, ConnectionFailure):
        return "FiftyOne's database does not answer: start FiftyOne (or MongoDB) again, then repeat this"
    if isinstance(error, PyMongoError):
        return f"FiftyOne's database refused this: {' '.join(str(error).split())[:200]}"
    return reason_of(error)


def left_out(photo: str, error: Exception) -> LeftOut:
    """A photo that failed; what concerns more than this photo is raised again."""
    if isinstance(error, PyMongoError) or type(error) is EwardrobeError:
        raise error  # a full disk and a database that is gone would hit all that follow
    return LeftOut(photo, reason_of(error))
