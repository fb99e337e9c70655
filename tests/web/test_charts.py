"""Bars: lengths against the longest, and no comparison of different currencies."""

from __future__ import annotations

import re
from decimal import Decimal
from importlib import resources

import pytest

from ewardrobe.web.charts import bars, costs, months, months_by_currency, spending


def test_the_longest_bar_is_whole() -> None:
    assert [(bar.name, bar.percent) for bar in bars({"a": 3, "b": 4, "c": 0})] == [
        ("a", 75),
        ("b", 100),
        ("c", 0),
    ]
    assert bars({}) == []
    assert [bar.percent for bar in bars({"a": 0})] == [0]


def test_each_currency_is_by_itself() -> None:
    found = costs({1: Decimal(5), 2: Decimal(20), 3: Decimal(900)}, {1: "EUR", 2: "EUR", 3: "JPY"})
    assert {currency: [(bar.name, bar.percent) for bar in rows] for currency, rows in found.items()} == {
        "EUR": [(2, 100), (1, 25)],
        "JPY": [(3, 100)],
    }
    assert [
        bar.name for bar in costs({n: Decimal(n) for n in range(1, 30)}, dict.fromkeys(range(30)))[""]
    ] == list(range(29, 19, -1))
    years = spending({"2024": {"EUR": Decimal(10)}, "2025": {"EUR": Decimal(20), "JPY": Decimal(1)}})
    assert [bar.percent for bar in years["EUR"]] == [50, 100]
    assert [bar.name for bar in years["JPY"]] == ["2025"]


def test_months_without_anything_have_their_place() -> None:
    chart = months({"2025-11": 3, "2026-02": 8})
    assert chart is not None
    assert [(item.name, item.value) for item in chart.columns] == [
        ("2025-11", 3),
        ("2025-12", 0),
        ("2026-01", 0),
        ("2026-02", 8),
    ]
    assert chart.columns[1].height == 0
    assert chart.columns[3].height / chart.columns[0].height == pytest.approx(8 / 3, rel=0.01)
    assert [line.label for line in chart.lines] == ["0", "5", "10"]
    assert all(item.x + item.width <= chart.width for item in chart.columns)
    assert chart.columns[-1].label == "02/26"
    assert months({}) is None


def test_at_most_two_years_are_shown() -> None:
    chart = months({"2020-01": 1, "2024-02": 1, "2026-01": 2})
    assert chart is not None
    assert (chart.columns[0].name, len(chart.columns)) == ("2024-02", 24)
    amounts = months_by_currency(
        {"2026-01": {"EUR": Decimal("10.50")}, "2026-02": {"EUR": Decimal(1), "JPY": Decimal(900)}}
    )
    assert {currency: len(found.columns) for currency, found in amounts.items()} == {"EUR": 2, "JPY": 1}


def test_the_themes_are_the_tokens_of_the_app() -> None:
    folder = resources.files("ewardrobe.web") / "static"
    light, dark = (
        dict(re.findall(r"(--[\w-]+): ([^;]+);", part))
        for part in (folder / "app.css").read_text("utf-8").split("*, ::before")[0].split("@media")
    )
    for name, tokens in (("light", light), ("dark", dark)):
        own = dict(re.findall(r"(--[\w-]+): ([^;]+);", (folder / f"theme-{name}.css").read_text("utf-8")))
        assert own == {key: value for key, value in tokens.items() if key in dark}
