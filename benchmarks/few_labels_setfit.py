"""SetFit's own trainer on rows from stdin, for benchmarks/few_labels.py; runs in an environment of its own, without Beside.

Stdin: {"base": folder, "train": [[text, label], ...], "test": [text, ...],
"seed": n, "iterations": n, "threads": n, "scratch": folder}.
Stdout, last line: {"answers": [label, ...], "seconds": s, "pairs": n}. Seconds: from the loaded package to the fitted head.
"""

from __future__ import annotations

import json
import logging
import sys
import time

import torch
from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments

BATCH = 16  # pairs; the package's default, like every other setting that is not named here


def main() -> None:
    """One training as SetFit's documentation shows it, then the answers."""
    job = json.load(sys.stdin)
    logging.disable(logging.WARNING)
    torch.set_num_threads(job["threads"])
    began = time.perf_counter()
    model = SetFitModel.from_pretrained(job["base"], local_files_only=True)
    arguments = TrainingArguments(
        output_dir=job["scratch"],
        batch_size=BATCH,
        num_epochs=1,
        num_iterations=job["iterations"],
        seed=job["seed"],
        save_strategy="no",
        report_to="none",
        show_progress_bar=False,
    )
    texts, labels = zip(*job["train"], strict=True)
    names = sorted(set(labels))
    rows = Dataset.from_dict({"text": list(texts), "label": [names.index(label) for label in labels]})
    Trainer(model=model, args=arguments, train_dataset=rows).train()
    seconds = time.perf_counter() - began
    answers = [names[int(place)] for place in model.predict(job["test"], show_progress_bar=False)]
    print()
    print(json.dumps({"answers": answers, "seconds": seconds, "pairs": 2 * job["iterations"] * len(texts)}))


if __name__ == "__main__":
    main()
