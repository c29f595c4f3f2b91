"""What Prometheus may know: requests, times, answers per label, how many wait. No text, no person."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beside.core.drift import Look
from beside.core.types import Prediction

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # seconds
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
        self.drift_p = Gauge("beside_drift_p", "Chance alone would differ as far, at the last look.", about, registry=home)
        self.drift_alarm = Gauge("beside_drift_alarm", "Whether the last look raised an alarm: 1 or 0.", about, registry=home)
        self.accuracy = Gauge("beside_estimated_accuracy", "Without labels, last look.", ["release", "method"], registry=home)
        self.looked = Gauge("beside_drift_look_seconds", "When the last look for drift was.", ["release"], registry=home)
        self.waiting = Gauge("beside_waiting", "Requests that wait for a model or are being answered by it.", registry=home)

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

    def page(self) -> Response:
        """Everything in Prometheus' text format."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)


class Watch:
    """Counts and times every request, and writes one log line for it: route, status, seconds; no address, query or header."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status, endless = time.perf_counter(), 500, False

        async def noted(message: Message) -> None:
            nonlocal status, endless
            if message["type"] == "http.response.start":
                status = message["status"]
                endless = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            seconds = time.perf_counter() - began
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = route_of(scope)
            self.metrics.requests.labels(method, route, str(status)).inc()
            if not endless:  # how long somebody watches says nothing about the server
                self.metrics.seconds.labels(method, route).observe(seconds)
            log.info("%s %s %s %.3f s", method, route, status, seconds)


def route_of(scope: Scope) -> str:
    """The pattern of the address, such as /v1/runs/{id}: addresses themselves would make a number for each."""
    route = scope.get("route")
    return getattr(route, "path_format", None) or getattr(route, "path", None) or "none"
