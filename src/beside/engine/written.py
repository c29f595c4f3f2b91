"""A model that writes, ready to be asked: prompts in batches, answers greedy, sampled or by beam search, with their likelihood."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from math import exp
from time import monotonic
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import GenerationConfig

from beside.core.answers import Reading, Said
from beside.core.interfaces import Task
from beside.core.pairs import apart
from beside.core.registry import load
from beside.core.types import Example
from beside.core.writing import Decoding, Writing
from beside.engine.model import Facts
from beside.engine.prompts import PromptTokens
from beside.engine.rows import by_length, collate
from beside.engine.writer import Writer

TOKENS_PER_BATCH = 4096  # padded tokens, answers included, of one batch
EPOCH_ROWS = 256  # tune rows that are answered after each epoch; the loss is that of all
DIGITS = 4  # decimals of a mean log probability


class WriterSubject:
    """A trained language model. Safe to call from several threads: one batch at a time.

    Args:
        model: in evaluation mode.
        tokens: how it is prompted.
        facts: task and limits; `facts.writing` says how it answers unless asked otherwise.
    """

    temperature, pairs = 1.0, False

    def __init__(self, model: Writer, tokens: PromptTokens, facts: Facts) -> None:
        self.model, self.tokens, self.facts = model, tokens, facts
        self.labels, self.max_length = facts.labels, facts.max_length
        self.task: Task = load("tasks", facts.task)
        self.writing = Writing.model_validate(facts.writing)
        self.seconds: float | None = None  # that one call may take
        self.turn = threading.Lock()

    def decoded(self, how: Decoding, seconds: float | None = None) -> WriterSubject:
        """The same model, answering as a request wants it, within so many seconds a call.

        Raises:
            BadInput: the request contradicts itself.
        """
        other = copy(self)
        other.writing, other.seconds = self.writing.asked(how), seconds
        return other

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The answer to each text."""
        return [self.tokens.text_of(ids) for ids in self.write(texts, self.writing)]

    def answers(self, texts: Sequence[str]) -> list[Said]:
        """The answer to each text, with the probability that the model gives just this answer, undisturbed by the decoding."""
        written = self.write(texts, self.writing)
        return [self.said(ids, shares) for ids, shares in zip(written, self.log_probabilities(texts, written), strict=True)]

    def said(self, ids: np.ndarray, log_probabilities: np.ndarray) -> Said:
        """One answer as it is served."""
        stopped, total = bool(len(ids)) and ids[-1] == self.writing.end_id, float(log_probabilities.sum())
        reason = "stop" if stopped else "length" if len(ids) >= self.writing.max_new_tokens else "deadline"
        text, mean = self.tokens.text_of(ids), total / max(1, len(ids))
        form = {
            "text": text,
            "tokens": len(ids),
            "finish_reason": reason,
            "mean_log_probability": round(mean, DIGITS),
            "decoding": self.writing.decoding,
        }
        return Said(label=text, probability=min(1.0, exp(total)), probabilities={}, answer=form)

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """What two copies of a model must agree in: float32, shape (len(texts), longest answer, 2).

        For each token of the answer its log probability and the token itself, zeros behind its end. The answer is the second text
        of a pair (core/pairs.py), or else the model's own greedy one.
        """
        asked, given = zip(*map(apart, texts), strict=True) if len(texts) else ((), ())
        own = iter(self.write([text for text, told in zip(asked, given, strict=True) if told is None], self.writing.greedy()))
        answers = [next(own) if told is None else self.tokens.answers([told])[0] for told in given]
        out = np.zeros((len(texts), self.writing.max_new_tokens, 2), dtype=np.float32)
        for row, ids, shares in zip(out, answers, self.log_probabilities(asked, answers), strict=True):
            row[: len(ids), 0], row[: len(ids), 1] = shares, ids
        return out

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """As `logits`."""
        return self.logits(texts)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """One vector per prompt, float32, shape (len(texts), hidden): the mean of its last states."""
        rows = self.tokens.encode(texts)
        found: dict[int, np.ndarray] = {}
        with self.working():
            for batch in by_length([len(row) for row in rows], TOKENS_PER_BATCH):
                vectors = self.model.vector(*collate([rows[i] for i in batch], self.tokens.pad_id)).numpy()
                found |= dict(zip(batch.tolist(), vectors, strict=True))
        return np.stack([found[place] for place in range(len(rows))]) if rows else np.zeros((0, 1), dtype=np.float32)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each prompt before truncation."""
        return self.tokens.counts(texts)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Nothing: no head answers per token."""
        return []

    def scores(
        self, examples: Sequence[Example], say: Callable[[str], None] | None = None, whole: bool = False
    ) -> dict[str, float]:
        """The task's scores, the mean loss as in training, and the perplexity of the answers' tokens.

        Args:
            say: is told the task's report.
            whole: answer all rows as the model will at work; otherwise the first 256, greedily.
        """
        texts, targets = [example.text for example in examples], [str(example.target) for example in examples]
        shares = self.log_probabilities(texts, self.tokens.answers(targets))
        some = len(texts) if whole else EPOCH_ROWS
        written = self.write(texts[:some], self.writing if whole else self.writing.greedy())
        said = [self.tokens.text_of(ids) for ids in written]
        if say:
            say(self.task.report(said, targets[:some]))
        perplexity = float(np.exp(-np.concatenate(shares).mean()))
        loss = float(np.mean([-one.mean() for one in shares]))
        return {**self.task.score(said, targets[:some], self.labels), "loss": loss, "perplexity": perplexity}

    def log_probabilities(self, texts: Sequence[str], answers: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Log probability of each token of the answers, given the prompt and the tokens before it; in nats."""
        prompts, found = self.tokens.encode(texts), [np.zeros(0)] * len(texts)
        lengths = [len(one) + len(said) for one, said in zip(prompts, answers, strict=True)]
        with self.working():
            for batch in by_length(lengths, TOKENS_PER_BATCH):
                rows = [i for i in batch.tolist() if len(answers[i])]
                if not rows:
                    continue
                scores_BAV = self.model.logits([prompts[i] for i in rows], [answers[i] for i in rows], self.tokens.pad_id)
                for i, scores_AV in zip(rows, scores_BAV.float().log_softmax(dim=-1), strict=True):
                    found[i] = scores_AV[np.arange(len(answers[i])), answers[i]].numpy().astype(np.float64)
        return found

    def write(self, texts: Sequence[str], how: Writing) -> list[np.ndarray]:
        """Ids of an answer to each text, its end included where it has one.

        Sampled answers are drawn text by text from the same seed, so that none depends on which others are asked with it.
        """
        prompts, found = self.tokens.encode(texts), [np.zeros(0, dtype=np.int64)] * len(texts)
        width = how.beams if how.decoding == "beam" else 1
        lengths = [width * (len(row) + how.max_new_tokens) for row in prompts]
        until = monotonic() + self.seconds if self.seconds is not None else None
        with self.working():
            for batch in by_length(lengths, 1 if how.decoding == "sample" else TOKENS_PER_BATCH):
                left = None if until is None else max(0.0, until - monotonic())
                for i, ids in zip(batch.tolist(), self.batch([prompts[i] for i in batch], how, left), strict=True):
                    found[i] = ids
        return found

    def batch(self, prompts: Sequence[np.ndarray], how: Writing, left: float | None) -> Iterator[np.ndarray]:
        """Answers to some prompts; padded on the left where the answer goes on from the prompt."""
        ids_BL, mask_BL = (collate if self.model.two_sided else on_the_left)(prompts, how.pad_id)
        mask_BL = torch.ones_like(ids_BL) if mask_BL is None else mask_BL
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(how.seed)
            written = self.model.encoder.generate(
                input_ids=ids_BL, attention_mask=mask_BL, generation_config=config_of(how, self.model, left)
            )
        for row in written[:, 1:] if self.model.two_sided else written[:, ids_BL.shape[1] :]:
            ids = row.numpy()
            ends = np.flatnonzero(ids == how.end_id)
            yield (ids[: ends[0] + 1] if len(ends) else ids[: len(ids)]).astype(np.int64)

    @contextmanager
    def working(self) -> Iterator[None]:
        """The model is this thread's, drops nothing and keeps no gradients."""
        with self.turn, torch.inference_mode():
            was_training = self.model.training
            self.model.eval()
            try:
                yield
            finally:
                self.model.train(was_training)


def on_the_left(rows: Sequence[np.ndarray], pad_id: int) -> tuple[Tensor, Tensor]:
    """Ids and mask, (B, L), padded in front."""
    longest = max(map(len, rows))
    ids_BL = np.full((len(rows), longest), pad_id, dtype=np.int64)
    mask_BL = np.zeros_like(ids_BL)
    for place, row in enumerate(rows):
        ids_BL[place, longest - len(row) :], mask_BL[place, longest - len(row) :] = row, 1
    return torch.from_numpy(ids_BL), torch.from_numpy(mask_BL)


def config_of(how: Writing, model: Writer, left: float | None) -> GenerationConfig:
    """The same in the words of transformers; nothing is taken over from what came with the base."""
    given: dict[str, Any] = {"do_sample": how.decoding == "sample", "num_beams": how.beams if how.decoding == "beam" else 1}
    if how.decoding == "sample":
        given |= {"temperature": how.temperature, "top_p": how.top_p, "top_k": how.top_k}
    if how.decoding == "beam":
        given["early_stopping"] = True
    if model.two_sided:
        given["decoder_start_token_id"] = model.encoder.config.decoder_start_token_id
    if left is not None:
        given["max_time"] = left
    return GenerationConfig(
        max_new_tokens=how.max_new_tokens, eos_token_id=how.end_id, pad_token_id=how.pad_id, use_cache=True, **given
    )
