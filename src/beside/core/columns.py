"""Which column is what: named by a person, or guessed from its header (English or Chinese), then from what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from unicodedata import normalize

from beside.core.errors import BadInput

SPLIT_WORDS = {
    "train": "train", "training": "train", "训练": "train", "训练集": "train",
    "tune": "tune", "dev": "tune", "valid": "tune", "validation": "tune", "val": "tune", "development": "tune",
    "验证": "tune", "验证集": "tune", "开发集": "tune",
    "test": "test", "testing": "test", "holdout": "test", "测试": "test", "测试集": "test",
}  # fmt: skip
# In order of how sure the name is. Chinese words also count inside a longer header (客户留言内容).
TEXT = (
    "text", "sentence", "sentence1", "text_a", "question1", "message", "utterance", "review", "comment", "content", "body", "query",
    "tweet", "post", "question", "complaint", "feedback", "description", "document", "premise", "answer", "headline", "title",
    "文本", "内容", "正文", "评论", "评价", "留言", "消息", "句子", "句子1", "问题", "问句", "描述", "反馈", "投诉", "标题",
)  # fmt: skip
LABEL = (
    "label", "category", "intent", "class", "target", "sentiment", "topic", "emotion", "tag", "queue", "label_text", "gold",
    "y", "polarity", "score", "rating", "grade", "type", "标签", "类别", "分类", "意图", "情感", "主题", "类型", "评分", "等级",
)  # fmt: skip
RELEVANCE = ("label", "relevance", "relevant", "标签", "相关", "相关性")
PAIRS = {
    "pair": None, "text_pair": None, "sentence2": "sentence1", "text_b": "text_a", "text2": "text1", "question2": "question1",
    "hypothesis": "premise", "句子2": "句子1", "文本2": "文本1", "问题2": "问题1",
}  # fmt: skip
PERSON = (
    "person", "person_id", "user", "user_id", "userid", "customer", "customer_id", "client", "client_id", "author", "author_id",
    "speaker", "speaker_id", "patient", "patient_id", "account", "account_id", "student", "student_id",
    "employee_id", "caller_id", "member_id", "用户", "用户id", "用户编号",
    "客户", "客户id", "客户编号", "客户号", "作者", "患者", "患者编号", "学生", "学号", "会员号",
)  # fmt: skip
SPLIT = ("split", "subset", "fold", "partition", "set", "数据集", "划分")
GROUPS = (
    "group", "gender", "sex", "age_group", "region", "province", "language", "dialect", "ethnicity", "race", "religion", "channel",
    "性别", "年龄段", "地区", "省份", "语言", "方言", "民族", "渠道",
)  # fmt: skip
MOST_GROUPS = 50  # different values in the sample; more is no group but a description


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Columns that a person names; None = guess, an empty string = there is none, even if one looks like it."""

    text: str | None = None
    label: str | None = None
    pair: str | None = None
    person: str | None = None
    split: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ColumnMap:
    """Which column is what, and what was guessed on the way."""

    text: str
    label: str  # empty = none: every row says the same
    pair: str | None = None
    person: str | None = None
    split: str | None = None
    groups: tuple[str, ...] = ()
    guessed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, str]:
        """Role -> column, for the report."""
        named = {role: getattr(self, role) for role in ("text", "label", "pair", "person", "split")}
        return {role: column for role, column in named.items() if column} | {f"group {name}": name for name in self.groups}


@dataclass
class Search:
    """A sample of rows and the columns not yet given a role."""

    cells: Sequence[Mapping[str, str]]
    names: list[str]
    free: list[str]
    guessed: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def values(self, column: str) -> list[str]:
        """What stands in a column of the sample, without empty cells."""
        return [value for cells in self.cells if (value := cells.get(column, "").strip())]

    def take(self, role: str, named: str | None, guess: str | None) -> str | None:
        """The column a person named, or the guess; it is then no longer free.

        Raises:
            BadInput: there is no column of that name.
        """
        if named and named not in self.names:
            raise missing(role, named, self.names)
        if named is None and guess:
            self.guessed.add(role)
        column = guess if named is None else named or None
        if column in self.free:
            self.free.remove(column)
        return column


def find_columns(wanted: Columns, sample: Sequence[Mapping[str, str]], label_needed: bool = True) -> ColumnMap:
    """Gives every role its column, from the first rows of a source.

    Args:
        label_needed: false where rows say something without a label, too: then only a column of the very name is taken for it.

    Raises:
        BadInput: a named column is not there, or text or label cannot be guessed; the message lists the columns.
    """
    names = list(dict.fromkeys(name for cells in sample for name in cells))
    search = Search(sample, names, list(names))
    named = [wanted.text, wanted.label, wanted.pair, wanted.person, wanted.split, *wanted.groups]
    search.free = [name for name in names if name not in named]  # what a person gave a role is not guessed for another
    split = search.take("split", wanted.split, guess_split(search))
    text = wanted.text or by_name(search, "text", TEXT) or by_length(search)
    text = search.take("text", wanted.text or None, text)
    label = search.take("label", wanted.label or None, wanted.label or guess_label(search, label_needed))
    if not text or (not label and label_needed):
        raise not_found("text" if not text else "label", names, sample)
    if label and "label" in search.guessed and label in search.values(label):
        what = f"The first line looks like a row, not like the names of columns: '{label}' is a label further down as well."
        raise BadInput(what, "Put a line before it that names the columns, for example: text,label.")
    pair = search.take("pair", wanted.pair, guess_pair(search, text))
    person = search.take("person", wanted.person, next((name for name in search.free if folded(name) in PERSON), None))
    groups = (
        tuple(str(search.take("group", name, None)) for name in wanted.groups if name) if wanted.groups else guess_groups(search)
    )
    for role, column in (("text", text), ("label", label), ("pair", pair), ("person", person), ("split", split)):
        if role in search.guessed:
            search.notes.append(f"The {role} is read from the column '{column}' (guessed; choose another with --{role}).")
    if "group" in search.guessed:
        search.notes.append(f"Groups are read from: {', '.join(groups)} (guessed).")
    return ColumnMap(
        text=text, label=label or "", pair=pair, person=person, split=split, groups=groups,
        guessed=frozenset(search.guessed), notes=tuple(search.notes),
    )  # fmt: skip


