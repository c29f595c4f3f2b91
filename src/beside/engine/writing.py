"""Training a model that writes: base, prompts, gradient steps on the answers' tokens, truth test; by the one training loop."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from beside.core.defending import must_defend
from beside.core.errors import BadOption
from beside.core.interfaces import Method, Progress, Task
from beside.core.pairs import joined
from beside.core.recipe import Recipe
from beside.core.registry import load, names
from beside.core.types import Example
from beside.core.writing import IGNORED, Writing
from beside.engine.attaching import chosen, completed, report_added
from beside.engine.descending import descend
from beside.engine.devices import best_precision
from beside.engine.fit import Rows
from beside.engine.keeping import Keeping, continued
from beside.engine.losses import must_have_effect, must_have_weights
from beside.engine.model import Facts, drops, save_model
from beside.engine.prompts import PromptTokens
from beside.engine.team import Alone
from beside.engine.telling import report_trainable, trainable
from beside.engine.training import Learned
from beside.engine.truth import prove
from beside.engine.writer import Writer
from beside.engine.writer_bases import WriterBase, load_writer_base
from beside.engine.written import EPOCH_ROWS, WriterSubject

LONGEST_PROMPT, LONGEST_ANSWER = 256, 256  # tokens, where the recipe leaves them open
MANY, LARGE = 300, 3000  # rows from which fewer passes are enough
TRUTH_ROWS = 32  # asked twice: for the right answer's likelihood, and for the model's own greedy answer
WITHOUT_EFFECT = ("pooling", "frozen_layers", "head_start", "label_names")
PLAIN = {
    "processes": (1,),
    "device": ("auto", "cpu"),
    "gradient_checkpointing": (None, False),
    "compile": (None, False),
    "precision": (None, "fp32", "bf16"),
}
OF_STRATEGY = {"temperature": "sample", "top_p": "sample", "top_k": "sample", "beams": "beam"}


class AnswerFeed:
    """Rows of prompts with their answers, for the training loop.

    Args:
        model: gives logits for the answers' tokens.
        prompts, answers: token ids of each row.
        pad_id: id that fills a short row.
    """

    def __init__(self, model: Writer, prompts: Sequence[np.ndarray], answers: Sequence[np.ndarray], pad_id: int) -> None:
        self.model, self.prompts, self.answers, self.pad_id = model, prompts, answers, pad_id
        self.ids = [np.concatenate(both) for both in zip(prompts, answers, strict=True)]
        self.lengths = np.array([len(row) for row in self.ids])

    def logits(self, batch: np.ndarray) -> Tensor:
        """Scores of a batch, (B, A, V): what the prompt's own tokens would get is not even computed."""
        return self.model.logits([self.prompts[i] for i in batch], [self.answers[i] for i in batch], self.pad_id)

    def targets(self) -> Tensor:
        """Tokens of the answers, int64, (rows, longest), -100 behind their ends."""
        out = np.full((len(self.answers), max(map(len, self.answers))), IGNORED, dtype=np.int64)
        for row, ids in zip(out, self.answers, strict=True):
            row[: len(ids)] = ids
        return torch.from_numpy(out)


def learn_to_write(
    examples: Sequence[Example],
    tune: Sequence[Example],
    labels: tuple[str, ...],
    task_name: str,
    recipe: Recipe,
    keeping: Keeping,
) -> Learned:
    """A trained model in memory, neither scored nor saved. Raises as `train_model` does."""
    checkpoint, progress = keeping.checkpoint, keeping.progress
    recipe, keeping = continued(recipe, keeping)
    texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
    task: Task = load("tasks", task_name)
    must_be_method_that_writes(recipe)
    must_have_weights(recipe, task)
    must_mean_something(recipe)
    must_be_plain(recipe)
    facts = Facts(task=task_name, labels=labels, pooling="", max_length=0)
    subject, recipe, cut = build_writer(recipe, texts, targets, facts, checkpoint.folder, progress)
    method = chosen(recipe)
    learned = method.attach(subject.model)
    must_have_effect(recipe, bool(learned), drops(subject.model))
    must_defend(recipe, task, task_name, steps=bool(learned), by_pairs=False)
    learns, there = trainable(subject.model, learned), sum(parameter.numel() for parameter in subject.model.parameters())
    report_trainable(subject.model, learned, False, progress)
    report_added(method, recipe, progress)
    tokens = subject.tokens
    feed: Any = AnswerFeed(subject.model, tokens.encode(texts), tokens.answers(targets), tokens.pad_id)
    if len(tune) > EPOCH_ROWS:
        progress.say(f"After each epoch the first {EPOCH_ROWS} of {len(tune)} tune rows are answered; the loss is that of all.")
    rows = Rows(feed=feed, targets=targets, encoded=feed.targets())
    fitted = descend(subject, method, learned, rows, tune, recipe, keeping, Alone())
    subject.facts = completed(method, subject, [joined(*both) for both in zip(texts, targets, strict=True)], progress)
    return Learned(subject=subject, recipe=recipe, trainable=learns, parameters=there, truncated=cut, fitted=fitted)


