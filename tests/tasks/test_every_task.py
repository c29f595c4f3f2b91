"""What every task promises, whatever it asks of a model; each is trained on the worked example at the top of its own file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from beside.core import registry
from beside.core.pairs import joined
from beside.core.ranking import judged
from beside.core.recipe import Recipe
from beside.engine.model import Model, drop_unused
from beside.engine.rows import collate
from beside.engine.tokens import Tokens, train_tokenizer
from beside.tasks._task import Base

TASKS = registry.names("tasks")
SCORED = [name for name in TASKS if not registry.load("tasks", name).writes]  # a head gives logits; the others write


@pytest.fixture(params=SCORED)
def task(request: pytest.FixtureRequest) -> Any:
    """The task; one that ranks with the model that has a head, for the other compares vectors."""
    return registry.load("tasks", request.param).configured(Recipe(ranker="cross-encoder"))


class Worked:
    """The worked example of a task as intake hands it on: texts, targets, labels, and the task that has seen them."""

    def __init__(self, task: Any) -> None:
        rows = [row for row in task.example if row.keys() >= {"text", "label"}]
        book = task.book()
        numbers = [book.read(row["label"], row["text"], row["text"]) for row in rows]
        self.texts = [joined(row["text"], row.get("pair")) for row in rows]
        self.targets = [book.names()[number] for number in numbers]
        self.labels = task.labels(self.targets)
        self.task = task.ready(self.targets, self.labels)
        self.tokens = Tokens(train_tokenizer([text.replace("\x1f", " ") for text in self.texts] * 3), 32)
        self.read = self.tokens.read(self.texts) if task.per_token else []
        self.encoded = self.task.encode(self.targets, self.labels, self.read)
        longest = (max(len(one.spans) for one in self.read),) if self.read else ()
        self.shape = (len(rows), *longest, task.outputs(self.labels))

    def scored(self) -> tuple[list[str], list[str], list[str]]:
        """Right answers, wrong ones, and what both are held against; of a task that ranks, places and grades query by query."""
        if not self.task.ranks:
            half = len(self.targets) // 2
            return self.targets, self.targets[half:] + self.targets[:half], self.targets
        data = judged(self.texts, self.targets, map(str, range(20)))
        right = [" ".join(str(place) for place in range(1, len(known) + 1)) for known in data.relevant]
        return right, [str(place) for place in range(2, len(right) + 2)], data.grades()

    def learned(self) -> np.ndarray:
        """Scores that gradient steps bring to the right answers, without a model."""
        logits = torch.zeros(self.shape, requires_grad=True)
        for _ in range(60):
            (gradient,) = torch.autograd.grad(self.task.loss(logits, self.encoded, None, 0.0), logits)
            logits = (logits - gradient * logits[..., 0].numel() / 2).detach().requires_grad_()
        found: np.ndarray = logits.detach().numpy()
        return found


@pytest.fixture
def worked(task: Any) -> Worked:
    return Worked(task)


@pytest.mark.parametrize("name", TASKS)
def test_it_says_in_one_line_what_it_is(name: str) -> None:
    assert 10 < len(registry.summary("tasks", name)) < 140


def test_it_opens_with_a_worked_example_and_says_what_its_scores_mean(task: Any) -> None:
    assert isinstance(task, Base) and 9 <= len(task.example) <= 60
    assert (task.pairs == "must") <= all("pair" in row for row in task.example)
    for words in task.metrics.values():
        assert words.english.isascii() and not words.chinese.isascii() and words.better in ("higher", "lower")
    assert next(iter(task.metrics.values())).better == "higher"


def test_it_has_one_target_a_row_and_the_labels_do_not_depend_on_the_order_of_rows(task: Any, worked: Worked) -> None:
    assert len(worked.encoded) == len(worked.targets)
    assert task.labels(reversed(worked.targets)) == worked.labels == tuple(dict.fromkeys(worked.labels))
    assert {label for target in worked.targets for label in task.members(target)} >= set(worked.labels)


def test_the_right_answer_encoded_and_learned_decodes_to_itself(worked: Worked) -> None:
    answers = worked.task.decode(worked.learned(), worked.labels, worked.read)
    assert answers == worked.targets
    assert [worked.task.checked(answer, worked.labels) for answer in answers] == answers


def test_a_served_answer_is_the_decoded_one_with_probabilities(worked: Worked) -> None:
    logits = worked.learned()
    said = worked.task.answers(logits, 1.0, worked.labels, worked.read)
    assert [one.label for one in said] == worked.task.decode(logits, worked.labels, worked.read)
    for one in said:
        assert 0 <= one.probability <= 1 and all(0 <= share <= 1 for share in one.probabilities.values())
        json.dumps(one.answer)
    if worked.task.single:
        assert all(sum(one.probabilities.values()) == pytest.approx(1) for one in said)


def test_right_answers_score_best_and_the_main_score_comes_first(worked: Worked) -> None:
    right, wrong, targets = worked.scored()
    best, worst = (worked.task.score(answers, targets, worked.labels) for answers in (right, wrong))
    assert list(best) == list(worst) == list(worked.task.metrics)
    for name, words in worked.task.metrics.items():
        assert (best[name] > worst[name]) if words.better == "higher" else (best[name] < worst[name])
        assert best[name] == (1 if words.better == "higher" else 0)
        assert words.lowest <= worst[name] <= words.highest
    assert worked.task.report(right, targets)


def test_the_scores_of_some_rows_are_those_of_these_rows_alone(worked: Worked) -> None:
    rows = np.array([0, 2, 2, 5, 7, 8])
    _, answers, targets = worked.scored()
    quick = worked.task.scorer(answers, targets, worked.labels)(rows)
    alone = worked.task.score([answers[row] for row in rows], [targets[row] for row in rows], worked.labels)
    assert quick == pytest.approx(alone)


def test_the_floor_is_an_answer_and_worse_than_being_right(worked: Worked) -> None:
    floor = worked.task.floor(worked.targets, worked.labels)
    assert worked.task.checked(floor, worked.labels) == floor
    if worked.task.ranks:
        return  # an order has floors of its own: tests/checks/test_report_of_ranking.py
    main = next(iter(worked.task.metrics))
    assert worked.task.score([floor] * len(worked.targets), worked.targets, worked.labels)[main] < 1


def test_what_it_found_in_the_rows_survives_being_written(worked: Worked) -> None:
    logits = worked.learned()
    tuned = worked.task.tuned(logits, worked.targets, worked.labels)

    again = type(tuned)().restored(json.loads(json.dumps(tuned.settings())))
    assert again.decode(logits, worked.labels, worked.read) == tuned.decode(logits, worked.labels, worked.read)


def test_ten_steps_on_its_worked_example_lower_the_loss(worked: Worked) -> None:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    encoder = BertModel(BertConfig(vocab_size=worked.tokens.tokenizer.get_vocab_size(), max_position_embeddings=32, **size))
    drop_unused(encoder)
    model = Model(encoder, worked.shape[-1], "mean").eval()
    model.per_token = worked.task.per_token
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-2)
    batch = collate(worked.tokens.encode(worked.texts), worked.tokens.pad_id)
    losses = []
    for _ in range(16):
        loss = worked.task.loss(model(*batch), worked.encoded, None, 0.0)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert np.isfinite(losses).all() and losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("name", [name for name in TASKS if name not in SCORED])
def test_a_task_that_writes_keeps_the_promises_that_need_no_head(name: str) -> None:
    task = registry.load("tasks", name)
    targets = [row["label"] for row in task.example]
    assert isinstance(task, Base) and 9 <= len(task.example) <= 60 and not task.single
    book = task.book()
    numbers = [book.read(target, "", "") for target in targets]
    assert [book.names()[number] for number in numbers] == targets
    assert task.labels(targets) == () and [task.checked(target, ()) for target in targets] == targets
    wrong = targets[9:] + targets[:9]
    best, worst = task.score(targets, targets, ()), task.score(wrong, targets, ())
    assert list(best) == list(worst) == list(task.metrics) and next(iter(task.metrics.values())).better == "higher"
    for metric, words in task.metrics.items():
        assert words.english.isascii() and not words.chinese.isascii()
        assert best[metric] == 1 > worst[metric] >= words.lowest == 0
    rows = np.array([0, 2, 2, 5, 7, 8])
    alone = task.score([wrong[row] for row in rows], [targets[row] for row in rows], ())
    assert task.scorer(wrong, targets, ())(rows) == pytest.approx(alone)
    floor = task.floor(targets, ())
    assert floor in targets and task.score([floor] * len(targets), targets, ())[next(iter(task.metrics))] < 1
    assert task.report(targets, targets)


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_from_a_file_to_an_answer_through_the_command_line(name: str, beside: Any, tiny_base: Path, tmp_path: Path) -> None:
    task = registry.load("tasks", name)
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, task.example)), encoding="utf-8")
    said: Callable[..., Any] = lambda *words: beside(*words, "--workspace", "w", "--json", cwd=tmp_path)  # noqa: E731
    taken = said("import", "rows.jsonl", "--name", "x", "--task", name)
    assert taken.code == 0, taken.err
    assert taken.json["report"]["kept"] == len(task.example)
    run = said(
        "train",
        "x",
        "--base",
        "scratch" if task.writes else tiny_base,
        "--set",
        "epochs=2",
        "--set",
        "threads=1",
        "--set",
        "learning_rate=1e-3",
    )
    assert run.code == 0, run.err
    assert "Truth test" in run.err
    audited = said("audit", run.json["id"], "--check", "utility/report", "--check", "robustness/typos", "--policy", "sandbox")
    assert audited.code == 0, audited.err
    found = {one["metric"]: one for one in audited.json if "metric" in one}
    for metric in task.metrics:
        assert found[metric]["low"] <= found[metric]["value"] <= found[metric]["high"] and found[metric]["n"] > 0
    whole = all(
        "label" in one["why"] or "pairs" in one["why"]
        for one in audited.json
        if one.get("check") == "robustness/typos" and "why" in one
    )
    assert whole
    made = said("release", run.json["id"], "--policy", "sandbox")
    assert made.code == 0, made.err
    assert said("review", made.json["id"], "approve", "--reason", "It is a test.").code == 0
    row = task.example[0]
    asked = (row["text"], "--pair", row["pair"]) if "pair" in row else (row["text"],)
    answer = said("predict", made.json["id"], *asked)
    assert answer.code == 0, answer.err
    [one] = answer.json
    assert (one["text"], one["pair"]) == (row["text"], row.get("pair"))
    assert task.checked(one["label"], tuple(taken.json["labels"])) == one["label"]


@pytest.mark.parametrize("name", registry.names("tasks"))
def test_only_tasks_that_choose_one_label_offer_its_log_probability(name: str) -> None:
    """What is measured by right and wrong answers, and losses for rare labels, ask for it; another form must be refused there."""
    task = registry.load("tasks", name)
    assert hasattr(task, "log_probabilities") == task.single
