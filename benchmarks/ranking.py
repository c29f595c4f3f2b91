"""Rows of queries and candidates from public data, for benchmarks/tasks.py."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]
OTHERS = 10  # questions of other answers that each asked one brings among the candidates of dev and test
ENDS = {"train": (0.0, 0.45), "dev": (0.45, 0.55), "test": (0.55, 1.0)}  # shares of the groups


def same_answer(folder: Path, split: str) -> Iterator[Row]:
    """Questions of InsuranceQA that experts answered with the same answer: each shall be found by the others.

    The groups of questions, over all official splits, are divided anew: few of them lie in one split. In dev and test one question
    of a group asks and the others are relevant, so that queries do not depend on each other; further questions stand among the
    candidates. Two questions without an answer in common are taken for not relevant, which is not always so.
    """
    groups, texts = groups_of(folder)
    begin, end = (int(share * len(groups)) for share in ENDS[split])
    rng = random.Random(1)
    for group in groups[begin:end]:
        asking = group if split == "train" else group[:1]
        for query in asking:
            yield from ({"text": query, "pair": other, "label": 1} for other in group if other != query)
            if split != "train":
                others = [text for text in rng.sample(texts, OTHERS) if text not in group]
                yield from ({"text": query, "pair": other, "label": 0} for other in others)


def groups_of(folder: Path) -> tuple[list[list[str]], list[str]]:
    """Questions that have answers in common, in an order by chance, and all questions; the same each time."""
    group: dict[int, set[str]] = {}  # answer -> the group that it belongs to
    texts: dict[str, str] = {}  # folded -> as it was first written
    for split in ("train", "dev", "test"):
        for row in lines(folder / f"{split}.jsonl"):
            text = texts.setdefault(" ".join(row["text"].casefold().split()), row["text"])
            joined = {text}.union(*(group.get(answer, set()) for answer in row["answer_ids"]))
            answers = [answer for answer, members in group.items() if members & joined] if len(joined) > 1 else []
            group |= dict.fromkeys([*answers, *row["answer_ids"]], joined)
    found = sorted({tuple(sorted(members)) for members in group.values() if len(members) > 1})
    mixed = [random.Random(at).sample(members, len(members)) for at, members in enumerate(found)]
    random.Random(0).shuffle(mixed)
    return mixed, sorted(texts.values())


def pages(folder: Path, split: str) -> Iterator[Row]:
    """Health questions of MedQuAD, each with the page that answers it; the set's own split, by disease."""
    for row in lines(folder / "faq.jsonl"):
        if row["split"] == split:
            yield {"text": row["question"], "pair": row["answer"], "label": 1}


def lines(file: Path) -> Iterator[Row]:
    """JSON lines, packed or not."""
    with file.open(encoding="utf-8") if file.exists() else gzip.open(f"{file}.gz", "rt", encoding="utf-8") as content:
        yield from map(json.loads, content)
