"""The server process: Uvicorn on a socket that is bound already."""

from __future__ import annotations

import contextlib
import socket
import webbrowser
from pathlib import Path

import uvicorn

from ewardrobe.web.app import create_app
from ewardrobe.web.live.frames import MAX_FRAME

__all__ = ["Server", "make_server", "run_server"]


class Server(uvicorn.Server):
    """Uvicorn's server, which opens a browser once it answers."""

    opened: str | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then show the page."""
        await super().startup(sockets)
        if self.opened and self.started:
            webbrowser.open(self.opened)


def make_server(home: Path | None, *, model: str | None = None) -> Server:
    """A server for the wardrobe at `home`, not running yet; `StoreError` when it cannot be opened."""
    app = create_app(home, model=model)
    # Every address and photo name that a log line would hold is the owner's own business.
    return Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            ws_max_size=MAX_FRAME,
            ws_per_message_deflate=False,  # a JPEG file gets no smaller, and a mask is small
        )
    )


def run_server(
    home: Path | None, listener: socket.socket, *, model: str | None = None, opened: str | None = None
) -> None:
    """Serve until Ctrl-C; `opened` is an address to show in the browser."""
    server = make_server(home, model=model)
    server.opened = opened
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
