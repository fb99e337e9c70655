"""The configs of the repository: each is valid, and goes from the raw official layout to a file that segments."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("lightning", reason="Lightning is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.errors import MissingExtraError
from ewardrobe.training.architectures import ARCHITECTURES
from ewardrobe.training.config import load_config, validated
from ewardrobe.training.running import task_of
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.train

CONFIGS = sorted((REPOSITORY / "configs").rglob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_is_valid(path: Path) -> None:
    config = load_config(path)
    assert task_of(config) in ARCHITECTURES[config.architecture].tasks and config.about
    try:
        options = ARCHITECTURES[config.architecture].options
    except MissingExtraError as missing:
        pytest.skip(str(missing))
    validated(options, config.model, path.name)
