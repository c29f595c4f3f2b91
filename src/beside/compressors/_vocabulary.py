"""A tokenizer with fewer tokens that reads every text whose tokens stayed as before.

Why that holds. WordPiece takes the longest token that fits: if it stayed, no longer one has come. Byte pairs are merged in order:
the tokens that a kept one is made of stay with it, so every merge that happened still can, and no other has come. Unigram takes the
most probable way to cut a text: it is still there, and no better one has come.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

INSIDE = "##"  # before a WordPiece that goes on inside a word
KINDS = ("WordPiece", "BPE", "Unigram")


def kind_of(tokenizer: Any) -> str:
    """What kind of tokenizer it is, `WordPiece`, `BPE`, `Unigram` or another."""
    return str(json.loads(tokenizer.to_str())["model"].get("type"))


def special_ids(tokenizer: Any) -> set[int]:
    """Ids that a text may get without spelling them: added tokens, those of the template, the unknown one."""
    plain = json.loads(tokenizer.to_str())
    found = {one["id"] for one in plain["added_tokens"]}
    template: dict[str, Any] = plain.get("post_processor") or {}
    found |= {id for one in parts_of(template) for token in one.get("special_tokens", {}).values() for id in token["ids"]}
    found |= {one[end][1] for one in parts_of(template) for end in ("sep", "cls") if end in one}
    model = plain["model"]
    unknown = model.get("unk_id") if model.get("type") == "Unigram" else tokenizer.token_to_id(model.get("unk_token") or "")
    return found | ({unknown} if unknown is not None else set())


def parts_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    """A post-processor, or those of a sequence of them."""
    return [template, *template.get("processors", [])]


def characters(vocabulary: Mapping[str, int]) -> set[int]:
    """Tokens of one character, at the beginning of a word and inside: what any word can fall back to."""
    return {id for token, id in vocabulary.items() if len(token.removeprefix(INSIDE)) == 1}


def made_of(tokenizer: Any, kept: Iterable[int]) -> set[int]:
    """These tokens and, of byte pairs, all that they may be merged from."""
    model, found = json.loads(tokenizer.to_str())["model"], set(kept)
    if model["type"] != "BPE":
        return found
    ways: dict[int, list[tuple[int, int]]] = {}
    vocabulary: dict[str, int] = model["vocab"]
    for first, second in pairs(model):
        ways.setdefault(vocabulary[merged(first, second, model)], []).append((vocabulary[first], vocabulary[second]))
    waiting = list(found)
    while waiting:
        for pair in ways.get(waiting.pop(), ()):
            waiting += [one for one in pair if one not in found]
            found |= set(pair)
    return found


def pairs(model: dict[str, Any]) -> list[tuple[str, str]]:
    """The merges of a byte-pair model."""
    return [(one[0], one[1]) if isinstance(one, list) else tuple(one.split(" ", 1)) for one in model["merges"]]


def merged(first: str, second: str, model: dict[str, Any]) -> str:
    """The token that two others become."""
    inside = model.get("continuing_subword_prefix") or ""
    return first + second.removeprefix(inside)


def fewer(tokenizer: Any, kept: Sequence[int]) -> Any:
    """A tokenizer with those tokens alone, numbered in their order.

    Args:
        tokenizer: of one of the `KINDS`.
        kept: ids in ascending order, `special_ids` among them; of byte pairs with all that they are made of (`made_of`).
    """
    from tokenizers import Tokenizer

    plain, place = json.loads(tokenizer.to_str()), {id: at for at, id in enumerate(kept)}
    model = plain["model"]
    if model["type"] == "Unigram":
        model["vocab"] = [model["vocab"][id] for id in kept if id < len(model["vocab"])]
        model["unk_id"] = place[model["unk_id"]] if model.get("unk_id") is not None else None
    else:
        model["vocab"] = {token: place[id] for token, id in model["vocab"].items() if id in place}
    if model["type"] == "BPE":
        there = model["vocab"]
        model["merges"] = [
            [first, second]
            for first, second in pairs(model)
            if first in there and second in there and merged(first, second, model) in there
        ]
    plain["added_tokens"] = [{**one, "id": place[one["id"]]} for one in plain["added_tokens"]]
    renumber(plain.get("post_processor") or {}, place.__getitem__)
    return Tokenizer.from_str(json.dumps(plain))


def renumber(template: dict[str, Any], number: Callable[[int], int]) -> None:
    """New ids in a post-processor, in place."""
    for one in parts_of(template):
        for token in one.get("special_tokens", {}).values():
            token["ids"] = [number(id) for id in token["ids"]]
        for end in ("sep", "cls"):
            if end in one:
                one[end] = [one[end][0], number(one[end][1])]
