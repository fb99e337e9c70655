"""suggest, pack and sheet."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

WARDROBE = (
    "type=shirt colour=white", "type=trousers colour=navy", "type=jeans colour=blue", "type=boots colour=brown",
    "type=coat colour=tan brand=Acme",
)  # fmt: skip


@pytest.fixture
def dressed(command: Command) -> Command:
    for fields in WARDROBE:
        assert command("new", *fields.split()).code == 0
    return command


def test_suggest_says_what_and_why(dressed: Command) -> None:
    said = dressed("suggest", "--temperature", "2", "--rain", "--on", "2026-01-15", "--with", "3")
    assert said.code == 0, said.err
    assert "3 blue jeans" in said.out and "5 tan coat" in said.out and "fit for the rain" in said.out
    found = json.loads(dressed("suggest", "--json", "--seed", "4", "-n", "2").out)
    assert found["seed"] == 4 and found["missing"] == [] and len(found["outfits"]) == 2
    assert dressed("suggest", "--json", "--seed", "4", "-n", "2").out == json.dumps(found, indent=2) + "\n"
    rows = list(csv.DictReader(io.StringIO(dressed("suggest", "--csv").out)))
    assert rows[0]["outfit"] == "1" and rows[0]["why"].endswith(".")


def test_suggest_on_an_empty_wardrobe_says_what_is_missing(command: Command) -> None:
    said = command("suggest")
    assert said.code == 0 and "Nothing to wear as a top" in said.err


@pytest.mark.parametrize(
    "wrong",
    [
        ("suggest", "--occasion", "moon"),
        ("suggest", "--temperature", "200"),
        ("suggest", "--on", "tomorrow"),
        ("pack", "--on", "9999-12-31"),
        ("suggest", "--with", "99"),
        ("suggest", "--with", "2", "--with", "3"),
        ("pack", "--days", "1", "--occasion", "work", "--occasion", "sport"),
        ("sheet", "1", "--out", "sheet.doc"),
    ],
)
def test_what_makes_no_sense_is_one_line(dressed: Command, wrong: tuple[str, ...]) -> None:
    said = dressed(*wrong)
    assert said.code == 2 and said.out == "" and len(said.err.strip().splitlines()) == 1


def test_the_forecast_is_off_by_default(dressed: Command) -> None:
    for verb in ("suggest", "pack"):
        said = dressed(verb, "--forecast")
        assert said.code == 1 and "the forecast is switched off" in said.err


def test_pack(dressed: Command) -> None:
    said = dressed("pack", "--days", "2", "--occasion", "work", "--temperature", "8", "--on", "2026-05-04")
    assert said.code == 0, said.err
    assert "2026-05-04 work" in said.out and "2026-05-05 everyday" in said.out
    found = json.loads(dressed("pack", "--days", "2", "--json").out)
    assert len(found["days"]) == 2 and found["outfits"] == 2
    assert {item["slot"] for item in found["garments"]} >= {"top", "bottom", "shoes"}


def test_sheet(dressed: Command, tmp_path: Path) -> None:
    assert dressed("sheet", "5").out.startswith("Acme tan coat\n\nType: coat\nBrand: Acme\n")
    for name, start in (("coat.pdf", b"%PDF-"), ("coat.txt", b"Acme tan coat")):
        said = dressed("sheet", "5", "--out", tmp_path / name)
        assert said.code == 0 and (tmp_path / name).read_bytes().startswith(start)
    assert dressed("sheet", "99").code == 1
    assert dressed("sheet", "5", "--out", tmp_path / "no" / "coat.pdf").code == 1
