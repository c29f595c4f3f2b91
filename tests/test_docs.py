"""The documentation says what is there: every name occurs, every link leads somewhere, every command exists."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

from beside.cli.commands import app
from beside.core import errors, registry
from beside.core.policies import POLICIES
from beside.core.recipe import Policy, Recipe
from beside.core.types import Example, Splits

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*\ssrc=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
IN_CODE = re.compile(r"(?:^ {4}|^```\w*\n|`)((?:make|beside) [^`\n]+)", re.M)

CAPABILITIES = [f"{family}:{name}" for family in registry.FAMILIES for name in registry.names(family)]
COMMANDS = sorted(get_command(app).commands)
KNOBS = sorted({*Recipe.model_fields, *Policy.model_fields})
ERRORS = sorted({one.code for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.BesideError)})


@cache
def text_of_docs() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES if page.parent != ROOT)


@cache
def code_lines() -> list[tuple[str, list[str]]]:
    """Every `make ...` and `beside ...` line shown as code, with the page it stands on."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        fenced = "\n".join(line for block in FENCE.findall(text) for line in block.splitlines()[1:-1])
        lines = [*IN_CODE.findall(text), *(line.strip() for line in fenced.splitlines())]
        words = (re.sub(r"\s+#.*|^\$ |^.venv/bin/", "", line).split() for line in lines)
        found += [(page.relative_to(ROOT).as_posix(), line) for line in words if len(line) > 1 and line[0] in ("make", "beside")]
    return found


@pytest.mark.parametrize("name", CAPABILITIES)
def test_every_capability_is_documented(name):
    assert f"`{name.split(':')[1]}`" in text_of_docs()


@pytest.mark.parametrize("name", [*KNOBS, *ERRORS, *(file.stem for file in POLICIES.glob("*.toml"))])
def test_every_knob_error_and_policy_is_documented(name):
    assert f"`{name}`" in text_of_docs() or f"### {name}\n" in text_of_docs()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name):
    assert f"beside {name}" in text_of_docs()


def test_the_reference_is_what_the_code_says():
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    now = subprocess.run([sys.executable, ROOT / "tools" / "reference.py"], capture_output=True, text=True, timeout=100, check=True)
    assert written == now.stdout, "run: make reference"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_and_picture_leads_to_a_file(page):
    for link in ("".join(both) for both in LINK.findall(page.read_text(encoding="utf-8"))):
        target = link.split("#")[0]
        assert not target or re.match(r"[a-z]+:", target) or (page.parent / target).exists(), f"{page.name} links to {link}"


def test_every_make_command_shown_is_a_target():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    shown = {(page, words[1]) for page, words in code_lines() if words[0] == "make"}
    assert shown and {one for one in shown if one[1] not in targets} == set()


def test_every_beside_command_shown_exists_with_its_options():
    shown = [(page, words) for page, words in code_lines() if words[0] == "beside" and re.match("[a-z]", words[1])]
    commands = get_command(app).commands
    for page, words in shown:
        assert words[1] in commands, f"{page}: {' '.join(words)}"
        command = commands[words[1]]
        if hasattr(command, "commands") and len(words) > 2:  # a group, like `beside keys`, that may be shown alone
            assert words[2] in command.commands, f"{page}: {' '.join(words)}"
            command = command.commands[words[2]]
        known = {"--help", *(option for parameter in command.params for option in parameter.opts)}
        used = {word.strip("[]").split("=")[0] for word in words if word.lstrip("[").startswith("--")}
        assert used <= known, f"{page}: {' '.join(words)}"
    assert shown


def test_the_chinese_readme_shows_the_same_commands():
    both = [[words for page, words in code_lines() if page == name] for name in ("README.md", "README.zh.md")]
    assert both[0] == both[1] != []


class Shouted:
    """A subject that hears nothing but capitals."""

    labels, max_length, temperature = ("calm", "loud"), 16, 1.0

    def predict(self, texts):
        return ["loud" if text.isupper() else "calm" for text in texts]


def test_the_check_that_the_documentation_shows_works(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "add-a-check.md").read_text(encoding="utf-8")
    (tmp_path / "shouting.py").write_text(re.search(r"```python\n(.*?)```", page, re.S)[1], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    check = importlib.import_module("shouting").check
    rows = [Example(id=str(place), text="where is my card", target="calm") for place in range(40)]
    found = list(check.measure(Shouted(), Splits([], [], rows), np.random.default_rng(0)))
    assert [(one.metric, one.value, one.n) for one in found] == [("flip_rate", 1.0, 40)] and found[0].low < 1
