"""What Prometheus is told: numbers by route and label, never a text."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from beside.api.app import create_app


def numbers(client: Any) -> dict[tuple[str, ...], float]:
    """Every sample: its name and the values of its labels, by the labels' names, -> its value."""
    page = client.get("/metrics")
    assert page.status_code == 200
    families = text_string_to_metric_families(page.text)
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value for sample in samples}


def test_requests_answers_and_times_are_counted(approved: Any, ask: Any) -> None:
    client = ask(create_app(approved.workspace))
    client.post("/v1/predict", json={"texts": ["where is my parcel", "where is my parcel", "cancel " * 30]})
    client.post("/v1/predict", json={})
    client.get("/v1/runs/run-toy")
    client.get("/v1/runs/nothing")
    client.get("/no/such/address")
    client.request("BREW", "/v1/runs")
    found = numbers(client)
    assert found["beside_requests_total", "POST", "/v1/predict", "200"] == 1
    assert found["beside_requests_total", "POST", "/v1/predict", "422"] == 1
    assert found["beside_requests_total", "GET", "/v1/runs/{id}", "200"] == 1
    assert found["beside_requests_total", "GET", "/v1/runs/{id}", "404"] == 1
    assert found["beside_requests_total", "GET", "none", "404"] == 1
    assert found["beside_requests_total", "other", "/v1/runs", "405"] == 1
    assert found["beside_predictions_total", "deliver", approved.release.id] == 2
    assert found["beside_predictions_total", "cancel", approved.release.id] == 1
    assert found["beside_truncated_total", approved.release.id] == 1
    assert found["beside_request_seconds_count", "POST", "/v1/predict"] == 2
    assert found[("beside_waiting",)] == 0


def test_two_applications_in_one_process_do_not_mix(approved: Any, ask: Any) -> None:
    first, second = (ask(create_app(approved.workspace)) for _ in range(2))
    first.get("/healthz")
    assert ("beside_requests_total", "GET", "/healthz", "200") in numbers(first)
    assert ("beside_requests_total", "GET", "/healthz", "200") not in numbers(second)


def test_no_text_is_told(approved: Any, ask: Any) -> None:
    client = ask(create_app(approved.workspace))
    client.post("/v1/predict", json={"text": "swordfish"})
    client.get("/v1/runs/swordfish")
    assert "swordfish" not in client.get("/metrics").text
