"""The same work in this process and in several: one failure does not stop the others, a hopeless one stops all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from functools import partial

import pytest

from ewardrobe.errors import EwardrobeError, ModelError, PhotoError
from ewardrobe.jobs.pool import available_cores, run, threads_for


def setup(value: int) -> int:
    return value


def broken_setup() -> int:
    raise ModelError("no such model")


def divide(state: int, task: int) -> float:
    if task == 7:
        raise PhotoError("seven is no photo")
    return state / task


def fill_disk(state: int, task: int) -> int:
    if task == 3:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out")
    return task


def die(state: int, task: int) -> int:
    if task == 2:
        os._exit(9)
    return task


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_has_its_result_or_its_error(jobs: int) -> None:
    results = dict(run(partial(setup, 12), divide, [4, 7, 0, 3], jobs=jobs))
    assert results[4] == 3 and results[3] == 4
    assert isinstance(results[7], PhotoError) and str(results[7]) == "seven is no photo"
    assert isinstance(results[0], ZeroDivisionError)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_setup_that_fails_ends_the_run_with_its_error(jobs: int) -> None:
    with pytest.raises(ModelError, match="no such model"):
        list(run(broken_setup, divide, range(10), jobs=jobs))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_ends_the_run(jobs: int) -> None:
    with pytest.raises(OSError, match="No space left"):
        list(run(partial(setup, 0), fill_disk, range(100), jobs=jobs))


def test_tasks_are_taken_as_they_are_needed() -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for number in range(1, 100):
            taken.append(number)
            yield number

    results = run(partial(setup, 1), divide, tasks(), jobs=2)
    next(results)
    assert len(taken) <= 8
    results.close()  # type: ignore[attr-defined]


def test_a_worker_that_dies_is_one_line() -> None:
    with pytest.raises(EwardrobeError, match="fewer --jobs"):
        list(run(partial(setup, 1), die, range(8), jobs=2))


def test_workers_share_the_cores() -> None:
    cores = available_cores()
    assert threads_for(1) == cores
    assert threads_for(cores) == 1
    assert threads_for(1000) == 1
