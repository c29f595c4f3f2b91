"""What is told of requests, in lines of JSON and in spans: everything but the text."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from beside.api.app import create_app
from beside.api.logs import LOGGERS, Lines, log_as_json
from beside.api.metrics import Watch
from beside.core.errors import BadOption


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where the log goes."""
    before = [(one, one.handlers, one.propagate, one.level) for one in map(logging.getLogger, LOGGERS)]
    stream = io.StringIO()
    log_as_json(stream)
    yield stream
    for one, handlers, propagate, level in before:
        one.handlers, one.propagate, one.level = handlers, propagate, level


def test_a_request_leaves_one_line_that_says_what_was_decided_and_not_on_what(approved: Any, ask: Any, lines: io.StringIO) -> None:
    client = ask(create_app(approved.workspace))
    asked = {"texts": ["swordfish parcel", "cancel " * 30]}
    answer = client.post("/v1/predict", json=asked, headers={"X-Request-Id": "shop-17"})
    client.get("/v1/runs/swordfish?key=swordfish", headers={"X-Request-Id": "swordfish\n!"})
    first, second = map(json.loads, lines.getvalue().splitlines())
    predictions = answer.json()["predictions"]
    assert answer.headers["x-request-id"] == "shop-17"
    assert first.pop("time").startswith("20") and 0 < first.pop("seconds") < 60 and 0 <= first.pop("waited") < 60
    assert first == {
        "level": "info", "logger": "beside.api.requests", "request": "shop-17", "method": "POST", "route": "/v1/predict",
        "status": 200, "release": approved.release.id, "seal": approved.release.seal, "texts": 2, "truncated": 1, "abstained": 0,
        "predictions": [one["id"] for one in predictions], "scores": [one["probability"] for one in predictions],
    }  # fmt: skip
    assert (second["route"], second["status"]) == ("/v1/runs/{id}", 404)
    assert len(second["request"]) == 16
    assert "swordfish" not in lines.getvalue()


def test_of_an_exception_the_place_is_told_and_never_the_words(lines: io.StringIO) -> None:
    try:
        raise ValueError("swordfish")
    except ValueError:
        logging.getLogger("beside.api").exception("It broke.")
    told = json.loads(lines.getvalue())
    assert (told["message"], told["exception"]) == ("It broke.", "ValueError")
    assert "test_logs.py" in told["place"][0] and "swordfish" not in json.dumps({**told, "place": []})


def test_every_record_is_one_line() -> None:
    record = logging.LogRecord("beside", logging.WARNING, "", 1, "two\nlines %s", ("退款",), None)
    assert json.loads(Lines().format(record))["message"] == "two\nlines 退款"
    assert "\n" not in Lines().format(record)


def test_a_collector_gets_a_span_without_text_in_the_trace_of_the_caller(approved: Any, ask: Any) -> None:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from beside.api.tracing import Spans

    kept = InMemorySpanExporter()
    app = create_app(approved.workspace)
    watch = next(one for one in app.user_middleware if one.cls is Watch)
    watch.kwargs["tracer"] = spans = Spans(kept)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    ask(app).post("/v1/predict?key=swordfish", json={"text": "swordfish"}, headers=headers)
    spans.provider.force_flush()
    (span,) = kept.get_finished_spans()
    assert span.name == "POST /v1/predict"
    assert f"{span.context.trace_id:032x}" == trace
    assert span.attributes["beside.release"] == approved.release.id and span.attributes["beside.status"] == 200
    assert span.end_time > span.start_time
    assert "swordfish" not in span.to_json()
    spans.close()


def test_a_collector_that_cannot_be_told_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from beside.api.tracing import tracer_for

    assert tracer_for(None) is None
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(BadOption, match="not installed"):
        tracer_for("http://127.0.0.1:4318")
