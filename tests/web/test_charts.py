"""Bars: lengths against the longest, and no comparison of different currencies."""

from __future__ import annotations

from decimal import Decimal

from ewardrobe.web.charts import bars, costs, spending


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
