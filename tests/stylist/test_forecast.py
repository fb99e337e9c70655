"""The forecast: off by default, and one line when it gives no answer."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Callable
from datetime import date
from email.message import Message

import pytest

from ewardrobe.errors import UsageError
from ewardrobe.stylist import Forecast, ForecastChoice, ForecastError
from ewardrobe.stylist.forecast import ask_forecast

HERE = ForecastChoice(True, 48.13743, 11.57549)
FIRST, LAST = date(2026, 5, 4), date(2026, 5, 5)
ANSWER = {
    "latitude": 48.1,
    "daily_units": {"temperature_2m_max": "°C", "wind_speed_10m_max": "km/h"},
    "daily": {
        "time": ["2026-05-04", "2026-05-05"],
        "temperature_2m_max": [20.0, 11.2],
        "temperature_2m_min": [10.0, 6.9],
        "precipitation_sum": [0.0, 7.3],
        "wind_speed_10m_max": [12.4, None],
    },
}


def test_the_answer_is_read_and_the_place_is_sent_coarsely() -> None:
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return json.dumps(ANSWER).encode()

    assert ask_forecast(HERE, FIRST, LAST, fetch=fetch) == [
        Forecast(FIRST, 16, False, 12),
        Forecast(LAST, 10, True, 0),
    ]
    assert asked[0].startswith("https://api.open-meteo.com/v1/forecast?latitude=48.1&longitude=11.6&")
    assert "start_date=2026-05-04&end_date=2026-05-05" in asked[0]


def never(address: str) -> bytes:
    raise AssertionError("the network was asked")


def test_nothing_is_asked_where_it_is_not_allowed() -> None:
    with pytest.raises(ForecastError, match="switched off"):
        ask_forecast(ForecastChoice(False, 48.1, 11.6), FIRST, LAST, fetch=never)
    with pytest.raises(UsageError, match="for which place"):
        ask_forecast(ForecastChoice(True), FIRST, LAST, fetch=never)


def raising(error: Exception) -> Callable[[str], bytes]:
    def fetch(address: str) -> bytes:
        raise error

    return fetch


@pytest.mark.parametrize(
    ("fetch", "line"),
    [
        (raising(urllib.error.URLError("Name or service not known")), "there is no network"),
        (raising(TimeoutError()), "there is no network"),
        (raising(urllib.error.HTTPError("x", 400, "Bad", Message(), None)), "HTTP 400"),
        (lambda address: b"<html>", "cannot be read"),
        (lambda address: b'{"daily": {}}', "cannot be read"),
        (lambda address: json.dumps(ANSWER).replace("05-05", "05-09").encode(), "cannot be read"),
    ],
)
def test_no_answer_is_one_line(fetch: Callable[[str], bytes], line: str) -> None:
    with pytest.raises(ForecastError, match=line):
        ask_forecast(HERE, FIRST, LAST, fetch=fetch)