def build_writer(
    recipe: Recipe, texts: list[str], targets: list[str], facts: Facts, folder: Path, progress: Progress
) -> tuple[Any, Recipe, int]:
    """An untrained subject, the recipe with every automatic knob filled in and told, and how many rows lose a part.

    Raises:
        BadInput, BadOption: the base cannot be loaded or not be trained like this.
    """
    threads = recipe.threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    torch.manual_seed(recipe.seed)
    base = load_writer_base(recipe, [*texts, *targets], folder)
    writing = Writing(
        prompt=base.prompt if recipe.prompt == "auto" else recipe.prompt.replace("\\n", "\n"),
        chat=base.chat and recipe.prompt == "auto",
        end_id=base.end_id,
        pad_id=base.pad_id,
        max_new_tokens=LONGEST_ANSWER,
        **{name: getattr(recipe, name) for name in ("decoding", "temperature", "top_p", "top_k", "beams", "seed")},
    )
    two_sided = bool(base.encoder.config.is_encoder_decoder)
    whole = PromptTokens(base.tokenizer, writing, base.positions, two_sided)
    prompts, answers = whole.counts(texts), whole.answer_counts(targets)
    filled = fill(recipe, len(texts), max(prompts), max(answers), threads)
    must_fit(filled, base, two_sided)
    writing = writing.model_copy(update={"max_new_tokens": filled.max_new_tokens})
    tokens = PromptTokens(base.tokenizer, writing, int(filled.max_length or 0), two_sided)
    cut = tell(progress, recipe, filled, writing, prompts, answers)
    facts = replace(facts, max_length=tokens.max_length, writing=writing.model_dump())
    return WriterSubject(Writer(base.encoder), tokens, facts), filled, cut


def fill(recipe: Recipe, rows: int, longest_prompt: int, longest_answer: int, threads: int) -> Recipe:
    """Every knob left open, set by rule from the rows and the base."""
    scratch, lora = recipe.base == "scratch", recipe.method == "lora"
    own: dict[str, Any] = {
        "method": "full",
        "epochs": (8 if rows >= LARGE else 15 if rows >= MANY else 30) if scratch else 3 if rows >= MANY else 6,
        "batch_size": 32 if rows >= LARGE else 16,
        "learning_rate": 1e-3 if scratch else 5e-4 if lora else 5e-5,
        "head_learning_rate": 1e-3,  # of no effect, but stored with every recipe
        "max_length": min(LONGEST_PROMPT, max(16, longest_prompt)),
        "max_new_tokens": min(LONGEST_ANSWER, longest_answer),
        "frozen_layers": 0,
        "label_names": False,
        "threads": threads,
        "precision": best_precision(torch.device("cpu")),
        "gradient_checkpointing": False,
        "compile": False,
    }
    left_open = {name: value for name, value in own.items() if getattr(recipe, name) is None}
    return recipe.model_copy(update={**left_open, "device": "cpu"})


