"""The YAML header of the Markdown card, as the Hugging Face Hub reads it."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

import yaml

from beside.cards.facts import Facts
from beside.core.registry import load
from beside.core.types import Finding

EMBEDDED = "sentence-transformers/all-MiniLM-L6-v2"  # what the base `embedded` is
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
SHARE_OF_LANGUAGE = 0.1
CODES = {  # ISO 639, for the names that the intake gives
    "Chinese": "zh",
    "Japanese": "ja",
    "Korean": "ko",
    "Greek": "el",
    "Hebrew": "he",
    "Thai": "th",
    "English": "en",
    "French": "fr",
    "German": "de",
    "Spanish": "es",
    "Italian": "it",
    "Portuguese": "pt",
    "Dutch": "nl",
}


def header(facts: Facts) -> str:
    """YAML between two lines of dashes: language, licence, tags and a model-index with every finding, its interval and n."""
    recipe, task = facts.run.recipe, str(load("tasks", facts.corpus.task).pipeline)
    base = EMBEDDED if recipe.base == "embedded" else recipe.base if HUB_ID.fullmatch(recipe.base) else None
    graph = facts.compression is not None and not facts.compression.chosen.startswith("torch")
    stored = "onnx" if graph else "safetensors"
    content = {
        "language": languages(facts.report),
        "license": "unknown",
        "library_name": "beside",
        "pipeline_tag": task,
        **({"base_model": base} if base else {}),
        "tags": ["beside", task, stored, str(recipe.method)],
        "metrics": sorted({finding.metric for finding in facts.findings}),
        "model-index": [{"name": facts.release_id, "results": [result(facts, task)]}] if facts.findings else [],
    }
    return "---\n" + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120) + "---\n"


def languages(report: dict[str, Any] | None) -> list[str]:
    """The languages that the intake found in a tenth of the rows or more; `und`, undetermined (ISO 639), when it could not tell."""
    found: dict[str, int] = (report or {}).get("languages", {})
    enough = [name for name, rows in found.items() if rows >= SHARE_OF_LANGUAGE * sum(found.values())]
    return sorted(CODES[name] for name in enough if name in CODES) or ["und"]


def result(facts: Facts, task: str) -> dict[str, Any]:
    """All findings on the test split of the corpus."""
    return {
        "task": {"type": task},
        "dataset": {"type": "private", "name": facts.corpus.name, "config": facts.corpus.id, "split": "test"},
        "metrics": [metric(finding) for finding in facts.findings],
    }


def metric(finding: Finding) -> dict[str, Any]:
    """One finding; a bound that is not there is null."""
    low, high = (bound if isfinite(bound) else None for bound in (finding.low, finding.high))
    return {
        "type": finding.metric,
        "name": f"{finding.check}: {finding.metric}",
        "value": finding.value,
        "args": {"low_95": low, "high_95": high, "n": finding.n, "unit": finding.unit, "better": finding.better},
    }
