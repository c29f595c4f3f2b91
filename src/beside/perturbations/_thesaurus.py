"""Reads a thesaurus that the user has: Open English WordNet (JSON or WN-LMF), Cilin, or lists of words; word -> its senses."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from beside.core.errors import BadInput

ENDINGS = (".json", ".jsonl", ".xml", ".txt", ".csv", ".tsv")
Groups = tuple[tuple[str, ...], ...]
KNOWN = "Known: Open English WordNet as JSON or WN-LMF XML, Cilin as text, lines of words, JSON Lines with words or members."


@lru_cache(maxsize=4)  # an audit asks for the same file again and again
def thesaurus(path: str) -> dict[str, Groups]:
    """Word, small letters -> its groups of synonyms, one per sense, in the order of the file.

    Args:
        path: a file (also with `.gz` behind its ending) or a folder of such files.

    Raises:
        BadInput: there is no such file, it is of no known kind, or it holds no group of two words.
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise BadInput(f"There is no thesaurus '{path}'.", KNOWN)
    files = sorted(one for one in place.rglob("*") if one.is_file() and ending(one) in ENDINGS) if place.is_dir() else [place]
    found: dict[str, list[tuple[str, ...]]] = {}
    try:
        for group in (group for file in files for group in groups_of(file)):
            for word in group:
                found.setdefault(word.casefold(), []).append(group)
    except (OSError, UnicodeDecodeError, ValueError, ElementTree.ParseError) as error:
        raise BadInput(f"Cannot read '{path}' as a thesaurus: {error}.", KNOWN) from error
    if not found:
        raise BadInput(f"'{path}' holds no group of words that mean the same.", KNOWN)
    return {word: tuple(dict.fromkeys(groups)) for word, groups in found.items()}


def ending(file: Path) -> str:
    """`.json` for `noun.json.gz`."""
    return Path(file.name.removesuffix(".gz")).suffix.lower()


def groups_of(file: Path) -> Iterator[tuple[str, ...]]:
    """The groups of two or more words in a file; words of several parts with spaces between them."""
    kind = ending(file)
    groups = from_lmf(file) if kind == ".xml" else from_json(text_of(file)) if kind == ".json" else from_lines(text_of(file))
    for group in groups:
        words = tuple(dict.fromkeys(word.replace("_", " ").strip() for word in group if word.strip()))
        if len(words) > 1:
            yield words


def text_of(file: Path) -> str:
    """A file's text: UTF-8, or GB 18030 as Cilin is usually passed on."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def from_json(text: str) -> Iterator[Iterable[str]]:
    """Open English WordNet: {"00001740-n": {"members": [...], ...}, ...}; files of entries hold no members."""
    content = json.loads(text)
    rows = content.values() if isinstance(content, dict) else content
    return (members(row) for row in rows if isinstance(row, dict))


def members(row: dict[str, Any]) -> list[str]:
    """The words of one group; words that are only related are none."""
    if row.get("relation", "synonym") != "synonym":
        return []
    listed = row.get("members") or row.get("words") or []
    return [word for word in listed if isinstance(word, str)] if isinstance(listed, list) else []


def from_lines(text: str) -> Iterator[Iterable[str]]:
    """JSON Lines; Cilin (`Aa01A01= 人 士 人物`, of which `=` alone means the same); or words with commas, tabs or spaces."""
    for line in text.splitlines():
        if line.lstrip().startswith("{"):
            yield members(json.loads(line))
            continue
        first, *others = line.split(maxsplit=1) or [""]
        if first[-1:] in "=#@" and len(first) == 8 and first[:2].isalpha():
            yield others[0].split() if first.endswith("=") and others else []
        else:
            yield line.split("\t") if "\t" in line else line.split(",") if "," in line else line.split()


def from_lmf(file: Path) -> Iterator[Iterable[str]]:
    """WN-LMF: lexical entries, whose senses name a synset."""
    synsets: dict[str, list[str]] = {}
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as content:
        for _, element in ElementTree.iterparse(content):
            if element.tag == "LexicalEntry":
                lemma = element.find("Lemma")
                for sense in element.findall("Sense"):
                    if lemma is not None:
                        synsets.setdefault(sense.get("synset", ""), []).append(lemma.get("writtenForm", ""))
                element.clear()
    yield from synsets.values()
