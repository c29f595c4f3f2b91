"""OpenTelemetry: a span for each request, with the fields of its log line. Off unless beside.toml names a collector.

The framework's own spans are not used: they carry addresses and queries, in which sign-in keys may stand.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.types import Scope

from beside import __version__
from beside.core.errors import BadOption

SERVICE = "beside"
TRACES = "/v1/traces"  # where OTLP over HTTP takes spans


class Tracer(Protocol):
    """Is told of every request."""

    def __call__(self, scope: Scope, name: str, seconds: float, told: Mapping[str, Any]) -> None: ...

    def close(self) -> None: ...


class Spans:
    """Sends a span for each request to a collector, in batches and from a thread of its own, so that no request waits for it.

    Args:
        exporter: where spans go; an OpenTelemetry SpanExporter.
    """

    def __init__(self, exporter: Any) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        resource = Resource.create({"service.name": SERVICE, "service.version": __version__})
        self.provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracer = self.provider.get_tracer(SERVICE)
        self.callers = TraceContextTextMapPropagator()  # the header traceparent: a span of the caller's trace (W3C Trace Context)

    def __call__(self, scope: Scope, name: str, seconds: float, told: Mapping[str, Any]) -> None:
        """Tells of a request that just ended."""
        from opentelemetry.trace import SpanKind, StatusCode

        end = time.time_ns()
        above = self.callers.extract(Headers(scope=scope))
        attributes = {f"beside.{field}": value for field, value in told.items() if isinstance(value, str | int | float)}
        span = self.tracer.start_span(
            name, context=above, kind=SpanKind.SERVER, start_time=end - int(seconds * 1e9), attributes=attributes
        )
        if told["status"] >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(end)

    def close(self) -> None:
        """Sends what is left."""
        self.provider.shutdown()


def tracer_for(collector: str | None) -> Tracer | None:
    """What tells a collector of requests; None where none is named.

    Args:
        collector: its address, for example `http://127.0.0.1:4318` (OTLP over HTTP).

    Raises:
        BadOption: OpenTelemetry is not installed.
    """
    if collector is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return Spans(OTLPSpanExporter(endpoint=collector.rstrip("/") + TRACES))
    except ModuleNotFoundError as error:
        hint = "Run: pip install 'beside[tracing]', or take `tracing` out of beside.toml."
        raise BadOption(f"To tell a collector of requests, '{error.name}' is needed and not installed.", hint) from error
