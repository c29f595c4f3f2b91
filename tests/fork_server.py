"""Runs `beside` commands in forked processes: torch is imported once, then every command starts at once.

Reads one JSON object a line on standard input and answers with one: {"args", "cwd", "patch", "fsize", "wait"} -> {"pid"} or
{"code", "out", "err"}. `patch` is Python that runs before the command, to set a constant or to kill the process at a chosen moment;
`fsize` is the largest file in bytes that the process may write (what a full disk looks like). Nothing here computes with torch
before it forks: a forked process may not use threads of its parent.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

PRELOADED = (
    "beside.stages.train",
    "beside.stages.rerun",
    "beside.stages.search",
    "beside.engine.trial",
    "beside.loop",
    "beside.cli.telling",
    "sklearn.metrics",
    "torch.utils.tensorboard",
    "transformers.models.bert.modeling_bert",
    "transformers.models.auto.tokenization_auto",
    "beside.store.migrations",
)


def run(job: dict[str, Any], out: Path, err: Path) -> None:
    """In the forked process: the command as its entry point runs it."""
    os.chdir(job["cwd"])
    for file, number in ((out, 1), (err, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w", encoding="utf-8"), os.fdopen(2, "w", encoding="utf-8", buffering=1)
    if job.get("fsize"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["fsize"], resource.RLIM_INFINITY))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts with it ignored
    exec(job.get("patch", ""), {})
    sys.argv = ["beside", *job["args"]]
    (command,) = entry_points(group="console_scripts", name="beside")
    code: Any = 1
    try:
        command.load()()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 1)


def answer(job: dict[str, Any], folder: Path, number: int) -> dict[str, Any]:
    """Forks, and waits for the end unless the job says otherwise."""
    if "join" in job:
        number = job["number"]
        process = job["join"]
    else:
        process = os.fork()
        if not process:
            run(job, folder / f"{number}.out", folder / f"{number}.err")
        if not job.get("wait", True):
            return {"pid": process, "number": number}
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    said = ((folder / f"{number}.{end}").read_text(encoding="utf-8", errors="replace") for end in ("out", "err"))
    return {"code": code, **dict(zip(("out", "err"), said, strict=True))}


def warm_up(folder: Path) -> None:
    """What every process would do anew: database schema, tables of the libraries."""
    import torch
    from transformers import BertConfig, BertModel

    from beside.store.workspace import Workspace

    Workspace.open(folder / "warm").close()
    torch.set_num_threads(1)  # no threads are started before the fork; a command sets its own number
    size = {"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4, "vocab_size": 8}
    BertModel(BertConfig(**size)).save_pretrained(folder / "base")
    BertModel.from_pretrained(folder / "base")


def main() -> None:
    """Answers until standard input ends."""
    for name in PRELOADED:
        __import__(name)
    folder = Path(sys.argv[1])
    warm_up(folder)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for number, line in enumerate(sys.stdin):
        answers.write(json.dumps(answer(json.loads(line), folder, number)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
