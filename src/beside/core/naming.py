"""What checks call themselves and their metrics, in English and Chinese: read from the checks, so that no list can lag behind."""

from __future__ import annotations

from functools import cache

from beside.core import registry

LANGUAGES = ("en", "zh")  # the order in which a check gives its words


@cache
def metrics() -> dict[str, tuple[str, str]]:
    """Metric -> its English and its Chinese words, of all checks together."""
    return {metric: words for check in registry.names("checks") for metric, words in registry.load("checks", check).metrics.items()}


def metric(name: str, language: str) -> str:
    """The words for a metric; a name that no check declares is shown with spaces for underscores."""
    words = metrics().get(name)
    return words[LANGUAGES.index(language)] if words else name.replace("_", " ")


def asks(check: str, language: str) -> str:
    """What a check asks, in one line; nothing for a check that this installation does not have."""
    if check not in registry.names("checks"):
        return ""
    return str(registry.load("checks", check).zh) if language == "zh" else registry.summary("checks", check)
