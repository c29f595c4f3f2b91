"""The servers that benchmarks/serve.py asks beside ours, each a process with the same encoder on the same number of threads.

    python benchmarks/serve_peers.py pipeline|infinity|bare FOLDER PORT

`FOLDER` holds the encoder with a classification head as transformers writes it (of `bare`: a model of ours). `bare` is no server:
for each line `one SECONDS` or `many SECONDS` on standard input it reads texts for so long and tells how quick that was.
"""

from __future__ import annotations

import json
import sys
import time

BATCH = 32


def pipeline(folder: str, port: int) -> None:
    """What a tutorial shows: the pipeline of transformers behind FastAPI, one call at a time in a thread."""
    import uvicorn
    from fastapi import FastAPI
    from transformers import pipeline as make

    model, app = make("text-classification", model=folder, device="cpu", top_k=None, truncation=True), FastAPI()

    @app.post("/predict")
    def predict(body: dict[str, list[str]]) -> list[list[dict[str, object]]]:
        return model(body["texts"], batch_size=BATCH)

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def infinity(folder: str, port: int) -> None:
    """infinity_emb with its dynamic batching."""
    import uvicorn
    from infinity_emb import EngineArgs, create_server
    from transformers import PreTrainedTokenizerBase

    if not hasattr(PreTrainedTokenizerBase, "batch_encode_plus"):  # its newest release calls a method that transformers 5 dropped
        PreTrainedTokenizerBase.batch_encode_plus = lambda self, texts, **options: self(texts, **options)
    args = EngineArgs(model_name_or_path=folder, engine="torch", device="cpu", batch_size=BATCH, bettertransformer=False)
    uvicorn.run(create_server(engine_args_list=[args]), host="127.0.0.1", port=port, log_level="warning", access_log=False)


def bare(folder: str) -> None:
    """Our model without a server."""
    from pathlib import Path

    from beside.engine.runtime import load_subject

    subject, texts = load_subject(Path(folder)), json.loads(sys.stdin.readline())
    subject.answers(texts[:BATCH])
    print("ready", flush=True)
    for line in sys.stdin:
        what, seconds = line.split()
        size, took, read = 1 if what == "one" else BATCH, list[float](), 0
        began, cpu = time.perf_counter(), time.process_time()
        while time.perf_counter() - began < float(seconds):
            start = time.perf_counter()
            some = [texts[(read + place) % len(texts)] for place in range(size)]
            subject.answers(some)
            took.append(time.perf_counter() - start)
            read += size
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(json.dumps({"texts": read, "wall": wall, "cpu": cpu, "seconds": took}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "bare":
        bare(sys.argv[2])
    else:
        globals()[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
