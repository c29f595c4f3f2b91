"""Personal data found in public and own sets, beside Presidio's pattern recognisers: writes protect.md beside this script.

Reads `../shared/data` beside the checkout, or the folder in BESIDE_BENCH_DATA, and the Chinese sentences of the tests. Presidio
runs in the Python that BESIDE_BENCH_PRESIDIO names; without it the table has no peer. Nothing was developed on the rows measured
here: the development rows are the training rows of presidio_synth_pii and of CLUENER, and tests/recognizers/chinese_seen.txt.

    python benchmarks/protect.py
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from protect_scores import FREE, KINDS, Row, exact, f_of, jsonl, precision, recall, shown, tagged, whole, words

from beside.core.registry import names
from beside.protection import spans

HERE = Path(__file__).parent
DATA = Path(os.environ.get("BESIDE_BENCH_DATA", HERE.parent.parent / "shared" / "data"))
PEER = os.environ.get("BESIDE_BENCH_PRESIDIO")
CHINESE = HERE.parent / "tests" / "recognizers" / "chinese_measured.txt"
PAGE = HERE / "protect.md"
ROUNDS = 5
ENOUGH = 0.4  # score from which a result of Presidio counts; its telephone numbers have just that
STRUCTURED = tuple(kind for kind in names("recognizers") if kind not in FREE)
SIZES = (625_000, 2_500_000, 10_000_000)  # bytes


class Peer:
    """Presidio in a process of its own."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen(
            [python, HERE / "protect_presidio.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.ask(["warm up: 4111 1111 1111 1111, anna@example.com"])

    def ask(self, texts: Sequence[str]) -> tuple[float, list[list[tuple[int, int]]]]:
        """Seconds it took, and what it found in each text."""
        pipe, answers = self.process.stdin, self.process.stdout
        if pipe is None or answers is None:
            raise RuntimeError("the peer has no pipes")
        print(json.dumps(list(texts)), file=pipe, flush=True)
        told = json.loads(answers.readline())
        return told["seconds"], [[(start, end) for start, end, _, score in each if score >= ENOUGH] for each in told["spans"]]


def main() -> None:
    """Measures everything and writes the page."""
    peer = Peer(PEER) if PEER else None
    english, sentences = jsonl(DATA / "presidio_synth_pii" / "dev.jsonl"), tagged(CHINESE)
    news = jsonl(DATA / "cluener2020" / "dev.jsonl")
    spans("王小明 12 Main Street")  # lists and dictionaries are read
    body = [
        "# Personal data",
        "",
        f"{datetime.now(UTC).date().isoformat()}, {platform.machine()}, {os.cpu_count()} cores, by `benchmarks/protect.py`. "
        "Intervals: 95 %, rows resampled. Development rows were others: see the script.",
        "",
        *english_part(english, peer),
        *chinese_part(sentences, peer),
        *news_part(news),
        *speed_part(peer),
        *length_part(),
    ]
    PAGE.write_text("\n".join(body) + "\n", encoding="utf-8")
    print("\n".join(body))


def places(text: str, kinds: Sequence[str] | None = None) -> list[tuple[int, int]]:
    """Where Beside finds something."""
    return [(span.start, span.end) for span in spans(text, kinds)]


def english_part(rows: list[Row], peer: Peer | None) -> Iterator[str]:
    """presidio_synth_pii: words covered, and values covered whole."""
    ours = [places(row.text) for row in rows]
    theirs = peer.ask([row.text for row in rows])[1] if peer else None
    yield f"## English: presidio_synth_pii, {len(rows)} dev rows"
    yield ""
    yield "| words, personal or not | precision | recall | F2 |"
    yield "| --- | --- | --- | --- |"
    for every, said in ((False, "kinds that are looked for"), (True, "every label, ages, dates, titles and nationalities too")):
        for who, found in (("Beside", ours), ("Presidio's patterns", theirs)):
            if found is not None:
                counts = [words(row, one, every) for row, one in zip(rows, found, strict=True)]
                yield f"| {who}, {said} | {shown(counts, precision)} | {shown(counts, recall)} | {shown(counts, f_of(2))} |"
    yield ""
    yield "Published for Presidio with its language model, on the whole set: precision 0.685 and recall 0.603 out of the box,"
    yield "0.870 and 0.839 tuned."
    yield ""
    yield "| label | kind | values | covered whole by Beside | by Presidio's patterns |"
    yield "| --- | --- | --- | --- | --- |"
    for label, kind in KINDS.items():
        cells = []
        for found in (ours, theirs):
            hits = [hit for row, one in zip(rows, found or [[]] * len(rows), strict=True) for hit in whole(row, one, label)]
            cells.append(str(sum(hits)) if found is not None else "-")
        if hits:
            yield f"| {label} | {kind} | {len(hits)} | {' | '.join(cells)} |"
    yield ""


def chinese_part(rows: list[Row], peer: Peer | None) -> Iterator[str]:
    """The Chinese sentences: spans with the right edges and kind."""
    found = [{(span.start, span.end, span.kind) for span in spans(row.text)} for row in rows]
    marked = sum(len(row.marked) for row in rows)
    yield f"## Chinese: {len(rows)} sentences with {marked} values"
    yield ""
    yield "Written by hand for this project, with invented people and numbers, before the recognizers were worked on. What they"
    yield "got wrong here was never looked at."
    yield ""
    yield "| kind | values | precision | recall |"
    yield "| --- | --- | --- | --- |"
    groups = [("**structured kinds together**", STRUCTURED), *((kind, (kind,)) for kind in names("recognizers"))]
    for said, kinds in groups:
        counts = [exact(row, one, kinds) for row, one in zip(rows, found, strict=True)]
        total = sum(both + lost for both, _, lost in counts)
        yield f"| {said} | {total} | {shown(counts, precision)} | {shown(counts, recall)} |"
    yield ""
    if peer:
        theirs = peer.ask([row.text for row in rows])[1]
        hits = [
            (hit, other)
            for row, one, two in zip(rows, found, theirs, strict=True)
            for kind in STRUCTURED
            for hit, other in zip(whole(row, [each[:2] for each in one], kind), whole(row, two, kind), strict=True)
        ]
        yield f"Structured values covered whole, whatever the kind: {sum(hit for hit, _ in hits)} of {len(hits)} by Beside, "
        yield f"{sum(other for _, other in hits)} by Presidio's patterns, which have none for mainland China."
        yield ""


def news_part(rows: list[Row]) -> Iterator[str]:
    """CLUENER: names in news, with the right edges."""
    named = [Row(row.text, frozenset((start, end, "person") for start, end, name in row.marked if name == "name")) for row in rows]
    found = [{(span.start, span.end, span.kind) for span in spans(row.text)} for row in rows]
    counts = [exact(row, one, ("person",)) for row, one in zip(named, found, strict=True)]
    yield f"## Chinese news: CLUENER2020, {len(rows)} dev rows, names of people"
    yield ""
    yield f"Precision {shown(counts, precision)}, recall {shown(counts, recall)}, F1 {shown(counts, f_of(1))}."
    yield "By the training rows, nicknames of players and foreign"
    yield "names without a dot are most of what is missed; teams and towns in foreign names most of what is wrong."
    yield ""


def speed_part(peer: Peer | None) -> Iterator[str]:
    """Characters per second, row by row and in one piece, in turns with the peer."""
    chinese = [row.text for row in tagged(CHINESE.with_name("chinese_seen.txt"))]
    english = [row.text for row in jsonl(DATA / "presidio_synth_pii" / "train.jsonl")]
    news = [row.text for row in jsonl(DATA / "cluener2020" / "dev.jsonl")]
    yield f"## Speed, characters per second, median of {ROUNDS} rounds in turns"
    yield ""
    yield "| texts | Beside, structured kinds | Beside, all kinds | Presidio's patterns | structured, times as fast | all, times |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for said, rows in (("English", english), ("Chinese full of values", chinese), ("Chinese news", news)):
        for way, texts in ((f"{len(rows)} rows", rows), ("in one piece", ["\n".join(rows)])):
            size = sum(map(len, texts))
            rounds = [(timed(texts, STRUCTURED), timed(texts, None), peer.ask(texts)[0] if peer else 0.0) for _ in range(ROUNDS)]
            structured, every, theirs = (size / max(1e-9, median(column)) for column in zip(*rounds, strict=True))
            other = f"{theirs:,.0f} | {structured / theirs:.1f} | {every / theirs:.1f}" if peer else "- | - | -"
            yield f"| {said}, {way} | {structured:,.0f} | {every:,.0f} | {other} |"
    yield ""


def timed(texts: Sequence[str], kinds: Sequence[str] | None) -> float:
    """Seconds for all the texts."""
    begin = perf_counter()
    for text in texts:
        spans(text, kinds)
    return perf_counter() - begin


def length_part() -> Iterator[str]:
    """Time and memory for long texts on one single line."""
    yield "## One single line, however long"
    yield ""
    yield "| text | size | seconds | per MB | memory above that of 0.6 MB |"
    yield "| --- | --- | --- | --- | --- |"
    mixed = " ".join(row.text for row in (*tagged(CHINESE), *jsonl(DATA / "presidio_synth_pii" / "dev.jsonl"))).replace("\n", " ")
    for said, unit in (("sentences of both languages", mixed), ("one surname again and again", "王")):
        first = 0
        for size in SIZES:
            text = (unit * (size // len(unit.encode()) + 1)).encode()[:size].decode("utf-8", "ignore")
            begin = perf_counter()
            spans(text)
            seconds, peak = perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            first = first or peak
            yield f"| {said} | {size / 1e6:.1f} MB | {seconds:.1f} | {seconds / size * 1e6:.2f} | {peak - first} MB |"


if __name__ == "__main__":
    sys.exit(main())
