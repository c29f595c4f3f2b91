"""Inference on this machine: a saved model folder becomes a Subject that can be asked.

Run as `python -m beside.engine.runtime FOLDER...` it answers the texts on standard input in a fresh process: the truth test.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from beside.core.answers import Reading, Said
from beside.core.errors import BesideError, GateClosed
from beside.core.interfaces import Task
from beside.core.pairs import apart, is_pair
from beside.core.ranking import unit
from beside.core.registry import load
from beside.core.scope import Scope
from beside.engine import ranking
from beside.engine.catalogue import Catalogue, load_catalogue
from beside.engine.devices import best_precision, device_of, holding, onto, side_by_side
from beside.engine.gradients import TokenInputs, opened
from beside.engine.model import Facts, Model, load_model, read_facts
from beside.engine.quick import state_of, twin_of
from beside.engine.rows import by_length, collate
from beside.engine.scope import load_scope
from beside.engine.tokens import Tokens

TOKENS_PER_BATCH = 4096  # padded tokens of one forward pass: fits the cache of small machines
LEVEL, WORTH = 0.75, 256  # a shorter row than that share of the longest starts a batch, once this many tokens are together
TRUTH_TEXTS = 64  # texts that a truth test compares
TRUTH_SECONDS = 300


class TorchSubject:
    """A trained model on torch. Safe to call from several threads: so many forward passes at a time as there are processors for.

    Args:
        model: in evaluation mode.
        tokens: its tokenizer and sequence length.
        facts: labels, task, temperature.
    """

    def __init__(self, model: Model, tokens: Tokens, facts: Facts) -> None:
        self.model = model
        self.tokens = tokens
        self.facts = facts
        self.labels = facts.labels
        self.max_length = facts.max_length
        self.temperature = facts.temperature
        self.task: Task = load("tasks", facts.task).restored(facts.settings)
        self.pairs = facts.pairs
        self.catalogue: Catalogue | None = None  # candidates to search in
        self.scope: Scope | None = None  # what it was trained for, where a release keeps that with it
        self.turn = threading.BoundedSemaphore(side_by_side())
        self.twin: tuple[Any, TorchSubject] | None = None  # of which state of the model, and the quick twin of that

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """Raw scores, float32, shape (len(texts), outputs); per token (len(texts), longest, outputs), padded with zeros."""
        if self.task.apart:
            return ranking.cosines(self, texts)
        rows = self.tokens.encode(texts)
        longest = max(map(len, rows), default=0)
        shape = (longest, self.model.head.out_features) if self.task.per_token else (self.model.head.out_features,)
        return self.infer(rows, self.model.__call__, shape)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """One vector per text, float32, shape (len(texts), hidden); where pairs are read apart of the first, at length 1."""
        if not self.task.apart:
            return self.vectors(texts)
        texts = [apart(text)[0] for text in texts]
        if texts and self.catalogue:
            return self.catalogue.completed(texts, lambda fresh: unit(self.vectors(fresh)))
        return unit(self.vectors(texts))

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """What stands before the head, float32, shape (len(texts), hidden)."""
        return self.infer(self.tokens.encode(texts), self.model.vector, (self.model.width,))

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """What logits mean to the task, float32, of their shape: for one label per text the softmax over the temperature."""
        return self.task.probabilities(self.logits(texts), self.temperature)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The task's answer to each text."""
        return self.task.decode(self.logits(texts), self.labels, self.read(texts))

    def answers(self, texts: Sequence[str]) -> list[Said]:
        """The task's answer to each text with its probabilities, as it is served."""
        if self.task.ranks:
            return ranking.answers(self, texts)
        return self.task.answers(self.logits(texts), self.temperature, self.labels, self.read(texts))

    @property
    def searches(self) -> bool:
        """Whether a query alone can be asked."""
        return self.catalogue is not None

    def among(self, documents: Sequence[str] | None, count: int) -> ranking.Among:
        """This model, ordering these documents for each query it is asked, or what is kept with it; the best `count` of them."""
        return ranking.Among(self, documents, count)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """How the model reads each text, where the answer is per token; otherwise nothing, for nobody asks."""
        return self.tokens.read(texts) if self.task.per_token else []

    def quick(self) -> TorchSubject | None:
        """A twin that answers alike but for rounding, its products in bf16; None where that is no faster, on a GPU either.

        It is made once for as long as the model does not change; what this one learns afterwards an older twin does not know.
        """
        if holding(self.model).type != "cpu" or best_precision(holding(self.model)) != "bf16":
            return None
        state = state_of(self.model)
        if self.twin is None or self.model.training or self.twin[0] != state:
            self.twin = state, TorchSubject(twin_of(self.model), self.tokens, self.facts)
        return self.twin[1]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text before truncation; of a pair that is read apart those of its longer text."""
        if self.task.apart and any(map(is_pair, texts)):
            return [max(self.tokens.counts([half for half in apart(text) if half is not None])) for text in texts]
        return self.tokens.counts(texts)

    def inputs_of(self, text: str) -> AbstractContextManager[TokenInputs]:
        """The text's way into the model, for explainers that take gradients (`Differentiable`); holds the turn meanwhile."""
        return opened(self.model, self.tokens, self.temperature, self.turn, text)

    @torch.inference_mode()
    def infer(self, rows: Sequence[np.ndarray], function: Callable[..., Tensor], shape: tuple[int, ...]) -> np.ndarray:
        """What `function(ids, mask)` makes of each row of ids, in their order, computed longest first; (rows, *shape).

        Tokens that a row does not have stay zero.
        """
        per_token = len(shape) > 1
        out = np.zeros((len(rows), *shape), dtype=np.float32)
        with self.turn:
            if was_training := self.model.training:
                self.model.eval()
            lengths, device = [len(row) for row in rows], holding(self.model)
            for batch in (part for whole in by_length(lengths, TOKENS_PER_BATCH) for part in level(whole, lengths)):
                ids_BL, mask_BL = collate([rows[i] for i in batch], self.tokens.pad_id)
                found = function(onto(device, ids_BL), None if mask_BL is None else onto(device, mask_BL)).cpu().numpy()
                if not per_token:
                    out[batch] = found
                    continue
                for place, row in zip(batch, found, strict=True):
                    out[place, : lengths[place]] = row[: lengths[place]]
            if was_training:
                self.model.train()
        return out


