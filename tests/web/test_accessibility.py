"""axe-core on every page of the app, light and dark, narrow and wide: nothing serious, and nothing beside the screen.

The pages are taken from the routers, so that a new one is looked at without being named here.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pkgutil import iter_modules
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse

from ewardrobe.web import pages
from tests.web.conftest import Served
from tests.web.test_pages import CHROMIUM, Watched

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
axe_playwright = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="needs the package axe-playwright-python"
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

SERIOUS = ("serious", "critical")
ALSO = ("/?type=shirt", "/?text=nothing", "/nothing", "/garments/5")
"""Other states of pages, and the page that says what went wrong."""


def page_paths() -> list[str]:
    """The paths of all pages, with their parameters in braces."""
    modules = [
        importlib.import_module(f"{pages.__name__}.{item.name}") for item in iter_modules(pages.__path__)
    ]
    routes = [route for module in modules if hasattr(module, "router") for route in module.router.routes]
    return sorted(
        {
            route.path
            for route in routes
            if isinstance(route, APIRoute) and route.response_class is HTMLResponse
        }
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def violations(page: Any) -> list[str]:
    """What axe finds serious or critical, a line each."""
    found = axe_playwright.Axe().run(page).response["violations"]
    return [
        f"{page.url}: {item['impact']}: {item['help']}: {node['html'][:160]} {node['target']}"
        for item in found
        if item["impact"] in SERIOUS
        for node in item["nodes"][:3]
    ]


def furnish(served: Served) -> None:
    """What pages of single things need, beyond `conftest.fill`: an outfit."""
    served.client.post("/api/v1/outfits", json={"name": "Monday", "garments": [1, 2]}).raise_for_status()


def address_of(served: Served, path: str) -> str | None:
    """An address of the page that exists in the wardrobe of the tests; None when there is none."""
    for number in range(1, 6):
        address = re.sub(r"\{[^}]*\}", str(number), path)
        if served.client.get(address).status_code == 200:
            return address
    return None


def test_the_pages_are_found() -> None:
    assert {"/", "/add", "/live", "/statistics", "/api", "/offline", "/garments/{garment_id}"} <= set(
        page_paths()
    )


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_nothing_serious_on_any_page(browser: Any, served: Served, width: int, scheme: str) -> None:
    furnish(served)
    tab = Watched(browser, served.url, viewport={"width": width, "height": 800}, color_scheme=scheme)
    found, addresses = list[str](), list[str]()
    for path in page_paths():
        address = address_of(served, path)
        assert address is not None, f"{path}: nothing in the tests' wardrobe has such a page: see `furnish`"
        addresses.append(address)
    for address in (*addresses, *ALSO):
        tab.page.goto(address)
        found += violations(tab.page)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, address
    tab.context.close()
    assert found == []
