"""LitServe with its own batching, for benchmarks/serve.py: a process for HTTP, one for the model, which it starts by name.

python benchmarks/serve_litserve.py FOLDER PORT
"""

from __future__ import annotations

import os
import sys

import litserve as ls

BATCH = 32


class Api(ls.LitAPI):
    """The pipeline of transformers; the texts of all requests that were gathered go through it at once."""

    def setup(self, device: str) -> None:
        from transformers import pipeline

        self.model = pipeline("text-classification", model=os.environ["FOLDER"], device="cpu", top_k=None, truncation=True)

    def decode_request(self, request: dict[str, list[str]]) -> list[str]:
        return request["texts"]

    def batch(self, inputs: list[list[str]]) -> list[list[str]]:
        return inputs

    def predict(self, inputs: list[list[str]]) -> list[object]:
        found = self.model([text for texts in inputs for text in texts], batch_size=BATCH)
        out, start = [], 0
        for texts in inputs:
            out.append(found[start : start + len(texts)])
            start += len(texts)
        return out

    def unbatch(self, output: list[object]) -> list[object]:
        return output

    def encode_response(self, output: object) -> object:
        return output


if __name__ == "__main__":
    os.environ["FOLDER"] = sys.argv[1]
    server = ls.LitServer(Api(max_batch_size=BATCH, batch_timeout=0.005), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", generate_client_file=False)
