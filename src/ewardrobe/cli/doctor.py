"""`ewardrobe doctor`: is everything there, and does it run."""

from __future__ import annotations

from dataclasses import asdict

import typer

from ewardrobe.cli.options import Home
from ewardrobe.cli.output import AsCsv, AsJson, AsTable, print_rows

__all__ = ["doctor"]


def doctor(
    home: Home = None, as_json: AsJson = False, as_csv: AsCsv = False, as_table: AsTable = False
) -> None:
    """Show versions, providers, the model's self-test, the data folder and the extras; exits 1 if one is broken."""
    from ewardrobe.jobs.health import examine

    checks = [asdict(check) for check in examine(home)]
    print_rows(checks, as_json=as_json, as_csv=as_csv, as_table=as_table)
    if any(check["status"] == "broken" for check in checks):
        raise typer.Exit(1)
