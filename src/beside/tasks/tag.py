"""Names and other stretches of text: a label per word (BIO), answered as spans with their place in the text.

The first token of a word carries its label, the others are left out of the loss and not read; a Chinese character is a word. The
label column holds spans as JSON, or a JSON list of BIO labels, one per word or per character (see `_spans.canonical`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from beside.core.answers import Metric, Reading, Said
from beside.core.labels import LabelBook, TargetBook
from beside.core.replacing import Replaced
from beside.tasks._spans import Span, canonical, joined, labelled, parsed, words, written
from beside.tasks._task import Base, Scorer, as_tensor, f1, softmax

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100  # target of a token that is not the first of a word


class Tag(Base):
    """Token classification with cross-entropy over first tokens; scored by whole entities."""

    example: ClassVar[tuple[Mapping[str, str], ...]] = (
        {"text": "Anna lives in Berlin", "label": '[[0, 4, "person"], [14, 20, "place"]]'},
        {"text": "we met Paul Smith in Rome", "label": '[[7, 17, "person"], [21, 25, "place"]]'},
        {"text": "send it to Maria, please", "label": '[[11, 16, "person"]]'},
        {"text": "the office in New York is closed", "label": '[[14, 22, "place"]]'},
        {"text": "nothing to report today", "label": "[]"},
        {"text": "Tom Baker called twice", "label": '["B-person", "I-person", "O", "O"]'},
        {"text": "flights to Madrid are late", "label": '["O", "O", "B-place", "O", "O"]'},
        {"text": "did Lucy pay the bill?", "label": '{"person": [[4, 8]]}'},
        {"text": "Oslo is cold in winter", "label": '[{"start": 0, "end": 4, "label": "place"}]'},
        {"text": "please call back tomorrow", "label": "[]"},
        {"text": "Peter moved from Paris to Vienna", "label": '[[0, 5, "person"], [17, 22, "place"], [26, 32, "place"]]'},
        {"text": "my name is Clara Jones", "label": '[[11, 22, "person"]]'},
        {"text": "a parcel from San Francisco arrived", "label": '[[14, 27, "place"]]'},
        {"text": "ask John about the key", "label": '[[4, 8, "person"]]'},
        {"text": "the shop in Lyon has none", "label": '[[12, 16, "place"]]'},
    )
    metrics: ClassVar[dict[str, Metric]] = {
        "entity_f1": Metric("entity F1 (exact match)", "实体 F1（完全匹配）"),
        "entity_precision": Metric("entity precision (exact match)", "实体精确率（完全匹配）"),
        "entity_recall": Metric("entity recall (exact match)", "实体召回率（完全匹配）"),
        "entity_macro_f1": Metric("entity F1, mean over kinds", "实体 F1（各类平均）"),
    }
    single: ClassVar = False
    per_token: ClassVar = True
    pairs: ClassVar = "never"
    fewest: ClassVar = 1
    pipeline: ClassVar = "token-classification"

    def book(self) -> LabelBook:
        return TargetBook(canonical, self.members)

    def members(self, target: str) -> list[str]:
        """The kinds of the spans, each once."""
        return sorted({label for _, _, label in parsed(target)})

    def checked(self, said: str, labels: Sequence[str]) -> str:
        try:
            found = parsed(said)
        except (TypeError, ValueError):
            raise ValueError('Spans are written as JSON: [[start, end, "label"], ...].') from None
        if odd := next((label for _, _, label in found if label not in labels), None):
            raise ValueError(f"This release knows no label '{odd}'. Known labels: {', '.join(labels)}.")
        return written(found)

    def protected(self, target: str, edits: Replaced, reword: Callable[[str], str]) -> tuple[str, int]:
        """Spans move with the text; of two that now stand on one replacement the first keeps it."""
        spans = parsed(target)
        moved = [(*place, label) for start, end, label in sorted(spans) if (place := edits.moved(start, end))]
        kept = [span for before, span in pairwise([(0, 0, ""), *moved]) if span[0] >= before[1]]
        return written(kept), len(spans) - len(kept)

    def outputs(self, labels: Sequence[str]) -> int:
        """O, and for each label one that begins it and one that continues it."""
        return 2 * len(labels) + 1

    def encode(self, targets: Sequence[str], labels: Sequence[str], read: Sequence[Reading] = ()) -> Tensor:
        """BIO places of first tokens, IGNORED elsewhere, int64, shape (len(targets), longest)."""
        place = {tag: index for index, tag in enumerate(tags(labels))}
        longest = max((len(one.spans) for one in read), default=0)
        found = np.full((len(targets), longest), IGNORED, dtype=np.int64)
        for row, (target, one) in enumerate(zip(targets, read, strict=True)):
            whole = words(one.text)
            for (token, _), tag in zip(firsts(one, whole), labelled(parsed(target), whole), strict=True):
                if token is not None:
                    found[row, token] = place[tag]
        return as_tensor(found)

    def loss(self, logits_BLK: Tensor, targets_BL: Tensor, weights_K: Tensor | None, smoothing: float) -> Tensor:
        """Mean cross-entropy in nats over rows, each the mean over its first tokens: then no row counts for its length."""
        from torch.nn.functional import cross_entropy

        short = min(logits_BLK.shape[1], targets_BL.shape[1])  # what is longer holds padding only
        targets_BL = targets_BL[:, :short]
        losses_BL = cross_entropy(
            logits_BLK[:, :short].transpose(1, 2), targets_BL, reduction="none", ignore_index=IGNORED, label_smoothing=smoothing
        )
        counts_B = (targets_BL != IGNORED).sum(dim=1).clamp(min=1)
        return (losses_BL.sum(dim=1) / counts_B).mean()

    def temperature(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> float:
        return 1.0

    def decode(self, logits: np.ndarray, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[str]:
        """The spans of the largest numbers; a word behind the model's last token has no label."""
        return [written(span for span, _ in spans_of(scores, labels, one)) for scores, one in zip(logits, read, strict=True)]

    def answers(self, logits: np.ndarray, temperature: float, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[Said]:
        """Spans with their words. A span is as probable as its labels together; the answer as the labels of all words."""
        found = []
        for scores, one in zip(logits / temperature, read, strict=True):
            spans = spans_of(scores, labels, one)
            tokens = [token for token, _ in firsts(one, words(one.text)) if token is not None]
            sure = float(softmax(scores[tokens]).max(axis=1).prod()) if tokens else 1.0
            form = [
                {"start": s, "end": e, "label": label, "text": one.text[s:e], "probability": round(share, 6)}
                for (s, e, label), share in spans
            ]
            found.append(Said(label=written(span for span, _ in spans), probability=sure, probabilities={}, answer=form))
        return found

    def scorer(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> Scorer:
        """Precision, recall and F1 of entities whose kind and both ends are right, as conlleval and seqeval count them.

        0..1, higher is better; micro-averaged, and F1 also as the mean over kinds.
        """
        pairs = [(set(parsed(answer)), set(parsed(target))) for answer, target in zip(answers, targets, strict=True)]
        kinds = sorted({label for both in pairs for spans in both for _, _, label in spans})
        counts = np.zeros((3, len(pairs), len(kinds)))  # hits, said, wanted
        for row, (said, wanted) in enumerate(pairs):
            for place, spans in enumerate((said & wanted, said, wanted)):
                for _, _, label in spans:
                    counts[place, row, kinds.index(label)] += 1

        def of(rows: np.ndarray) -> dict[str, float]:
            hits_K, said_K, wanted_K = np.einsum("n,cnk->ck", np.bincount(rows, minlength=len(pairs)).astype(float), counts)
            hits, said, wanted = hits_K.sum(), said_K.sum(), wanted_K.sum()
            occurs = said_K + wanted_K > 0
            return {
                "entity_f1": float(f1(hits, said, wanted)),
                "entity_precision": float(hits / said) if said else 0.0,
                "entity_recall": float(hits / wanted) if wanted else 0.0,
                "entity_macro_f1": float(f1(hits_K, said_K, wanted_K)[occurs].mean()) if occurs.any() else 0.0,
            }

        return of

    def floor(self, targets: Sequence[str], labels: Sequence[str]) -> str:
        """The commonest target: mostly that there is nothing."""
        counts = Counter(targets)
        return min(counts, key=lambda target: (-counts[target], target))


def tags(labels: Sequence[str]) -> list[str]:
    """The outputs of the head by name: O, B-first, I-first, B-second, ..."""
    return ["O", *(f"{begin}-{label}" for label in labels for begin in "BI")]


def firsts(one: Reading, whole: Sequence[tuple[int, int]]) -> list[tuple[int | None, tuple[int, int]]]:
    """The first token of each word and the word's place; None for a word that the model did not read."""
    starts: dict[int, int] = {}
    for token, (start, end) in enumerate(one.spans):
        if end > start:
            starts.setdefault(start, token)
    return [(starts.get(start), (start, end)) for start, end in whole]


def spans_of(scores_LK: np.ndarray, labels: Sequence[str], one: Reading) -> list[tuple[Span, float]]:
    """Spans of one text with their probabilities, from the scores of its tokens."""
    names, whole = tags(labels), words(one.text)
    said, shares = [], []
    for token, _ in firsts(one, whole):
        row = softmax(scores_LK[token]) if token is not None else np.eye(len(names))[0]
        said.append(names[int(row.argmax())])
        shares.append(float(row.max()))
    found = joined(said, whole)
    inside = [[share for (start, _), share in zip(whole, shares, strict=True) if s <= start < e] for s, e, _ in found]
    return [(span, float(np.prod(each))) for span, each in zip(found, inside, strict=True)]


task = Tag()
