"""A process killed at any moment loses nothing it reported stored, and leaves no orphan.

`benchmarks/kill.py` does the same a hundred times at random, and at every single step.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.wardrobe.killing import run, step_kills

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="killing is POSIX here")


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    tally = run(8, tmp_path, seed=7)
    assert tally.kills == 8
    assert tally.problems == []


@pytest.mark.parametrize(("operation", "every"), [("add", 11), ("import", 43), ("migrate", 97), ("mask", 17)])
def test_killed_step_by_step(tmp_path: Path, operation: str, every: int) -> None:
    tally = step_kills(operation, tmp_path, every=every)
    assert tally.kills >= 5
    assert tally.problems == []
    if operation != "migrate":
        assert any("while files were written" in moment for moment in tally.moments)
        assert any("put in place" in moment for moment in tally.moments)