def split_of(value: str) -> str | None:
    """The split a cell names, in any case: train, tune (dev, validation, ...) or test; None for any other word."""
    return SPLIT_WORDS.get(normalize("NFKC", value).strip().casefold())


def folded(name: str) -> str:
    """A header by which names are compared: `Customer ID` -> `customer_id`, `CustomerId` -> `customer_id`."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", normalize("NFKC", name))
    return re.sub(r"[\W_]+", "_", apart).strip("_").casefold()


def by_name(search: Search, role: str, words: Sequence[str]) -> str | None:
    """The free column whose name fits best: the whole name, then one word of it; others that fit as well are noted."""
    keys = {name: folded(name) for name in search.free}
    whole = [name for word in words for name in search.free if keys[name] == word]
    parts = [name for word in words for name in search.free if has_word(keys[name], word)]
    found = list(dict.fromkeys(whole or parts))
    if len(found) > 1:
        others = ", ".join(f"'{name}'" for name in found[1:4])
        search.notes.append(f"For the {role}, '{found[0]}' was taken; {others} would fit as well.")
    return found[0] if found else None


def has_word(key: str, word: str) -> bool:
    """Whether a header holds the word: between `_` for English (not ids and dates), anywhere for Chinese."""
    if word.isascii():
        parts = key.split("_")
        return word in parts and not {"id", "date", "time", "at", "count", "length", "by"} & set(parts)
    return word in key and not key.endswith(("id", "编号", "时间", "日期", "数", "号"))


def by_length(search: Search) -> str | None:
    """The free column with the longest values, if they are mostly different and longer than a word."""
    means = {}
    for name in search.free:
        values = search.values(name)
        if len(values) >= 0.5 * len(search.cells) and len(set(values)) > 0.5 * len(values):
            means[name] = sum(map(len, values)) / len(values)
    best = max(means, key=means.__getitem__, default=None)
    return best if best and means[best] >= 12 else None


def by_repetition(search: Search) -> str | None:
    """The only free column with short values that repeat; None when there are several."""
    found = []
    for name in search.free:
        values = search.values(name)
        kinds = len(set(values))
        if len(values) > 0.5 * len(search.cells) and 2 <= kinds <= len(values) / 3 and max(map(len, values)) <= 60:
            found.append(name)
    return found[0] if len(found) == 1 else None


def guess_label(search: Search, needed: bool) -> str | None:
    """The free column that most looks like labels; where none is needed, one that is called `label` or `relevance`."""
    if needed:
        return by_name(search, "label", LABEL) or by_repetition(search)
    return next((name for name in search.free if folded(name) in RELEVANCE), None)


def guess_split(search: Search) -> str | None:
    """A free column that is named like a split and holds hardly anything but names of splits."""
    for name in search.free:
        values = search.values(name)
        if folded(name) in SPLIT and values and sum(split_of(value) is not None for value in values) >= 0.5 * len(values):
            return name
    return None


def guess_pair(search: Search, text: str) -> str | None:
    """A free column that is named as the second of a pair and whose first is the text column."""
    for name in search.free:
        key = folded(name)
        if key in PAIRS and PAIRS[key] in (None, folded(text)):
            return name
    return None


def guess_groups(search: Search) -> tuple[str, ...]:
    """Free columns that are named like groups of people and hold few different values."""
    named = [name for name in search.free if folded(name) in GROUPS or folded(name).startswith("group_")]
    found = tuple(name for name in named if 2 <= len(set(search.values(name))) <= MOST_GROUPS)
    for name in found:
        search.take("group", None, name)
    return found


def missing(role: str, named: str, names: Iterable[str]) -> BadInput:
    """The error for a column that is not there: what there is, and what was probably meant."""
    listed = list(names)
    close = get_close_matches(named, listed, n=1, cutoff=0.5) or [name for name in listed if folded(name) == folded(named)]
    guess = f" Did you mean '{close[0]}'?" if close else ""
    return BadInput(f"There is no column '{named}' for the {role}.", f"Columns: {', '.join(listed[:40])}.{guess}")


def not_found(role: str, names: Sequence[str], sample: Sequence[Mapping[str, str]]) -> BadInput:
    """The error for a role that no column fits."""
    first = ""
    if sample and max(map(len, names), default=0) > 40:
        first = " The first line should name the columns; is it missing?"
    listed = ", ".join(f"'{name[:40]}'" for name in names[:40])
    return BadInput(f"Cannot tell which column holds the {role}. Columns: {listed}.", f"Name it with --{role} COLUMN.{first}")
