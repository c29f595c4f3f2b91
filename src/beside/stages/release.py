"""Run, Findings -> Release: a sealed draft bundle with the model, its card, its recipe and the evidence, for people to judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from pydantic_core import to_json

from beside.cards import dossier, typeset
from beside.cards.details import key_figures, key_leaks
from beside.cards.facts import DRAWN, Facts
from beside.core.compressing import TOLD, Compression
from beside.core.errors import BadInput, GateClosed
from beside.core.interfaces import Task
from beside.core.recipe import Policy
from beside.core.registry import load
from beside.core.statements import Statement, current, objections
from beside.core.types import Corpus, Finding, Release, Run, Skipped, Split, content_id
from beside.store.artifacts import Artifacts, rename_new
from beside.store.bundle import check_bundle, seal_of, write_bundle
from beside.store.files import files_below, storage_errors, sweep, temporary
from beside.store.memory import plain_folder
from beside.store.rows import read_rows

MODEL = "model"  # folder of the model inside a bundle
CARD = "card.html"
TRUTH_LIMIT = 1e-5  # largest difference of a probability that a reload may show
TRUTH_TEXTS = 64  # texts that the truth test asks
TABLES = ("report",)  # evidence that is printed as a table; like what is drawn, it holds no text of a row

Truth = Callable[[Path, Path, Sequence[str]], float]


def release(
    run: Run,
    corpus: Corpus,
    findings: Sequence[Finding],
    skipped: Sequence[Skipped],
    policy: Policy,
    *,
    statements: Sequence[Statement] = (),
    texts: Sequence[str],
    test_uses: int,
    artifacts: Artifacts,
    home: Path,
    truth: Truth,
    now: datetime,
    kept: Mapping[str, bytes] = MappingProxyType({}),
) -> Release:
    """Builds the bundle of a run, whole or not at all, once the model in it answered like the run that was audited.

    The release's id comes from its content: the same run, findings and policy give the same id, the same files and the same
    seal at any time. When that bundle lies there already it is checked again and stands. Only PDFs depend on more, on the fonts of
    the machine and on the version of Typst: on another machine they, and so the seal, may differ while the id stays the same. The
    manifest names both (`facts.pdf`).

    Args:
        findings: what was measured about this run.
        skipped: checks that did not apply to it.
        statements: what people wrote; the newest of each question and language goes into the bundle.
        texts: rows to ask both copies of the model; they are not kept.
        test_uses: how often the test split of the corpus was used so far; printed on the card.
        home: folder that holds the bundles.
        kept: files that lie beside the weights: what guards need to know.
        truth: (model folder, model folder, texts) -> largest difference of a probability, each loaded in a fresh process.

    Raises:
        BadInput: corpus or findings belong to another run, or there is no text to ask.
        GateClosed: the model in the bundle answers otherwise, or a statement that the policy requires was not written; nothing is
            left behind.
        Altered: an artifact, or the bundle that lies there, was changed.
        StorageFailed: the disk is full or refuses the write; nothing is left behind.
    """
    must_belong(run, corpus, findings, skipped)
    asked = list(texts[:TRUTH_TEXTS])
    if not asked:
        raise BadInput("The truth test has no text to ask.", "Give at least one row of the corpus.")
    said = current(statements)
    must_be_said(policy, said)
    name = release_id(run, corpus, findings, skipped, policy, test_uses, said)
    folder, model = home.absolute() / name, artifacts.folder(run.model)
    if folder.is_dir():
        check_bundle(folder)
        with plain_folder(folder / MODEL) as placed:
            must_answer_alike(truth(model, placed, asked))
    else:
        facts = gather(name, run, corpus, findings, skipped, policy, artifacts, test_uses, len(asked), said)
        files = {**contents(facts, findings, model), **{f"{MODEL}/{name}": content for name, content in kept.items()}}
        build(folder, files, manifest_facts(facts), lambda made: truth(model, made, asked))
    return Release(
        id=name,
        run_id=run.id,
        finding_ids=tuple(finding.id for finding in findings),
        policy=policy,
        seal=seal_of(folder),
        bundle=str(folder),
        card=str(folder / CARD),
        made_at=now,
    )


def must_belong(run: Run, corpus: Corpus, findings: Sequence[Finding], skipped: Sequence[Skipped]) -> None:
    """Does nothing when all of it is about this run.

    Raises:
        BadInput: it is not; the message says what.
    """
    if run.corpus_id != corpus.id:
        raise BadInput(f"The run '{run.id}' was trained on '{run.corpus_id}', not on '{corpus.id}'.", "Give the corpus of the run.")
    results: list[Finding | Skipped] = [*findings, *skipped]
    for one in results:
        if one.run_id != run.id:
            told = f"A result of {one.check} is about '{one.run_id}', not about '{run.id}'."
            raise BadInput(told, "Give what was found about this run.")


def must_be_said(policy: Policy, statements: Sequence[Statement]) -> None:
    """Does nothing when people wrote what the policy requires.

    Raises:
        GateClosed: they did not; the message names each question.
    """
    if against := objections(policy, {one.key for one in statements}):
        raise GateClosed(" ".join(against), "Write each: beside statement KEY TEXT, or on the page Statements; then release again.")


def release_id(
    run: Run,
    corpus: Corpus,
    findings: Sequence[Finding],
    skipped: Sequence[Skipped],
    policy: Policy,
    test_uses: int,
    statements: Sequence[Statement] = (),
) -> str:
    """The name that all of this together always gets."""
    content = {
        "run": [run.id, run.model],
        "corpus": corpus.id,
        "findings": [finding.id for finding in findings],
        "skipped": [one.model_dump() for one in skipped],
        "policy": policy.model_dump(),
        "test_uses": test_uses,
        "statements": [one.model_dump(mode="json") for one in statements],
    }
    return content_id("release", content)


def build(folder: Path, files: dict[str, bytes | Path], facts: dict[str, Any], difference: Callable[[Path], float]) -> None:
    """Writes the bundle beside its place, puts it to the truth test there, and only then gives it its name."""
    with storage_errors(f"'{folder.parent}'"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent)
    with temporary(folder.parent) as made:
        write_bundle(made, files, facts)
        with plain_folder(made / MODEL) as model:
            must_answer_alike(difference(model))
        # another process may have been quicker: the same content, so its bundle is the same
        with storage_errors(f"the bundle '{folder}'"), suppress(FileExistsError):
            rename_new(made, folder)
    check_bundle(folder)


def must_answer_alike(difference: float) -> None:
    """Does nothing when the model in the bundle answers like the run.

    Raises:
        GateClosed: it does not, or the difference is no number.
    """
    if not difference <= TRUTH_LIMIT:
        told = f"Truth test failed: the model in the bundle does not answer like the run; a probability differs by {difference:.3g}"
        raise GateClosed(f"{told} (limit {TRUTH_LIMIT:g}).", "Nothing was released. Check disk and memory, then train again.")


def gather(
    name: str,
    run: Run,
    corpus: Corpus,
    findings: Sequence[Finding],
    skipped: Sequence[Skipped],
    policy: Policy,
    artifacts: Artifacts,
    test_uses: int,
    truth_texts: int,
    statements: tuple[Statement, ...],
) -> Facts:
    """All that the card tells. Findings are judged by the limits of this policy, whatever they were measured under."""
    limits = {(line.check, line.metric): line.limit for line in policy.limits}
    evidence = {finding.evidence: artifacts.read_json(finding.evidence) for finding in findings if finding.evidence}
    return Facts(
        release_id=name,
        run=run,
        corpus=corpus,
        findings=tuple(finding.model_copy(update={"limit": limits.get((finding.check, finding.metric))}) for finding in findings),
        skipped=tuple(skipped),
        policy=policy,
        counts=label_counts(corpus, artifacts),
        report=artifacts.read_json(corpus.report) if corpus.report else None,
        evidence={id: content for id, content in evidence.items() if content.get("kind") in (*DRAWN, *TABLES)},
        test_uses=test_uses,
        truth_texts=truth_texts,
        truth_limit=TRUTH_LIMIT,
        statements=statements,
        compression=compression_of(run, artifacts),
    )


def compression_of(run: Run, artifacts: Artifacts) -> Compression | None:
    """What a compressed run tells of itself; None for one that was trained."""
    file = artifacts.read_json(run.model).get(TOLD)
    return Compression.model_validate(artifacts.read_json(file)) if file else None


def label_counts(corpus: Corpus, artifacts: Artifacts) -> dict[str, dict[str, int]]:
    """Label -> split -> rows, read row by row."""
    rows = artifacts.path(corpus.examples)
    task: Task = load("tasks", corpus.task)
    counted = {
        split: Counter(label for row in read_rows(rows, split) if row.target is not None for label in task.members(row.target))
        for split in get_args(Split)
    }
    return {label: {split: found[label] for split, found in counted.items()} for label in corpus.labels}


def contents(facts: Facts, findings: Sequence[Finding], model: Path) -> dict[str, bytes | Path]:
    """Every file of the bundle: relative name -> bytes, or a file to copy."""
    evidence = {
        "findings": [finding.model_dump(mode="json", exclude={"verdict"}) for finding in findings],
        "skipped": [one.model_dump(mode="json") for one in facts.skipped],
    }
    counts = {"rows": facts.counts, "intake": key_figures(facts.report), "leaks": key_leaks(facts.report)}
    return {
        **{f"{MODEL}/{name}": file for name, file in files_below(model).items()},
        **dossier.render(facts),
        **dossier.pdfs(facts),
        "statements.json": as_json([one.model_dump(mode="json") for one in facts.statements]),
        "recipe.toml": facts.run.recipe.as_toml("# The recipe of this model, every knob as trained.").encode(),
        "run.json": as_json(facts.run.model_dump(mode="json")),
        "findings.json": as_json(evidence),
        "corpus.json": as_json({**facts.corpus.model_dump(mode="json"), **counts}),
    }


def manifest_facts(facts: Facts) -> dict[str, Any]:
    """What a bundle says of itself: names, policy, and how it was put to the truth test."""
    return {
        "release": facts.release_id,
        "run": facts.run.id,
        "corpus": facts.corpus.id,
        "findings": [finding.id for finding in facts.findings],
        "policy": facts.policy.model_dump(mode="json"),
        "pdf": typeset.printer(),
        "truth_test": {"texts": facts.truth_texts, "limit": facts.truth_limit, "unit": "probability"},
    }


def as_json(content: Any) -> bytes:
    """Plain data as a file that a person can read as well."""
    return to_json(content, indent=2, inf_nan_mode="strings") + b"\n"
