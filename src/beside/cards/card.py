"""Facts -> the card: Markdown and HTML, English and Chinese, and its pictures. Same facts, same bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from beside.cards.details import deciding, figures, knobs, label_rows, split_sums, training
from beside.cards.facts import Facts
from beside.cards.findings import audited, groups, headlines, tally, unmeasured
from beside.cards.header import header
from beside.cards.labels import by_label
from beside.cards.numbers import count
from beside.cards.pictures import pictures
from beside.cards.words import LANGUAGES, Words
from beside.core.types import FEWEST_ROWS, SPLITS

HERE = Path(__file__).parent
MARKED = re.compile(r"([\\`*_\[\]|#~])")  # what Markdown would read as markup
COMMANDS = """jq -r '.files | to_entries[] | "\\(.value)  \\(.key)"' manifest.json | sha256sum --check --quiet
sha256sum manifest.json"""


def render(facts: Facts) -> dict[str, bytes]:
    """Every file of the card: `card.md`, `card.html`, `card.zh.md`, `card.zh.html`, `pictures/*.svg`."""
    files: dict[str, bytes] = {}
    for language in LANGUAGES:
        content = contents(facts, Words(language))
        files[name_of(language, "html")] = page.get_template("card.html.j2").render(content).encode()
        markdown = plain.get_template("card.md.j2").render(content)
        files[name_of(language, "md")] = (header(facts) + re.sub(r"\n{3,}", "\n\n", markdown)).encode()
        files |= {picture.file: picture.svg.encode() for picture in content["pictures"]}
    return files


def contents(facts: Facts, words: Words) -> dict[str, Any]:
    """What the templates print; every number is already text."""
    other = Words(LANGUAGES[1 - LANGUAGES.index(words.language)])
    return {
        "w": words,
        "facts": facts,
        "colon": Markup(words("colon")),
        "stop": Markup(words("stop")),
        "css": Markup((HERE / "card.css").read_text(encoding="utf-8")),
        "other": name_of(other.language, "html"),
        "other_tag": other("tag"),
        "lead": lead(facts, words),
        "identity": identity(facts, words),
        "headlines": headlines(facts, words),
        "groups": groups(facts, words),
        "tally": tally(facts, words),
        "limits": len(facts.policy.limits),
        "fewest": FEWEST_ROWS,
        "unmeasured": unmeasured(facts, words),
        "pictures": pictures(facts, words),
        "by_label": by_label(facts, words),
        "splits": [*(words(split) for split in SPLITS), words("total")],
        "labels": label_rows(facts),
        "sums": split_sums(facts),
        "figures": figures(facts.report, words),
        "training": training(facts, words),
        "knobs": knobs(facts.run.recipe, words),
        "deciding": deciding(facts, words),
        "truth": words("verify_4", n=facts.truth_texts, limit=f"{facts.truth_limit:g}"),
        "commands": COMMANDS,
        "commands_plain": Markup(COMMANDS),
    }


def lead(facts: Facts, words: Words) -> str:
    """The first sentence: what this model is."""
    recipe, corpus = facts.run.recipe, facts.corpus
    sizes = {"labels": count(len(corpus.labels)), "rows": count(corpus.splits.get("train", 0))}
    return words("lead", task=words.name("tasks", corpus.task), base=recipe.base, method=recipe.method, **sizes)


def identity(facts: Facts, words: Words) -> list[tuple[str, str]]:
    """Names and days by which this release can be found again."""
    run, corpus = facts.run, facts.corpus
    return [
        (words("release"), facts.release_id),
        (words("run"), run.id),
        (words("corpus"), f"{corpus.name} · {corpus.id}"),
        *([(words("parent_corpus"), corpus.parent)] if corpus.parent else []),
        (words("trained_on"), run.made_at.date().isoformat()),
        (words("audited_on"), audited(facts.findings) or words("not_measured")),
        (words("purpose"), words.sentence(facts.policy.purpose) or words("purpose_unknown")),
        (words("license"), words("license_unknown")),
    ]


def name_of(language: str, ending: str) -> str:
    """`card.html`, `card.zh.html`: English is the edition without a mark."""
    return f"card.{ending}" if language == "en" else f"card.{language}.{ending}"


def marked(value: Any) -> Any:
    """A value as Markdown that shows it letter by letter, also inside a table."""
    if isinstance(value, Markup):
        return value
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MARKED.sub(r"\\\1", " ".join(text.split()))


def environment(**options: Any) -> Environment:
    """Templates of this folder; a name that is missing is an error, not an empty string."""
    made = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **options)
    made.filters["zip"] = zip
    return made


page = environment(autoescape=True)
plain = environment(autoescape=False, finalize=marked)
