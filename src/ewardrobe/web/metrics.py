"""What the server did, in numbers, for Prometheus: `GET /metrics`.

Requests are counted by the route that answered them, such as `/api/v1/garments/{garment_id}`: no address that a person
asked for, and no name or number of a garment, is among the labels.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ewardrobe.web.api import API_PREFIX

__all__ = ["CountRequests", "Metrics"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class Metrics:
    """The numbers of one server.

    Args:
        waiting: how many photos are on their way into the wardrobe; asked for each time that the numbers are read.
    """

    def __init__(self, waiting: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route")
        self.requests = Counter(
            "ewardrobe_http_requests", "Requests answered.", (*labels, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "ewardrobe_http_request_seconds",
            "Seconds from a request's first byte to its answer's last.",
            labels,
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.running = Gauge("ewardrobe_http_requests_running", "Being answered.", registry=self.registry)
        photos = Gauge("ewardrobe_photos_waiting", "On their way into the wardrobe.", registry=self.registry)
        photos.set_function(waiting)
        ProcessCollector(registry=self.registry)

    def answer(self, _: Request) -> Response:
        """The numbers in Prometheus's text format."""
        return Response(generate_latest(self.registry), headers={"content-type": CONTENT_TYPE_LATEST})


class CountRequests:
    """ASGI middleware: counts what is answered, refusals too."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on and count its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with self._metrics.running.track_inprogress():
                await self._app(scope, receive, watched)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = _route(scope)
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(method, route).observe(time.perf_counter() - started)


def _route(scope: Scope) -> str:
    path, asked = getattr(scope.get("route"), "path", None), scope["path"]
    if path is None:
        return "/static" if asked.startswith("/static/") else "none"
    # Releases of FastAPI differ in whether a route of an included router knows its prefix.
    return (
        API_PREFIX + path if asked.startswith(API_PREFIX) and not path.startswith(API_PREFIX) else str(path)
    )
