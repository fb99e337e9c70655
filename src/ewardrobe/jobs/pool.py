"""The same work on many photos, in this process or in a few of its own, one failure not stopping the others."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ewardrobe.errors import EwardrobeError

__all__ = ["available_cores", "run", "threads_for"]

State = TypeVar("State")
Task = TypeVar("Task")
Result = TypeVar("Result")

_IN_FLIGHT_PER_WORKER = 2


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def threads_for(jobs: int) -> int:
    """How many threads each of `jobs` workers gets, so that together they fill the machine once."""
    return max(1, available_cores() // max(1, jobs))


def run(
    setup: Callable[[], State],
    work: Callable[[State, Task], Result],
    tasks: Iterable[Task],
    *,
    jobs: int = 1,
) -> Iterator[tuple[Task, Result | Exception]]:
    """Yield each task with its result, or with the exception it ended in.

    With one job everything happens here and in order; with more, in that many processes, as they finish.
    `setup` makes what a worker keeps between tasks (a loaded model); `setup`, `work` and `tasks` must be
    picklable then. What goes wrong in `setup`, and a full disk, ends the run: it would hit every task.
    After Ctrl-C the tasks that are under way are finished, and no other is begun.
    """
    if jobs <= 1:
        yield from _run_here(setup, work, tasks)
    else:
        yield from _run_in_processes(setup, work, tasks, jobs)


def _run_here(
    setup: Callable[[], State], work: Callable[[State, Task], Result], tasks: Iterable[Task]
) -> Iterator[tuple[Task, Result | Exception]]:
    state = setup()
    for task in tasks:
        result = _attempt(work, state, task)
        _stop_if_hopeless(result)
        yield task, result


def _run_in_processes(
    setup: Callable[[], State],
    work: Callable[[State, Task], Result],
    tasks: Iterable[Task],
    jobs: int,
) -> Iterator[tuple[Task, Result | Exception]]:
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    # Forking a process that already runs ONNX Runtime's threads can hang: start clean ones.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_begin_worker, initargs=(setup, work))
    waiting: dict[Future[Any], Task] = {}
    queue = iter(tasks)
    try:
        while True:
            while len(waiting) < jobs * _IN_FLIGHT_PER_WORKER:
                try:
                    task = next(queue)
                except StopIteration:
                    break
                with _interrupts_held():
                    future = pool.submit(_work_in_worker, task)
                waiting[future] = task
            if not waiting:
                return
            for finished in wait(waiting, return_when=FIRST_COMPLETED).done:
                task = waiting.pop(finished)
                result = finished.result()
                if isinstance(result, _SetupFailed):
                    raise result.error
                _stop_if_hopeless(result)
                yield task, result
    except BrokenProcessPool as error:
        raise EwardrobeError(
            "a worker process was ended from outside, most likely for lack of memory: "
            "run again with fewer --jobs; what is finished is kept"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C waiting while a worker may be started: the worker inherits this, and so never hears one.

    Without it, a worker that is still importing would die with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _SetupFailed:
    """Carries the error of a worker that could not be made ready."""

    def __init__(self, error: Exception) -> None:
        self.error = error


_worker: dict[str, Any] = {}


def _begin_worker(setup: Callable[[], Any], work: Callable[[Any, Any], Any]) -> None:
    # The parent alone answers Ctrl-C, after the task under way is whole; here, where signals cannot be held back.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker.update(setup=setup, work=work)


def _work_in_worker(task: Any) -> Any:
    if "state" not in _worker:
        try:
            _worker["state"] = _worker["setup"]()
        except Exception as error:
            return _SetupFailed(error)
    return _attempt(_worker["work"], _worker["state"], task)


def _attempt(work: Callable[[State, Task], Result], state: State, task: Task) -> Result | Exception:
    try:
        return work(state, task)
    except Exception as error:
        return error


def _stop_if_hopeless(result: object) -> None:
    if not isinstance(result, Exception):
        return
    for error in (result, result.__cause__):
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise result
