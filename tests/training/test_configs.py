"""The configs of the repository: each is valid. That those of experiments run is tested in test_experiments.py."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("lightning", reason="Lightning is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.errors import MissingExtraError
from ewardrobe.training.architectures import ARCHITECTURES
from ewardrobe.training.config import load_config, validated
from ewardrobe.training.pipeline import load_pipeline
from ewardrobe.training.running import task_of
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.train

CONFIGS = sorted((REPOSITORY / "configs").rglob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_is_valid(path: Path) -> None:
    parts = load_pipeline(path)
    for config in [load_config(path)] if parts is None else parts.values():
        assert task_of(config) in ARCHITECTURES[config.architecture].tasks and config.about
        try:
            options = ARCHITECTURES[config.architecture].options
        except MissingExtraError as missing:
            pytest.skip(str(missing))
        validated(options, config.model, path.name)
