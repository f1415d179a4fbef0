"""Starts the BigQuery stand-in: bqemulator with its gaps closed, or as it is with ``--plain``.

    python launch.py --rest-port N --grpc-port N --project ID --location EU
                     [--host ADDRESS] [--data-dir DIR] [--plain] [--exit-with-parent]

Prints one line ``READY rest=127.0.0.1:N grpc=127.0.0.1:N`` once both servers answer; port 0 takes a free one. With ``--data-dir`` tables, committed
streams and jobs survive a restart and a kill; without it everything is in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from pathlib import Path
import signal
import sys
import threading
import time

import structlog

# bqemulator logs while it is imported, before anyone can set a level.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

from bqemulator.config import LogFormat, LogLevel, PersistenceMode, Settings  # noqa: E402


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    options = _options()
    if options.exit_with_parent:
        threading.Thread(target=_die_with, args=(os.getppid(),), daemon=True).start()
    asyncio.run(_serve(options))
    # Threads of idle connections must not delay the exit: the database is closed, nothing is left to lose.
    sys.stdout.flush()
    os._exit(0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="BigQuery stand-in")
    parser.add_argument("--rest-port", type=int, required=True)
    parser.add_argument("--grpc-port", type=int, required=True)
    parser.add_argument("--project", required=True)
    parser.add_argument("--location", required=True)
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container that others must reach")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--plain", action="store_true", help="bqemulator as it is, gaps open")
    parser.add_argument("--exit-with-parent", action="store_true")
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    settings = Settings(
        rest_host=options.host,
        rest_port=options.rest_port,
        grpc_host=options.host,
        grpc_port=options.grpc_port,
        default_project_id=options.project,
        persistence_mode=PersistenceMode.PERSISTENT if options.data_dir else PersistenceMode.EPHEMERAL,
        data_dir=options.data_dir,
        log_level=LogLevel.WARNING,
        log_format=LogFormat.CONSOLE,
    )
    server = _plain_server(settings) if options.plain else _server(settings, options.location)
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    await server.start()
    print(f"READY rest={options.host}:{server.rest_port} grpc={options.host}:{server.grpc_port}", flush=True)
    await stop.wait()
    await server.stop()


def _server(settings: Settings, location: str):  # noqa: ANN202
    from gaps.server import Server

    return Server(settings, location)


def _plain_server(settings: Settings):  # noqa: ANN202
    from bqemulator import server

    from gaps.engine import OfflineEngine

    # The one change the plain emulator needs to start at all without network.
    server.DuckDBEngine = OfflineEngine
    return server.EmulatorServer(settings)


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


if __name__ == "__main__":
    main()
