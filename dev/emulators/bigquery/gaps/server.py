"""Puts the stand-in together: bqemulator's SQL, catalog and REST routes around the parts that close its gaps."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from bqemulator.api.app import create_app
from bqemulator.api.dependencies import AppContext
from bqemulator.catalog.duckdb_repository import DuckDBCatalogRepository
from bqemulator.config import Settings
from bqemulator.domain.clock import SystemClock
from bqemulator.domain.events import EventBus
from bqemulator.jobs.upload_session_manager import UploadSessionManager
from bqemulator.observability.logging_ import configure_logging
from bqemulator.observability.metrics import MetricsRegistry
from bqemulator.row_access.policy import RowAccessPolicyManager
from bqemulator.udf.runtime import UDFRegistry
from bqemulator.versioning.materialized_views import hydrate_subscriptions
from fastapi import APIRouter, FastAPI
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
import uvicorn

from gaps.change_notes import ChangeNotes
from gaps.engine import WatchedEngine
from gaps.job_routes import job_routes
from gaps.job_store import JobStore
from gaps.patches import apply_patches
from gaps.read_service import read_service
from gaps.rest_transaction import RestTransaction
from gaps.table_bytes import TableBytes
from gaps.table_routes import table_routes
from gaps.tables import drop_expired_tables
from gaps.uploads import accept_uploads
from gaps.warehouse import Warehouse
from gaps.write_service import WriteService

_THREADS = 256
_MOST_MESSAGE_BYTES = 64 * 1024 * 1024


class Server:
    """The REST and gRPC servers of one BigQuery environment."""

    def __init__(self, settings: Settings, location: str) -> None:
        self._settings = settings
        self._location = location
        self._engine = WatchedEngine(settings)
        self._rest: uvicorn.Server | None = None
        self._rest_task: asyncio.Task[None] | None = None
        self._grpc: grpc.Server | None = None
        self.grpc_port = 0

    @property
    def rest_port(self) -> int:
        """The port on which REST is answered."""
        if self._rest is None:
            raise RuntimeError("the server was not started")
        return int(self._rest.servers[0].sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Open the database and answer on both ports."""
        configure_logging(level=self._settings.log_level, fmt=self._settings.log_format)
        await self._engine.start()
        warehouse = Warehouse(self._context(), self._engine, TableBytes(self._engine), self._location)
        apply_patches(warehouse)
        store = JobStore(self._engine.connection)
        accept_uploads(warehouse, store)
        app = create_app(warehouse.context)
        _put_first(app, job_routes(warehouse, store), table_routes(warehouse))
        self._grpc = self._start_grpc(warehouse)
        config = uvicorn.Config(
            RestTransaction(app, self._engine.writer, lambda: drop_expired_tables(warehouse)),
            host=self._settings.rest_host,
            port=self._settings.rest_port,
            log_config=None,
            access_log=False,
            lifespan="off",
            loop="none",
        )
        self._rest = uvicorn.Server(config)
        self._rest.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._rest_task = asyncio.create_task(self._rest.serve())
        while not self._rest.started:
            if self._rest_task.done():
                self._rest_task.result()
                raise RuntimeError(f"REST server did not start on port {self._settings.rest_port}")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Stop answering, then close the database."""
        if self._grpc is not None:
            await asyncio.to_thread(self._grpc.stop(grace=0.5).wait)
        if self._rest is not None and self._rest_task is not None:
            self._rest.force_exit = True
            self._rest.should_exit = True
            await asyncio.wait({self._rest_task}, timeout=2)
        await self._engine.stop()

    def _context(self) -> AppContext:
        catalog = DuckDBCatalogRepository(self._engine)
        catalog.ensure_ready()
        self._engine.writer.remember_catalog(catalog)
        clock, events = SystemClock(), EventBus()
        context = AppContext(
            settings=self._settings,
            clock=clock,
            engine=self._engine,
            catalog=catalog,
            metrics=MetricsRegistry(),
            events=events,
            udf_registry=UDFRegistry(self._settings),
            snapshots=ChangeNotes(events),
            row_access=RowAccessPolicyManager(catalog=catalog, clock=clock),
            upload_sessions=UploadSessionManager(
                staging_dir=self._settings.upload_staging_dir,
                max_bytes=self._settings.upload_max_bytes,
                ttl_seconds=self._settings.upload_session_ttl_seconds,
                clock=clock,
            ),
        )
        context.udf_registry.hydrate(catalog, self._engine)
        hydrate_subscriptions(context)
        return context

    def _start_grpc(self, warehouse: Warehouse) -> grpc.Server:
        # One thread per open call: an idle AppendRows connection must not keep others from being served.
        server = grpc.server(
            ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="storage-api"),
            options=[
                ("grpc.max_send_message_length", _MOST_MESSAGE_BYTES),
                ("grpc.max_receive_message_length", _MOST_MESSAGE_BYTES),
                ("grpc.so_reuseport", 0),
            ],
        )
        healthy = health.HealthServicer()
        healthy.set("", health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
        server.add_generic_rpc_handlers((read_service(warehouse), WriteService(warehouse).handlers()))
        address = f"{self._settings.grpc_host}:{self._settings.grpc_port}"
        self.grpc_port = server.add_insecure_port(address)
        server.start()
        return server


def _put_first(app: FastAPI, *routers: APIRouter) -> None:
    """Let these routes answer before the ones the app already has."""
    own = len(app.router.routes)
    for router in routers:
        app.include_router(router)
    app.router.routes[:] = app.router.routes[own:] + app.router.routes[:own]
