"""More contestants of finetune.py: LoRA by `Trainer` and peft, sentence-transformers' trainer, and SetFit in its own environment.

The last two train the encoder by comparing texts and fit a logistic regression on its vectors after each pass, as their
documentation shows; that fit is part of the pass. SetFit's package cannot be installed beside Beside: run as a program,
`python finetune_peers.py ADDRESS COUNT EPOCHS` connects to the race and needs torch, setfit and the standard library alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from multiprocessing.connection import Client, Connection

from finetune_contestants import BATCH, embedded, memory, names, race, rows, take_turns

LORA_RATE = 1e-3  # peft's quick tour
TRIPLET_RATE = 2e-5  # sentence-transformers' examples
PAIRS = 2  # that SetFit makes of a row in a pass (num_iterations=1): its default of 20 iterations is twenty passes here


def trainer_lora(turn: Connection, count: int, epochs: int) -> None:
    """Hugging Face Trainer with peft's LoRA on query and value, rank 8, as peft's quick tour shows it."""
    from peft import LoraConfig, TaskType, get_peft_model

    def with_lora(model: object) -> object:
        settings = LoraConfig(task_type=TaskType.SEQ_CLS, r=8, lora_alpha=32, lora_dropout=0.1, target_modules=["query", "value"])
        return get_peft_model(model, settings)

    race(turn, count, epochs, with_lora, LORA_RATE)


def sentence_transformers(turn: Connection, count: int, epochs: int) -> None:
    """sentence-transformers' trainer on labelled texts (batch-all triplets), then logistic regression on its vectors."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.losses import BatchAllTripletLoss
    from sklearn.linear_model import LogisticRegression
    from transformers import TrainerCallback

    texts, labels, dev_texts, dev_labels = rows(count)
    model = SentenceTransformer(str(embedded()), device="cpu")
    head = LogisticRegression(max_iter=1000)

    class Turns(TrainerCallback):
        """Waits for its turn at the start of an epoch, fits the head and reports at its end."""

        def on_epoch_begin(self, *_: object, **__: object) -> None:
            turn.recv()
            self.began = time.perf_counter()

        def on_epoch_end(self, *_: object, **__: object) -> None:
            model.eval()
            head.fit(model.encode(texts, show_progress_bar=False), labels)
            seconds = time.perf_counter() - self.began
            right = head.predict(model.encode(dev_texts, show_progress_bar=False)) == dev_labels
            turn.send((seconds, float(right.mean()), memory()))
            model.train()

    arguments = SentenceTransformerTrainingArguments(
        tempfile.mkdtemp(),
        num_train_epochs=epochs,
        per_device_train_batch_size=BATCH,
        learning_rate=TRIPLET_RATE,
        batch_sampler="group_by_label",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        logging_strategy="no",
    )
    given = Dataset.from_dict({"sentence": texts, "label": labels})
    machine = SentenceTransformerTrainer(
        model=model, args=arguments, train_dataset=given, loss=BatchAllTripletLoss(model), callbacks=[Turns()]
    )
    turn.send(("ready", 0.0))
    machine.train()


def setfit(turn: Connection, count: int, epochs: int) -> None:
    """SetFit's own trainer: each pass makes two pairs of every row, trains on them and fits the head again."""
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    texts, labels, dev_texts, dev_labels = rows(count)
    model = SetFitModel.from_pretrained(os.environ["BESIDE_BENCH_BASE"], local_files_only=True)
    model.labels = None
    given = Dataset.from_dict({"text": texts, "label": labels})

    def one_pass() -> None:
        settings = TrainingArguments(
            output_dir=tempfile.mkdtemp(),
            batch_size=BATCH,
            num_epochs=1,
            num_iterations=PAIRS // 2,
            save_strategy="no",
            report_to="none",
            show_progress_bar=False,
        )
        Trainer(model=model, args=settings, train_dataset=given).train()

    def accuracy() -> float:
        answers = [int(answer) for answer in model.predict(dev_texts, show_progress_bar=False)]
        return sum(answer == label for answer, label in zip(answers, dev_labels, strict=True)) / len(dev_labels)

    take_turns(turn, epochs, 0.0, one_pass, accuracy)


if __name__ == "__main__":
    with Client(sys.argv[1], family="AF_UNIX") as there:
        names()  # an unreadable set ends it before the race begins
        setfit(there, int(sys.argv[2]), int(sys.argv[3]))
