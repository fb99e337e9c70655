"""`ewardrobe serve`: the app in a browser."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from ewardrobe.cli.options import Home
from ewardrobe.errors import EwardrobeError, UsageError

__all__ = ["serve"]


def serve(
    home: Home = None,
    host: Annotated[
        str, typer.Option(help="The address to listen on; for now only this machine's own.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any that is free.")] = 8000,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the browser, too.")] = False,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME|FILE",
            help="A model by name or file; else the one of the settings.",
        ),
    ] = None,
) -> None:
    """Open the wardrobe as an app in the browser, for this machine alone, until Ctrl-C."""
    from ewardrobe.segmentation import resolve
    from ewardrobe.web.security import LOOPBACK
    from ewardrobe.web.serving import run_server

    if host not in LOOPBACK:
        raise UsageError(
            f"cannot serve on {host}: there are no accounts yet, so only on 127.0.0.1 or localhost"
        )
    if model is not None:
        resolve(model)
    with _listen(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        address = f"http://{name}:{listener.getsockname()[1]}/"
        print(f"eWardrobe is at {address} - stop it with Ctrl-C", flush=True)
        run_server(home, listener, model=model, opened=address if open_browser else None)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise EwardrobeError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another with --port"
        ) from error
    return listener
