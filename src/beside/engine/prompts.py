"""Prompts and answers -> token ids and back, the same in training and at work; what is lost to the limits is counted.

The words of a row are tokenized apart from the template around them, and never as special tokens: a text cannot end its own prompt.
Loads without torch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from beside.core.errors import BadOption
from beside.core.writing import Writing

TEXT = "{text}"
PROBE = "a"  # a text by which the special tokens around any text are found


class PromptTokens:
    """A tokenizer, a template and two limits.

    Args:
        tokenizer: of the base.
        writing: template, ends, longest answer.
        max_length: tokens kept of a prompt, template and special tokens included; a longer one loses the end of its text.
        two_sided: whether an encoder reads the prompt; then the special tokens that the tokenizer puts behind a text belong to it.

    Raises:
        BadOption: the template leaves no room for a text, or has no place for one.
    """

    def __init__(self, tokenizer: Tokenizer, writing: Writing, max_length: int, two_sided: bool) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer, self.writing, self.max_length, self.two_sided = tokenizer, writing, max_length, two_sided
        self.plain = Tokenizer.from_str(tokenizer.to_str())
        self.plain.encode_special_tokens = True  # what spells a special token in a row is words like any other
        self.pad_id = writing.pad_id
        if writing.prompt.count(TEXT) != 1:
            raise BadOption(
                f"The prompt '{writing.prompt[:60]}' must hold {TEXT} once.", f"For example: prompt=Question: {TEXT}\\n"
            )
        before, behind = writing.prompt.split(TEXT)
        first, last = ([], []) if writing.chat else around(tokenizer)
        self.first = first if two_sided else []  # answers begin with it, too
        self.head = [*first, *self.ids(before)]
        self.tail = [*self.ids(behind), *(last if two_sided else ())]
        if max_length <= len(self.head) + len(self.tail):
            needed = len(self.head) + len(self.tail)
            raise BadOption(
                f"The prompt's own {needed} tokens leave no room for a text within max_length={max_length}.",
                f"Set max_length to more than {needed}, or a shorter prompt.",
            )

    def ids(self, words: str) -> list[int]:
        """Ids of a part of the template, special tokens that it spells included."""
        return list(self.tokenizer.encode(words, add_special_tokens=False).ids) if words else []

    def texts(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of the texts alone."""
        return [one.ids for one in self.plain.encode_batch_fast(list(texts), add_special_tokens=False)] if len(texts) else []

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Ids of each prompt, int64, at most `max_length`."""
        room = self.max_length - len(self.head) - len(self.tail)
        return [np.array([*self.head, *ids[:room], *self.tail], dtype=np.int64) for ids in self.texts(texts)]

    def counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each prompt before truncation."""
        return [len(self.head) + len(ids) + len(self.tail) for ids in self.texts(texts)]

    def answers(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Ids of each answer with its end, int64, at most `max_new_tokens`; one that is cut has no end to be learned."""
        most = self.writing.max_new_tokens
        whole = [[*self.first, *ids, self.writing.end_id] for ids in self.texts(texts)]
        return [np.array(ids[:most], dtype=np.int64) for ids in whole]

    def answer_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each answer with its end, before truncation."""
        return [len(self.first) + len(ids) + 1 for ids in self.texts(texts)]

    def text_of(self, ids: Sequence[int] | np.ndarray) -> str:
        """What the tokens say, without special ones."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True)).strip()


def around(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """The special tokens that a tokenizer puts before and behind a text."""
    bare = tokenizer.encode(PROBE, add_special_tokens=False).ids
    full = tokenizer.encode(PROBE, add_special_tokens=True).ids
    start = next((place for place in range(len(full)) if full[place : place + len(bare)] == bare), 0)
    return full[:start], full[start + len(bare) :]