def level(batch: np.ndarray, lengths: Sequence[int]) -> Iterator[np.ndarray]:
    """A batch, longest row first, cut where rows get so much shorter that padding them costs more than a pass of their own."""
    start = 0
    for place in range(1, len(batch)):
        longest = lengths[batch[start]]
        if lengths[batch[place]] < LEVEL * longest and (place - start) * longest >= WORTH:
            yield batch[start:place]
            start = place
    yield batch[start:]


def load_subject(folder: Path, threads: int | None = None) -> TorchSubject:
    """The model in a folder, ready to answer: on a GPU when there is one, or where the environment's BESIDE_DEVICE says.

    Raises:
        BadInput: the folder is not one that Beside saved.
        BadOption: there is no such device.
        GateClosed: it was compressed on another processor, and answers otherwise here.
    """
    if threads:
        torch.set_num_threads(threads)
    if writes(folder):
        from beside.engine.writer import load_writer
        from beside.engine.written import WriterSubject  # transformers' way to write takes a second to load

        return WriterSubject(*load_writer(folder))  # type: ignore[return-value]
    if reformed(folder):
        from beside.engine.compressed import load_compressed  # ONNX Runtime takes a moment to load

        subject: TorchSubject = load_compressed(folder, threads)
    else:
        model, tokens, facts = load_model(folder)
        subject = TorchSubject(model.to(device_of()), tokens, facts)
    subject.catalogue = load_catalogue(folder)
    subject.scope = load_scope(folder)
    return subject


def writes(folder: Path) -> bool:
    """Whether the model in a folder writes its answers."""
    facts = facts_of(folder)
    return bool(facts and facts.writing)


def reformed(folder: Path) -> bool:
    """Whether the model in a folder is a graph, or narrower than it was trained."""
    facts = facts_of(folder)
    return bool(facts and facts.compression.get("form"))


def facts_of(folder: Path) -> Facts | None:
    """What a model folder says of itself; None for one that cannot be read: whoever loads it says what is wrong."""
    try:
        return read_facts(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fresh_logits(folders: Sequence[Path], texts: Sequence[str]) -> list[np.ndarray]:
    """Logits of each folder's model for the texts, computed in a new process.

    Raises:
        GateClosed: a model cannot be reloaded.
    """
    # -P: a file `json.py` in the folder where somebody works must not be taken for the library's
    command = [sys.executable, "-P", "-m", "beside.engine.runtime", *map(str, folders)]
    try:
        ended = subprocess.run(
            command, input=json.dumps(list(texts)), capture_output=True, text=True, timeout=TRUTH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise GateClosed(
            f"Truth test: the saved model did not answer within {TRUTH_SECONDS} s.", "Nothing was stored. Try on a quieter machine."
        ) from error
    if ended.returncode:
        why = ended.stderr.strip()[-300:] or f"its process ended with {ended.returncode}"
        raise GateClosed(f"Truth test: the saved model cannot be reloaded: {why}", "Nothing was stored. Train again.")
    return [np.asarray(logits, dtype=np.float32) for logits in json.loads(ended.stdout)]


def same_answers(first: Path, second: Path, texts: Sequence[str]) -> float:
    """Largest absolute difference of probabilities between two model folders, both reloaded in a fresh process.

    Where a task gives numbers instead of probabilities, it is that of the numbers.
    """
    one, other = fresh_logits([first, second], list(texts)[:TRUTH_TEXTS])
    facts = read_facts(first)
    task: Task = load("tasks", facts.task).restored(facts.settings)
    return float(np.abs(task.probabilities(one, 1.0) - task.probabilities(other, 1.0)).max())


if __name__ == "__main__":
    try:
        asked = json.load(sys.stdin)
        json.dump([load_subject(Path(folder)).logits(asked).astype(float).tolist() for folder in sys.argv[1:]], sys.stdout)
    except BesideError as error:
        sys.exit(error.message)
