"""The command line as programs and people meet it: one JSON document, words on stderr, exit codes, and no traceback, ever."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from beside.cli.terminal import put_json

CODES = {"bad_input": 2, "bad_option": 2, "unknown_name": 2, "not_enough_data": 2, "storage_failed": 2, "busy": 2, "altered": 2}


@pytest.fixture
def refused(beside: Any, tmp_path: Path) -> Callable[..., str]:
    """`refused(code, *args)`: the command must be refused with that error, in words and in JSON; the words."""

    def tried(code: str, *args: object, **given: Any) -> str:
        ended = beside(*args, "--json", cwd=tmp_path, **given)
        assert "Traceback" not in ended.err and ended.code == CODES[code], f"{ended.code}: {ended.err}"
        error = ended.json["error"]
        assert error.keys() == {"code", "message", "hint"} and error["code"] == code, error
        assert error["message"] in ended.err and error["hint"] in ended.err and error["hint"]
        return f"{error['message']} {error['hint']}"

    return tried


@pytest.fixture
def rows(tmp_path: Path, messages: Any) -> Path:
    """A good file of 90 rows."""
    return written(tmp_path / "rows.csv", [["text", "label"], *messages(90)])


def written(file: Path, table: list[Any]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(table)
    return file


def state_of(workspace: Path) -> dict[str, bytes]:
    """Every artifact, by name: what must survive whatever goes wrong."""
    return {path.name: path.read_bytes() for path in (workspace / ".beside" / "artifacts").rglob("*") if path.is_file()}


# bad input


def test_mixed_encodings_are_refused_with_the_line(refused: Any, tmp_path: Path, messages: Any) -> None:
    lines = [f"{text} café,{label}\n" for text, label in messages(60)]
    content = [line.encode("latin-1" if place % 2 else "utf-8") for place, line in enumerate(lines)]
    (tmp_path / "mixed.csv").write_bytes(b"text,label\n" + b"".join(content))
    told = refused("bad_input", "import", "mixed.csv", "--name", "inbox")
    assert "Cannot tell the encoding of 'mixed.csv': line 3 is not UTF-8" in told and "UTF-8" in told


@pytest.mark.parametrize(
    "name, content, code, said",
    [
        ("empty.csv", b"", "bad_input", "empty"),
        ("head.csv", b"text,label\n", "bad_input", ""),
        ("binary.csv", bytes(range(256)) * 40, "bad_input", ""),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(2000), "bad_input", ""),
        ("one.csv", b"text,label\n" + b"".join(b"some words %d,refund\n" % n for n in range(60)), "not_enough_data", "one label"),
        ("few.csv", b"text,label\nlost my card,lost\ngive money back,refund\n", "not_enough_data", "too few"),
    ],
)
def test_a_file_that_holds_no_corpus_is_refused(
    refused: Any, tmp_path: Path, name: str, content: bytes, code: str, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert said in refused(code, "import", name, "--name", "inbox")


def test_no_file_a_folder_and_a_wrong_column_are_refused(refused: Any, rows: Path, tmp_path: Path) -> None:
    assert "nowhere.csv" in refused("bad_input", "import", "nowhere.csv", "--name", "inbox")
    (tmp_path / "odd").mkdir()
    refused("bad_input", "import", "odd", "--name", "inbox")
    told = refused("bad_input", "import", rows, "--name", "inbox", "--label", "lable")
    assert "lable" in told and "label" in told.replace("lable", "")


def test_a_line_of_50_megabytes_is_refused_or_read_but_kills_nothing(beside: Any, tmp_path: Path, messages: Any) -> None:
    lines = [f"{text},{label}\n" for text, label in messages(60)]
    with (tmp_path / "long.csv").open("w") as file:
        file.writelines(["text,label\n", *lines, f"{'long ' * 10_000_000},refund\n"])
    ended = beside("import", "long.csv", "--name", "inbox", "--json", cwd=tmp_path)
    assert "Traceback" not in ended.err and ended.code == 0, ended.err
    assert ended.json["report"]["refused"] == 1 and ended.json["report"]["kept"] == 60
    assert "62" in json.dumps(ended.json["report"]["refusals"])


@pytest.mark.parametrize("every, code", [(3, 0), (2, 2)], ids=["a third", "half"])
def test_rows_without_a_label_are_counted_and_half_of_them_are_too_many(
    beside: Any, tmp_path: Path, messages: Any, every: int, code: int
) -> None:
    table = [["text", "label"], *((text, label if place % every else "") for place, (text, label) in enumerate(messages(180)))]
    written(tmp_path / "partly.csv", table)
    ended = beside("import", "partly.csv", "--name", "inbox", "--json", cwd=tmp_path)
    assert ended.code == code and "Traceback" not in ended.err, ended.err
    if code:
        assert "90 of 180 rows have no label" in ended.json["error"]["message"]
    else:
        report = ended.json["report"]
        assert report["rows_read"] == 180 and report["refused"] == 60 == report["rows_read"] - report["kept"]


def test_a_full_disk_loses_nothing_that_was_there(beside: Any, refused: Any, tmp_path: Path, messages: Any, rows: Path) -> None:
    assert beside("import", rows, "--name", "inbox", cwd=tmp_path).code == 0
    before = state_of(tmp_path)
    written(tmp_path / "more.csv", [["text", "label"], *messages(3000, 7)])
    refused("storage_failed", "import", "more.csv", "--name", "more", fsize=20_000)
    assert state_of(tmp_path) == before
    assert [one["name"] for one in beside("list", "corpora", "--json", cwd=tmp_path).json] == ["inbox"]
    assert beside("import", "more.csv", "--name", "more", cwd=tmp_path).code == 0


# training


@pytest.fixture
def inbox(beside: Any, rows: Path, tmp_path: Path) -> str:
    return str(beside("import", rows, "--name", "inbox", "--json", cwd=tmp_path).json["id"])


def test_knobs_that_do_not_exist_or_cannot_be_are_refused(refused: Any, inbox: str, tmp_path: Path) -> None:
    assert "Did you mean 'epochs'?" in refused("bad_option", "train", "inbox", "--set", "epoch=3")
    assert "epochs" in refused("bad_option", "train", "inbox", "--set", "epochs=0")
    assert "key=value" in refused("bad_option", "train", "inbox", "--set", "epochs")
    assert "no file" in refused("bad_option", "train", "inbox", "--recipe", "nowhere.toml")
    (tmp_path / "odd.toml").write_text("epochs = [")
    refused("bad_option", "train", "inbox", "--recipe", "odd.toml")
    assert "lpft" in refused("unknown_name", "train", "inbox", "--method", "lpff")


def test_names_that_are_not_there_get_a_close_one(refused: Any, inbox: str) -> None:
    assert "inbox" in refused("unknown_name", "train", "inbix")
    refused("unknown_name", "audit", "run-000000000000")
    refused("unknown_name", "predict", "release-000000000000", "text")
    refused("unknown_name", "improve", "release-000000000000")
    assert "corpora" in refused("unknown_name", "list", "corpus")


def test_resuming_needs_something_to_resume(refused: Any, inbox: str) -> None:
    assert f"no unfinished training of '{inbox}'" in refused("bad_input", "train", "inbox", "--resume")
    assert "no unfinished training to resume" in refused("bad_input", "train", "--resume")
    assert "No corpus was given" in refused("bad_input", "train")


def test_a_refused_training_leaves_nothing_to_resume(refused: Any, inbox: str) -> None:
    refused("bad_input", "train", "inbox", "--base", "./no/such/base")
    refused("bad_input", "train", "--resume")


def test_two_processes_do_not_work_in_one_workspace(beside: Any, refused: Any, inbox: str, rows: Path, tmp_path: Path) -> None:
    wait = "import time\nfrom beside.stages import train\ntrain.train = lambda *a, **k: time.sleep(600)\n"
    started = beside.start("train", "inbox", cwd=tmp_path, patch=wait)
    try:
        lock = tmp_path / ".beside" / "lock"
        wait_for(lambda: lock.exists() and "train" in lock.read_text())
        told = refused("busy", "import", rows, "--name", "other")
        assert f"`beside train` (process {started['pid']})" in told
        assert beside("list", "corpora", "--json", cwd=tmp_path).code == 0, "reading is free"
    finally:
        os.kill(started["pid"], signal.SIGINT)
    stopped = beside.join(started)
    assert stopped.code == 130 and "Traceback" not in stopped.err
    assert beside("import", rows, "--name", "other", cwd=tmp_path).code == 0


def wait_for(ready: Callable[[], bool]) -> None:
    until = monotonic() + 60
    while not ready():
        assert monotonic() < until
        sleep(0.05)


# the command line itself


@pytest.mark.parametrize(
    "words",
    [["fly"], ["train", "--fast"], ["import"], ["review", "release-1"], ["audit"], ["train", "a", "b"], ["serve", "--port", "0"]],
)
def test_a_command_or_option_that_does_not_exist_ends_with_2(beside: Any, tmp_path: Path, words: list[str]) -> None:
    ended = beside(*words, cwd=tmp_path)
    assert ended.code == 2 and ended.out == "" and "Traceback" not in ended.err
    assert "--help" in ended.err


def test_a_command_that_only_reads_makes_no_workspace(refused: Any, tmp_path: Path) -> None:
    for words in (["list", "runs"], ["train", "inbox"], ["audit", "run-1"], ["user", "maria"], ["predict", "release-1", "text"]):
        assert "There is no workspace" in refused("bad_input", *words)
    assert list(tmp_path.iterdir()) == []


def test_predicting_needs_one_source_of_texts(beside: Any, refused: Any, inbox: str, tmp_path: Path) -> None:
    assert "either TEXT or --file" in refused("bad_input", "predict", "release-1")
    assert "either TEXT or --file" in refused("bad_input", "predict", "release-1", "text", "--file", "texts.txt")
    assert "nowhere.txt" in refused("bad_input", "predict", "release-1", "--file", "nowhere.txt")
    (tmp_path / "blank.txt").write_text("\n \n")
    assert "holds no text" in refused("bad_input", "predict", "release-1", "--file", "blank.txt")
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refused("bad_input", "predict", "release-1", "--file", "odd.txt")


def test_a_decision_is_yes_or_no(refused: Any, inbox: str) -> None:
    assert "approve or reject" in refused("bad_option", "review", "release-1", "perhaps", "--reason", "who knows")


def failing(error: str) -> str:
    """A training that ends with this error."""
    return f"from beside.stages import train\ndef failed(*given, **named):\n    raise {error}\ntrain.train = failed\n"


def test_a_fault_of_ours_is_told_as_one_with_its_place_and_in_json(beside: Any, inbox: str, tmp_path: Path) -> None:
    fault = failing("ZeroDivisionError('one by none')")
    ended = beside("train", "inbox", "--json", cwd=tmp_path, patch=fault)
    assert ended.code == 2 and ended.json["error"]["code"] == "unexpected"
    assert "Unexpected ZeroDivisionError: one by none" in ended.err and "loop.py" in ended.err


def test_a_system_that_refuses_is_told_in_words(beside: Any, inbox: str, tmp_path: Path) -> None:
    fault = (
        "from beside.stages import train\ndef train_(*a, **k): raise OSError(28, 'No space left on device')\ntrain.train = train_\n"
    )
    ended = beside("train", "inbox", "--json", cwd=tmp_path, patch=fault)
    assert (ended.code, ended.json["error"]["code"]) == (2, "storage_failed") and "No space left on device" in ended.err


def test_json_is_ascii_where_the_terminal_does_not_speak_utf8(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:

    for encoding, shown in (("utf-8", "退款"), ("latin-1", "\\u9000\\u6b3e")):
        out = BytesIO()
        monkeypatch.setattr(sys, "stdout", TextIOWrapper(out, encoding=encoding))
        put_json({"label": "退款"})
        sys.stdout.flush()
        assert shown in out.getvalue().decode(encoding) and json.loads(out.getvalue().decode(encoding)) == {"label": "退款"}


@pytest.mark.slow
def test_the_installed_command_runs(tmp_path: Path) -> None:
    installed = str(Path(sys.executable).parent / "beside")
    made = subprocess.run([installed, "new", "desk", "--json"], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["workspace"] == "desk" and (tmp_path / "desk" / "beside.toml").is_file()
    again = subprocess.run([installed, "new", "desk"], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert again.returncode == 2 and "There is a workspace" in again.stderr and again.stdout == ""
    module = subprocess.run([sys.executable, "-m", "beside", "--version"], capture_output=True, text=True, timeout=100)
    assert module.returncode == 0 and module.stdout.startswith("beside ")
