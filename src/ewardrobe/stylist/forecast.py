"""Tomorrow's weather from Open-Meteo (https://open-meteo.com/en/docs), where the owner allows it; off by default.

One HTTPS request with a place to a tenth of a degree (some 10 km) and a range of dates; no key, no account.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from ewardrobe.errors import EwardrobeError, UsageError
from ewardrobe.stylist.tastes import ForecastChoice

__all__ = ["Forecast", "ForecastError", "ask_forecast"]

ADDRESS = "https://api.open-meteo.com/v1/forecast"
_TIMEOUT = 6.0
_LARGEST = 1 << 18
_WET = 1.0  # mm a day from which it counts as rain
_DAYTIME = 0.35  # of the way from the day's highest to its lowest temperature


class ForecastError(EwardrobeError):
    """The forecast may not be asked for, or gave no answer; the weather can always be typed in."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The weather of a day: degrees Celsius in the daytime, whether it rains, wind in km/h."""

    on: date
    temperature: float
    rain: bool
    wind: float


def ask_forecast(
    choice: ForecastChoice, first: date, last: date, *, fetch: Callable[[str], bytes] | None = None
) -> list[Forecast]:
    """The forecast of each day from `first` to `last`, at most 16 days ahead.

    Args:
        fetch: gets an address; the network by default.

    Raises:
        ForecastError: it is not allowed, there is no network, or the answer is none.
        UsageError: no place is set.
    """
    if not choice.allowed:
        raise ForecastError("the forecast is switched off; type the weather in, or allow it first")
    if choice.latitude is None or choice.longitude is None:
        raise UsageError("say for which place: latitude and longitude")
    query = {
        "latitude": round(choice.latitude, 1),
        "longitude": round(choice.longitude, 1),
        "daily": "temperature_2m_max,temperature_2m_min,precipitation_sum,wind_speed_10m_max",
        "timezone": "auto",
        "start_date": first.isoformat(),
        "end_date": last.isoformat(),
    }
    try:
        found = _days(json.loads((fetch or _fetch)(f"{ADDRESS}?{urlencode(query)}")))
        if [item.on for item in found] != _dates(first, last):
            raise ValueError("other days than asked for")
        return found
    except urllib.error.HTTPError as error:
        raise ForecastError(f"the forecast gave no answer for these days (HTTP {error.code})") from error
    except (OSError, TimeoutError) as error:
        raise ForecastError("no forecast: there is no network; type the weather in") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ForecastError("the forecast's answer cannot be read; type the weather in") from error


def _dates(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _fetch(address: str) -> bytes:
    request = urllib.request.Request(address, headers={"User-Agent": "ewardrobe"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        return bytes(answer.read(_LARGEST))


def _days(document: dict[str, Any]) -> list[Forecast]:
    daily = document["daily"]
    columns = (
        daily["time"],
        daily["temperature_2m_max"],
        daily["temperature_2m_min"],
        daily["precipitation_sum"],
        daily["wind_speed_10m_max"],
    )
    return [
        Forecast(
            date.fromisoformat(day),
            round(float(high) - _DAYTIME * (float(high) - float(low))),
            float(wet or 0) >= _WET,
            round(float(wind or 0)),
        )
        for day, high, low, wet, wind in zip(*columns, strict=True)
    ]
