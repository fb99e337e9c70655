"""Tables for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json

import pytest

from ewardrobe import taxonomy
from ewardrobe.cli.output import print_rows
from tests.cli.conftest import Command

ROWS = [
    {
        "id": 1,
        "title": "[red]navy[/red] blazer",
        "price": 1299.99,
        "tags": ["a", "b, c"],
        "worn": None,
        "ok": True,
    },
    {
        "id": 22,
        "title": "ein Rock, geblümt",
        "price": 0.1234567,
        "tags": [],
        "worn": 3,
        "ok": False,
        "more": {"x": 1},
    },
]


def test_json_is_the_rows_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, as_json=True, as_csv=False)
    assert json.loads(capsys.readouterr().out) == ROWS


def test_csv_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, as_json=False, as_csv=True)
    first, second = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert first["title"] == ROWS[0]["title"] and second["title"] == ROWS[1]["title"]
    assert float(first["price"]) == 1299.99 and float(second["price"]) == 0.1234567
    assert json.loads(first["tags"]) == ["a", "b, c"]
    assert first["worn"] == "" and first["more"] == "" and json.loads(second["more"]) == {"x": 1}


def test_a_table_in_a_pipe_is_whole_and_plain(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{**ROWS[0], "notes": "long " * 200}, ROWS[1]], as_json=False, as_csv=False)
    out = capsys.readouterr().out
    assert "[red]navy[/red] blazer" in out and "long " * 199 in out
    assert "\033" not in out and all(line == line.rstrip() for line in out.splitlines())
    assert len(out.splitlines()) == 4


def test_columns_choose_only_what_the_table_shows(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, as_json=False, as_csv=False, columns=("id", "price"))
    assert "blazer" not in capsys.readouterr().out
    print_rows(ROWS, as_json=False, as_csv=True, columns=("id", "price"))
    assert "blazer" in capsys.readouterr().out


@pytest.mark.parametrize("name", taxonomy.names())
def test_taxonomies_come_out_in_index_order(command: Command, name: str) -> None:
    said = command("taxonomy", "show", name, "--json")
    assert said.code == 0
    shown = json.loads(said.out)
    assert shown["name"] == name
    known = taxonomy.load(name)
    assert [(row["index"], row["name"]) for row in shown["classes"]] == list(enumerate(known.labels))
    for row, item in zip(shown["classes"], known, strict=True):
        assert tuple(bytes.fromhex(row["colour"].removeprefix("#"))) == item.colour
        assert row["region"] == item.region and row["kind"] == item.kind
    rows = list(csv.DictReader(io.StringIO(command("taxonomy", "show", name, "--csv").out)))
    assert [row["name"] for row in rows] == list(known.labels)


def test_lists_name_everything(command: Command) -> None:
    listed = json.loads(command("taxonomy", "list", "--json").out)
    assert [row["name"] for row in listed] == list(taxonomy.names())
    listed = json.loads(command("models", "list", "--json").out)
    assert "default" in [row["name"] for row in listed]
    for arguments in (("taxonomy", "list"), ("models", "list")):
        table = command(*arguments).out
        assert table and all(row["name"] in table for row in json.loads(command(*arguments, "--json").out))
