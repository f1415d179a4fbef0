"""Turns plain functions over raw messages into gRPC method handlers, and refusals into status codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bqemulator.domain.errors import DomainError
import grpc

from gaps.storage_protos import RpcRefused


def unary(request: Any, call: Callable[[Any], Any]) -> grpc.RpcMethodHandler:
    """Wrap a request → response function."""

    def handle(message: Any, context: grpc.ServicerContext) -> Any:
        try:
            return call(message)
        except (RpcRefused, DomainError) as error:
            _end(context, error)

    return grpc.unary_unary_rpc_method_handler(handle, request.FromString, _serialize)


def server_stream(request: Any, call: Callable[[Any, grpc.ServicerContext], Iterator[Any]]) -> grpc.RpcMethodHandler:
    """Wrap a request → stream of responses function."""

    def handle(message: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            yield from call(message, context)
        except (RpcRefused, DomainError) as error:
            _end(context, error)

    return grpc.unary_stream_rpc_method_handler(handle, request.FromString, _serialize)


def both_stream(request: Any, call: Callable[[Iterator[Any]], Iterator[Any]]) -> grpc.RpcMethodHandler:
    """Wrap a stream of requests → stream of responses function."""

    def handle(messages: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            yield from call(messages)
        except (RpcRefused, DomainError) as error:
            _end(context, error)

    return grpc.stream_stream_rpc_method_handler(handle, request.FromString, _serialize)


def _serialize(message: Any) -> bytes:
    return message.SerializeToString()


def _end(context: grpc.ServicerContext, error: RpcRefused | DomainError) -> None:
    code = error.code if isinstance(error, RpcRefused) else grpc.StatusCode[error.grpc_status_name]
    context.abort(code, str(error))
