"""The common verbs over both stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from ewardrobe.wardrobe import JsonWardrobe, Wardrobe
from tests.wardrobe.store_tester import Opener, StoreTester


class TestWardrobe(StoreTester):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return lambda: Wardrobe.open(tmp_path / "home")


class TestJsonWardrobe(StoreTester):
    @pytest.fixture
    def opener(self, tmp_path: Path) -> Opener:
        return lambda: JsonWardrobe.open(tmp_path / "wardrobe.json")
