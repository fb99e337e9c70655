"""The day an outfit is for: date, occasion, weather, and what they ask of clothes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.errors import UsageError

__all__ = ["OCCASIONS", "Day"]

OCCASIONS: dict[str, tuple[float, float]] = {
    "everyday": (0.35, 0.3),
    "work": (0.65, 0.2),
    "celebration": (0.8, 0.15),
    "sport": (0.1, 0.15),
    "sleep": (0.0, 0.1),
}
"""How formal each is (0..1), and how far off that is still right; the names are those of garments' own occasions."""

_TYPICAL = {"winter": 3.0, "spring": 12.0, "summer": 23.0, "autumn": 12.0}
_YEARS = (1900, 2200)
_COLDEST, _HOTTEST = -60.0, 60.0


@dataclass(frozen=True, slots=True)
class Day:
    """A day.

    Attributes:
        on: which one.
        occasion: one of `OCCASIONS`.
        temperature: degrees Celsius in the shade; None takes what the season usually has.
        rain: whether it rains. wind: km/h.
        south: whether seasons are those of the southern hemisphere.

    Raises `UsageError` for an occasion there is not, or weather that cannot be.

    Examples:
        >>> from datetime import date
        >>> Day(date(2026, 1, 15), temperature=-2, wind=20).felt
        -8.0
    """

    on: date
    occasion: str = "everyday"
    temperature: float | None = None
    rain: bool = False
    wind: float = 0.0
    south: bool = False

    def __post_init__(self) -> None:
        if not _YEARS[0] <= self.on.year <= _YEARS[1]:
            raise UsageError(f"{self.on.isoformat()} is not a day to dress for")
        if self.occasion not in OCCASIONS:
            raise UsageError(f"there is no occasion {self.occasion!r}; occasions: {', '.join(OCCASIONS)}")
        if self.temperature is not None and not _COLDEST <= self.temperature <= _HOTTEST:
            raise UsageError(f"a temperature of {self.temperature:g} degrees Celsius cannot be")
        if not (math.isfinite(self.wind) and 0 <= self.wind <= 400):
            raise UsageError(f"a wind of {self.wind:g} km/h cannot be")

    @property
    def date_season(self) -> str:
        """The season by the calendar's months."""
        month = (self.on.month + 6 * self.south) % 12
        return ("winter", "spring", "summer", "autumn")[month // 3]

    @property
    def season(self) -> str:
        """The season to dress for: a warm day in winter is one of spring."""
        if self.temperature is None:
            return self.date_season
        if self.temperature <= 6:
            return "winter"
        if self.temperature >= 21:
            return "summer"
        return self.date_season if self.date_season in ("spring", "autumn") else "spring"

    @property
    def air(self) -> float:
        """The temperature, or what is usual for the season."""
        return _TYPICAL[self.date_season] if self.temperature is None else self.temperature

    @property
    def felt(self) -> float:
        """How cold it feels in the wind (Osczevski and Bluestein 2005), to half a degree."""
        air = self.air
        if air > 10 or self.wind < 4.8:
            return air
        power = float(self.wind**0.16)
        return round(2 * (13.12 + 0.6215 * air - 11.37 * power + 0.3965 * air * power)) / 2

    @property
    def clo(self) -> float:
        """The insulation to wear for a walk, in clo: 0.65 at 20 degrees, 1.55 at 0."""
        return min(max(1.55 - 0.045 * self.felt, 0.15), 2.2)


assert set(type_vocabulary().styles.values()) | {"sleep"} == set(OCCASIONS)