def tell(
    progress: Progress, recipe: Recipe, filled: Recipe, writing: Writing, prompts: Sequence[int], answers: Sequence[int]
) -> int:
    """Says what was chosen and what is lost; how many rows lose a part."""
    most, longest = int(filled.max_length or 0), int(filled.max_new_tokens or 0)
    both = list(zip(prompts, answers, strict=True))
    progress.say(f"Prompt: {writing.prompt!r}. Learned are the answer's tokens and its end, never the prompt's.")
    progress.say(
        f"Prompts of {most} tokens, {sum(one > most for one in prompts)} of {len(both)} are longer and lose the end of their text; "
        f"answers of {longest}, {sum(one > longest for one in answers)} are longer and lose their end."
    )
    chosen_here = {name: value for name, value in filled.model_dump().items() if getattr(recipe, name) != value}
    progress.say("Chosen from the data: " + ", ".join(f"{name}={value}" for name, value in chosen_here.items()) + ".")
    return sum(prompt > most or answer > longest for prompt, answer in both)


def must_fit(recipe: Recipe, base: WriterBase, two_sided: bool) -> None:
    """Does nothing when prompt and answer find room in the base's positions.

    Raises:
        BadOption: they do not.
    """
    prompt, answer = int(recipe.max_length or 0), int(recipe.max_new_tokens or 0)
    needed = max(prompt, answer) if two_sided else prompt + answer
    if needed > base.positions:
        raise BadOption(
            f"Prompts of {prompt} and answers of {answer} tokens need {needed} positions, "
            f"the base '{recipe.base}' has {base.positions}.",
            "Set max_length and max_new_tokens to less; longer ones are cut, counted and shown.",
        )


def must_be_method_that_writes(recipe: Recipe) -> None:
    """Does nothing when the method fits a model that writes.

    Raises:
        BadOption: it does not, and why.
    """
    if recipe.method is None:
        return
    method: Method = load("methods", recipe.method)
    if getattr(method, "writes", False):
        return
    why = (
        "it compares rows by their embeddings, and a written answer is none"
        if getattr(method, "by_pairs", False)
        else "it fills a blank in a masked language model"
        if getattr(method, "masked", False)
        else "it puts parts into an encoder below a head, and a model that writes has no such head"
        if hasattr(method, "finish")
        else "it fits a head on embeddings, and a model that writes has none"
    )
    fitting = [name for name in names("methods") if getattr(load("methods", name), "writes", False)]
    raise BadOption(
        f"The method '{recipe.method}' does not fit the task 'generate': {why}.", f"Use a method of these: {', '.join(fitting)}."
    )


def must_mean_something(recipe: Recipe) -> None:
    """Does nothing when every knob that the recipe sets has an effect.

    Raises:
        BadOption: one has none.
    """
    for knob in WITHOUT_EFFECT:
        if getattr(recipe, knob) not in (Recipe.model_fields[knob].default, {"frozen_layers": 0, "label_names": False}.get(knob)):
            raise BadOption(
                f"Setting {knob} has no effect on a model that writes: it has no head and no frozen layers.", f"Leave {knob} out."
            )
    for knob, strategy in OF_STRATEGY.items():
        if getattr(recipe, knob) != Recipe.model_fields[knob].default and recipe.decoding != strategy:
            raise BadOption(f"Setting {knob} has no effect with decoding={recipe.decoding}.", f"Set decoding={strategy} as well.")


def must_be_plain(recipe: Recipe) -> None:
    """Does nothing when the recipe trains in one process, on the processor, activations kept and layers not compiled.

    Raises:
        BadOption: it asks for something else, which models that write do not know yet.
    """
    for knob, plain in PLAIN.items():
        if (asked := getattr(recipe, knob)) not in plain:
            said = str(asked).lower()
            raise BadOption(f"Cannot set {knob}={said}: models that write are not trained so.", f"Leave {knob} out.")


def finish_writing(
    folder: Path | None, subject: Any, tune: Sequence[Example], examples: Sequence[Example], progress: Progress
) -> dict[str, float]:
    """Scores the model on the tune split as it will answer at work, saves it, and proves that it reloads."""
    scores = subject.scores(tune, whole=True) if tune else {}
    if folder is None:
        return scores
    save_model(folder, subject.model, subject.tokens, subject.facts)
    some = list(tune or examples)[:TRUTH_ROWS]
    prove(folder, subject, [*(joined(row.text, row.target) for row in some), *(row.text for row in some)], progress)
    return scores
