"""What every request must pass: the right host, the same origin, a token, a body of bearable size.

There is no account yet, so the server listens on the loopback interface only. What is left to fear there is another
web page in the same browser, and these checks are against it: a foreign name that resolves to 127.0.0.1 (DNS
rebinding), requests sent from a foreign page, and pictures of ours embedded in one.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = [
    "LIVE_PROTOCOL",
    "LOOPBACK",
    "MAX_BACKUP",
    "MAX_BODY",
    "MAX_UPLOAD",
    "STALE_PAGE",
    "TOKEN_HEADER",
    "TOKEN_PROTOCOL",
    "BodyLimit",
    "Guard",
    "host_name",
]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The names under which the app answers."""

TOKEN_HEADER = "x-csrf-token"
LIVE_PROTOCOL = "ewardrobe.live"
TOKEN_PROTOCOL = "csrf."
"""Browsers let a page set no headers of a socket: the token comes as one of its subprotocols, after this."""

STALE_PAGE = 4403
"""The code with which a socket is closed whose page holds another server's token."""

MAX_BODY = 1 << 20
MAX_UPLOAD = 64 << 20
"""Bytes of a photo that is sent; the form around it may add a little."""
MAX_BACKUP = 256 << 30
"""Bytes of a backup: what a disk holds is what bounds it."""

_STALE = "this page is from before the server was started; load it again"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_ROOM = 64 << 10
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self';"
        " manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def host_name(host: str) -> str:
    """The name in a Host header, without its port and brackets; empty for what is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class Guard:
    """ASGI middleware: refuses what does not come from our own pages or a plain HTTP client, and sets the headers.

    A request that shows itself as a browser's (`Origin`, `Sec-Fetch-Site`) must be of the same origin and, where it
    changes something, carry the token that our pages hold. A program such as curl sends neither, and needs none.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: frozenset[str] = LOOPBACK) -> None:
        self._app = app
        self._token = token
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or hand it on."""
        if scope["type"] == "websocket":
            await self._answer_socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "private, no-cache")
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
            return
        status, line = refusal
        await JSONResponse({"detail": line}, status)(scope, receive, send_with_headers)

    async def _answer_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A socket is held to what a request that changes something is: host, origin and, from a browser, the token."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], "")
        foreign = origin is not None and origin != f"{scheme}://{host}"
        if host_name(host) not in self._hosts or foreign:
            await send({"type": "websocket.close"})  # before it is accepted: 403
            return
        offered = scope.get("subprotocols", ())
        token = TOKEN_PROTOCOL + self._token
        if origin is None or any(secrets.compare_digest(item.encode(), token.encode()) for item in offered):
            await self._app(scope, receive, send)
            return
        # A page is told the reason only of a socket that was open.
        chosen = LIVE_PROTOCOL if LIVE_PROTOCOL in offered else None
        await send({"type": "websocket.accept", "subprotocol": chosen})
        await send({"type": "websocket.close", "code": STALE_PAGE, "reason": _STALE})

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host_name(host) not in self._hosts:
            return 400, "this server answers only under the name that it was started with"
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if origin is not None and origin != f"{scope['scheme']}://{host}":
            return 403, "requests from other pages are refused"
        safe = scope["method"] in _SAFE_METHODS
        if site not in (None, "same-origin", "none"):
            # A link from elsewhere may open a page; nothing else may come from elsewhere.
            opens = safe and headers.get("sec-fetch-mode") == "navigate"
            if not (opens and headers.get("sec-fetch-dest") == "document"):
                return 403, "requests from other pages are refused"
        if safe or (site is None and origin is None):
            return None
        if not secrets.compare_digest(headers.get(TOKEN_HEADER, "").encode(), self._token.encode()):
            return 403, _STALE
        return None


class BodyLimit:
    """ASGI middleware: a body larger than its route may have is refused before it is read, or where it gets so."""

    def __init__(self, app: ASGIApp, *, uploads: frozenset[str], backups: frozenset[str]) -> None:
        self._app = app
        self._uploads = uploads
        self._backups = backups

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        form = scope["path"] in self._uploads | self._backups
        most = MAX_BODY
        if form:
            most = MAX_UPLOAD if scope["path"] in self._uploads else MAX_BACKUP
        limit = most + _FORM_ROOM if form else most
        line = f"that is more than {most >> 20} MiB"
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            await JSONResponse({"detail": line}, 413)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > limit:
                    raise HTTPException(413, line)
            return message

        await self._app(scope, counted, send)
