"""What every task promises, whatever it asks of a model; its worked examples are read from its own docstring."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from beside.core import registry
from beside.core.types import Example
from beside.engine.model import Model, drop_unused
from beside.engine.rows import collate
from beside.engine.tokens import Tokens, train_tokenizer

TASKS = registry.names("tasks")


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> Any:
    return registry.load("tasks", request.param)


@pytest.fixture
def examples(request: pytest.FixtureRequest, task: Any) -> list[Example]:
    """The worked examples of the docstring: "text" -> "answer", two at least."""
    name = request.node.callspec.params["task"]
    shown = re.findall(r'"([^"]+)" -> "([^"]+)"', registry.source("tasks", name).read_text(encoding="utf-8"))
    assert len(shown) >= 2, 'the docstring shows two worked examples or more: "text" -> "answer"'
    return [Example(id=str(place), text=text, target=target) for place, (text, target) in enumerate(shown)]


@pytest.fixture
def encoded(task: Any, examples: list[Example]) -> tuple[tuple[str, ...], torch.Tensor]:
    labels = task.labels(examples)
    return labels, task.encode([example.target for example in examples], labels)


@pytest.mark.parametrize("name", TASKS)
def test_it_says_in_one_line_what_it_is(name: str) -> None:
    assert 10 < len(registry.summary("tasks", name)) < 140


def test_it_has_one_target_a_row_and_the_labels_do_not_depend_on_the_order_of_rows(task: Any, examples: Any, encoded: Any) -> None:
    labels, targets = encoded
    assert len(targets) == len(examples)
    assert task.labels(reversed(examples)) == labels == tuple(dict.fromkeys(labels))
    assert task.labels([*examples, Example(id="unlabelled", text="nobody knows")]) == labels


def test_the_right_answer_encoded_and_learned_decodes_to_itself(task: Any, examples: Any, encoded: Any) -> None:
    labels, targets = encoded
    logits = torch.zeros(len(examples), task.outputs(labels), requires_grad=True)
    for _ in range(50):
        (gradient,) = torch.autograd.grad(task.loss(logits, targets, None, 0.0), logits)
        logits = (logits - gradient).detach().requires_grad_()
    assert task.decode(logits.detach().numpy(), labels) == [example.target for example in examples]


def test_right_answers_score_best_and_the_main_score_comes_first(task: Any, examples: Any, encoded: Any) -> None:
    right = [example.target for example in examples]
    wrong = right[1:] + right[:1]
    best, worst = task.score(right, right, encoded[0]), task.score(wrong, right, encoded[0])
    assert list(best) == list(worst)
    assert all(best[name] == 1.0 > worst[name] >= 0.0 for name in best)
    assert all(target in task.report(right, right) for target in right)


def test_ten_steps_on_its_worked_examples_lower_the_loss(task: Any, examples: Any, encoded: Any) -> None:
    labels, targets = encoded
    tokens = Tokens(train_tokenizer([example.text for example in examples] * 3), 16)
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    encoder = BertModel(BertConfig(vocab_size=tokens.tokenizer.get_vocab_size(), max_position_embeddings=16, **size))
    drop_unused(encoder)
    model = Model(encoder, task.outputs(labels), "mean").eval()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    batch = collate(tokens.encode([example.text for example in examples]), tokens.pad_id)
    losses = []
    for _ in range(11):
        loss = task.loss(model(*batch), targets, None, 0.0)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert np.isfinite(losses).all() and losses[-1] < 0.8 * losses[0]


def test_smoothing_keeps_the_loss_of_a_sure_answer_above_nothing(task: Any, examples: Any, encoded: Any) -> None:
    labels, targets = encoded
    logits = torch.zeros(len(examples), task.outputs(labels), requires_grad=True)
    (gradient,) = torch.autograd.grad(task.loss(logits, targets, None, 0.0), logits)
    sure = (logits - 100 * len(examples) * gradient).detach()
    assert float(task.loss(sure, targets, None, 0.1)) > float(task.loss(sure, targets, None, 0.0)) + 0.5
