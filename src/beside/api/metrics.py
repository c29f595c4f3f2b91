"""What Prometheus may know: requests, times, answers per label, how many wait. No text, no person."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beside.api.tracing import Tracer
from beside.api.visits import REQUEST_ID, Visit, visiting
from beside.core.drift import Look
from beside.core.types import Prediction
from beside.engine.batching import Pass

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)  # texts
NEWEST: Any = "mostrecent"  # of several workers the one that told last
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # of the environment: folder in which workers count together; read when this is loaded
OTHER_FORM = "(other form)"
log = logging.getLogger("beside.api.requests")


class Metrics:
    """The numbers of one application; each application has its own, so that two in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        home = self.registry
        self.requests = Counter("beside_requests", "Requests answered.", ["method", "route", "status"], registry=home)
        self.seconds = Histogram(
            "beside_request_seconds", "Time to the whole answer.", ["method", "route"], buckets=BUCKETS, registry=home
        )
        self.predictions = Counter("beside_predictions", "Answers given.", ["release", "label"], registry=home)
        self.truncated = Counter("beside_truncated", "Texts longer than the model reads.", ["release"], registry=home)
        self.handed_over = Counter("beside_handed_over", "Answers that a person should give instead.", ["release"], registry=home)
        self.flagged = Counter("beside_flagged", "What guards noticed.", ["guard", "action"], registry=home)
        about = ["release", "aspect"]
        self.drift_p = Gauge(
            "beside_drift_p", "Chance alone would differ as far, at the last look.", about, registry=home, multiprocess_mode=NEWEST
        )
        self.drift_alarm = Gauge(
            "beside_drift_alarm", "Whether the last look raised an alarm: 1 or 0.", about, registry=home, multiprocess_mode=NEWEST
        )
        self.accuracy = Gauge(
            "beside_estimated_accuracy",
            "Without labels, last look.",
            ["release", "method"],
            registry=home,
            multiprocess_mode=NEWEST,
        )
        self.looked = Gauge(
            "beside_drift_look_seconds", "When the last look for drift was.", ["release"], registry=home, multiprocess_mode=NEWEST
        )
        self.waiting = Gauge(
            "beside_waiting",
            "Requests that wait for a model or are being answered by it.",
            registry=home,
            multiprocess_mode="livesum",
        )
        self.refused = Counter("beside_refused", "Requests refused or given up for want of room or time.", ["code"], registry=home)
        self.together = Histogram("beside_pass_texts", "Texts read in one forward pass.", buckets=SIZES, registry=home)
        self.passes = Histogram("beside_pass_seconds", "Seconds of one forward pass.", buckets=BUCKETS, registry=home)
        self.read = Counter("beside_tokens", "Tokens read.", registry=home)
        self.waits = Histogram("beside_wait_seconds", "Seconds until a request is read.", buckets=BUCKETS, registry=home)

    def predicted(self, predictions: Iterable[Prediction]) -> None:
        """Counts answers by label."""
        for prediction in predictions:
            # an answer of another form, a number or spans of a text, is no label: each would be a series of its own
            label = prediction.label if prediction.label in prediction.probabilities else OTHER_FORM
            self.predictions.labels(prediction.release_id, label).inc()
            if prediction.truncated:
                self.truncated.labels(prediction.release_id).inc()
            if prediction.abstained:
                self.handed_over.labels(prediction.release_id).inc()
            for flag in prediction.flags:
                self.flagged.labels(flag.guard, flag.action).inc()

    def drifted(self, looks: Iterable[Look]) -> None:
        """Takes over what the last look at each release found."""
        for look in looks:
            self.looked.labels(look.release_id).set(look.at.timestamp())
            for one in look.shifts:
                self.drift_p.labels(look.release_id, one.aspect).set(one.p)
                self.drift_alarm.labels(look.release_id, one.aspect).set(one.alarm)
            for estimate in look.accuracy:
                self.accuracy.labels(look.release_id, estimate.method).set(estimate.value)

    def passed(self, one: Pass) -> None:
        """Counts a forward pass."""
        self.together.observe(one.texts)
        self.passes.observe(one.seconds)
        self.read.inc(one.tokens)
        for seconds in one.waited:
            self.waits.observe(seconds)

    def page(self) -> Response:
        """Everything in Prometheus' text format, of all workers together where there are several."""
        registry = self.registry
        if SHARED in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def forget_worker(number: int) -> None:
    """Takes a worker that ended out of what is counted at the moment; what it did in its life stays counted."""
    if SHARED in os.environ:
        multiprocess.mark_process_dead(number)


class Watch:
    """Counts and times every request, and writes one log line for it: route, status, seconds; no address, query or header."""

    def __init__(self, app: ASGIApp, metrics: Metrics, tracer: Tracer | None = None) -> None:
        self.app = app
        self.metrics, self.tracer = metrics, tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status, endless = time.perf_counter(), 500, False
        visit = Visit.of(scope, receive)
        visiting.set(visit)

        async def noted(message: Message) -> None:
            nonlocal status, endless
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = visit.id
                endless = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            seconds = time.perf_counter() - began
            self.tell(scope, visit, status, seconds, endless)

    def tell(self, scope: Scope, visit: Visit, status: int, seconds: float, endless: bool) -> None:
        """Notes a request that has ended, in numbers, in the log and in a trace."""
        method, route = scope["method"] if scope["method"] in METHODS else "other", route_of(scope)
        self.metrics.requests.labels(method, route, str(status)).inc()
        if not endless:  # how long somebody watches says nothing about the server
            self.metrics.seconds.labels(method, route).observe(seconds)
        happened = {"method": method, "route": route, "status": status, "seconds": round(seconds, 4)}
        told = {"request": visit.id, **happened, **visit.told}
        log.info("%s %s %s %.3f s", method, route, status, seconds, extra={"told": told})
        if self.tracer is not None:
            self.tracer(scope, f"{method} {route}", seconds, told)


def route_of(scope: Scope) -> str:
    """The pattern of the address, such as /v1/runs/{id}: addresses themselves would make a number for each."""
    route = scope.get("route")
    return getattr(route, "path_format", None) or getattr(route, "path", None) or "none"
