"""Every knob of a run and of a policy: default, unit, reason.

A recipe is read from defaults, then a TOML file, then `--set key=value`; an unknown key is refused with a close name. A knob
whose default is `None` is filled in by the training stage from the data, and what was filled in is printed and stored.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from beside.core.defence_knobs import DefenceKnobs
from beside.core.knobs import checked as checked
from beside.core.knobs import describe
from beside.core.knobs import knob as knob
from beside.core.knobs import read_knobs as read_knobs
from beside.core.knobs import read_toml as read_toml
from beside.core.policy import Limit as Limit
from beside.core.policy import Policy as Policy

BEST = "best"  # in place of a method: the one that does best in cross-validation


class Knobs(BaseModel):
    """The knobs of every training; those of defences have their own file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = knob("embedded", "name", "the model inside the installation; needs no download and reads English")
    method: str | None = knob(
        None, "name", "lpft: head first, then everything, distorts less (Kumar et al. 2022); full for `scratch`; best = measured"
    )
    epochs: int | None = knob(None, "passes", "more passes when there are few rows; chosen from the rows per class", ge=1, le=1000)
    batch_size: int | None = knob(
        None,
        "rows",
        "16 where rows are few: small batches generalise well; 32 where they are many: each row costs less",
        ge=1,
        le=4096,
    )
    accumulation: int = knob(1, "batches", "batches whose gradients are added up before one step", ge=1, le=1024)
    optimizer: Literal["adamw", "sgd"] = knob("adamw", "name", "AdamW is the standard for transformers (Loshchilov & Hutter 2019)")
    learning_rate: float | None = knob(None, "per step", "of the encoder; chosen from the base and the rows", gt=0, le=1)
    head_learning_rate: float | None = knob(None, "per step", "of the head; the head may move faster than the encoder", gt=0, le=10)
    schedule: Literal["linear", "constant"] = knob("linear", "name", "linear decay to zero after the warm-up")
    warmup: float = knob(0.1, "share of steps", "the first steps are small while Adam's moments settle", ge=0, le=1)
    weight_decay: float = knob(0.01, "per step", "the usual value for BERT-like encoders", ge=0, le=1)
    clip_norm: float = knob(1.0, "gradient norm", "one odd batch must not throw the weights; 0 = off", ge=0)
    dropout: float | None = knob(None, "share", "None keeps what the base model was pre-trained with", ge=0, lt=1)
    label_smoothing: float = knob(0.0, "share", "off, so that probabilities mean what they say", ge=0, lt=1)
    class_weights: Literal["none", "balanced"] = knob(
        "none", "name", "balanced = inverse class frequency, for rare classes that matter"
    )
    sampling: Literal["none", "balanced"] = knob(
        "none", "name", "balanced = rows of rare classes are repeated, so that an epoch shows each class equally often"
    )
    loss: Literal["cross_entropy", "focal", "generalized_cross_entropy"] = knob(
        "cross_entropy", "name", "focal for many easy rows and few hard ones; generalized_cross_entropy for wrong labels"
    )
    focal_gamma: float = knob(
        2.0, "power", "of focal loss: how little sure answers count (Lin et al. 2017); 0 = cross-entropy", ge=0, le=10
    )
    gce_q: float = knob(
        0.7,
        "power",
        "of generalized cross-entropy: near 0 = cross-entropy, 1 = mean absolute error (Zhang & Sabuncu 2018)",
        gt=0,
        le=1,
    )
    max_length: int | None = knob(
        None, "tokens", "None = the longest row up to 256; longer rows are cut, counted and shown", ge=4, le=8192
    )
    pooling: Literal["auto", "unit", "mean", "cls"] = knob(
        "auto", "name", "unit = mean of tokens at unit length, as sentence encoders were trained"
    )
    frozen_layers: int | None = knob(
        None, "layers", "bottom layers kept as pre-trained; they are run once, so epochs get faster", ge=0, le=100
    )
    lora_rank: int = knob(8, "ranks", "of each update of lora; 4 to 16 do equally well (Hu et al. 2022)", ge=1, le=1024)
    lora_alpha: int | None = knob(None, "factor", "updates are scaled by alpha / rank; None = 16 for lora, 32 for adalora", ge=1)
    lora_dropout: float = knob(0.0, "share", "on what goes into the updates of lora and adalora, beside the base's own", ge=0, lt=1)
    lora_targets: Literal["all", "attention"] = knob(
        "all", "name", "linear layers that lora and adalora adapt: all match full fine-tuning; attention = query and value alone"
    )
    adalora_rank: int = knob(8, "ranks", "mean rank that adalora leaves in each matrix", ge=1, le=1024)
    adalora_initial_rank: int = knob(
        12, "ranks", "rank that adalora begins with: half more than it keeps (Zhang et al. 2023)", ge=2, le=2048
    )
    prefix_length: int = knob(
        8, "tokens", "learned tokens before each text, in every layer; on SST-2 8 beat 20 and 32", ge=1, le=512
    )
    adapter_size: int = knob(64, "numbers", "width of each bottleneck of adapter (Houlsby et al. 2019)", ge=1, le=4096)
    adapter_style: Literal["houlsby", "pfeiffer"] = knob(
        "houlsby", "name", "houlsby = two bottlenecks a layer, and its norms learn; pfeiffer = one, half as many parameters"
    )
    prompt: str = knob(
        "auto",
        "template",
        "of generate: {text} is where the row's text goes; auto = the chat template of the base, or the text and an empty line",
        max_length=4000,
    )
    max_new_tokens: int | None = knob(
        None, "tokens", "of generate: longest answer; None = the longest in the rows, up to 256", ge=1, le=4096
    )
    decoding: Literal["greedy", "sample", "beam"] = knob(
        "greedy", "name", "of generate: how answers are written unless a caller asks otherwise; greedy gives the same each time"
    )
    temperature: float = knob(1.0, "divisor", "of decoding=sample: below 1 keeps to likely words", gt=0, le=10)
    top_p: float = knob(
        1.0, "share", "of decoding=sample: only the likeliest words that make up this share (Holtzman et al. 2020)", gt=0, le=1
    )
    top_k: int = knob(0, "tokens", "of decoding=sample: only so many of the likeliest; 0 = no limit", ge=0, le=1000)
    beams: int = knob(4, "answers", "of decoding=beam: kept side by side while one is written", ge=2, le=16)
    head_start: Literal["auto", "logistic", "prototype"] = knob(
        "auto",
        "name",
        "the probe's head: logistic regression, or class means as in prototypical networks (Snell et al. 2017) for few rows",
    )
    label_names: bool | None = knob(None, "yes/no", "each label's own name is one more training text; helps when rows are few")
    epoch_report: bool = knob(False, "yes/no", "print the per-class table on the tune split after each epoch; changes nothing else")
    patience: int | None = knob(None, "epochs", "stop after so many epochs without a better tune score; None = never", ge=1)
    ranker: Literal["bi-encoder", "cross-encoder"] = knob(
        "bi-encoder",
        "name",
        "of the task rank: bi-encoder = a vector per text, finds among any number; cross-encoder = reads both, reorders 50",
    )
    rank_temperature: float = knob(
        0.05, "cosine", "of the bi-encoder's softmax over a batch: lower minds the nearest negatives more", ge=0.005, le=1
    )
    negatives: int = knob(4, "candidates", "of each relevant pair that the cross-encoder learns from", ge=1, le=100)
    negatives_from: Literal["hard", "random"] = knob(
        "hard", "name", "hard = half of them share words with the query (BM25, Robertson & Zaragoza 2009), half by chance"
    )
    keep_candidates: bool = knob(
        True, "yes/no", "the task rank keeps every candidate of the corpus with the model, so that a query alone finds its answer"
    )
    precision: Literal["fp32", "bf16", "fp16"] | None = knob(
        None,
        "name",
        "of products in training: bf16 where the device has it, on GPUs without it fp16 with a scaled loss; weights and steps "
        "stay fp32 (Kalamkar et al. 2019; Micikevicius et al. 2018)",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = knob("auto", "name", "where the numbers are worked on: a GPU when there is one")
    processes: int = knob(
        1,
        "processes",
        "that share the rows of every batch, each with threads or a GPU of its own; steps are those of one process",
        ge=1,
        le=64,
    )
    gradient_checkpointing: bool | None = knob(
        None,
        "yes/no",
        "activations are computed a second time instead of kept, with the same gradients (Chen et al. 2016); "
        "None = where a batch would take half of the free memory",
    )
    compile: bool | None = knob(
        None, "yes/no", "layers are compiled before the first step, which takes a minute; None = on a CUDA GPU from 1,000 steps on"
    )
    rounds: int = knob(0, "rounds", "of training across sites, each a step of the common model; 0 = in one place", ge=0, le=10_000)
    local_epochs: int = knob(1, "passes", "of a site over its rows in each round; with more, sites drift apart", ge=1, le=100)
    proximal_mu: float = knob(
        0.0, "weight", "holds sites near the common weights (FedProx, Li et al. 2020); 0 = plain FedAvg (McMahan et al. 2017)", ge=0
    )
    secure_aggregation: bool = knob(
        False, "yes/no", "the coordinator learns the sum of the sites' updates and no single one (Bonawitz et al. 2017)"
    )
    site_clip: float = knob(0.0, "norm", "longest update that a site may send (DP-FedAvg, McMahan et al. 2018); 0 = any", ge=0)
    site_noise: float = knob(
        0.0, "clips", "standard deviation of the noise on the sum of updates; its cost is told as epsilon per site; 0 = none", ge=0
    )
    site_share: float = knob(
        1.0, "probability", "with which a site is drawn for a round; below 1 each round costs less privacy", gt=0, le=1
    )
    epsilon: float | None = knob(
        None,
        "epsilon",
        "differential privacy: how much one unit may change the odds of any outcome, e^epsilon; None = no such promise; "
        "1 is strong, 8 is weak (Abadi et al. 2016)",
        gt=0,
        le=100,
    )
    delta: float | None = knob(
        None,
        "probability",
        "that the promise of epsilon fails; None = 1e-5, or a tenth of one unit's share when that is less",
        gt=0,
        lt=1,
    )
    privacy_unit: Literal["row", "person"] = knob(
        "row", "name", "whom epsilon protects: one row, or all rows of one person, which takes a corpus that knows its persons"
    )
    clip: float = knob(
        0.1,
        "gradient norm",
        "with epsilon: longest gradient of a unit; small, since only its direction counts (Li et al. 2022)",
        gt=0,
        le=1e4,
    )
    accountant: Literal["pld", "rdp"] = knob(
        "pld", "name", "with epsilon: pld is tight (Doroshenko et al. 2022), rdp is the older bound (Mironov et al. 2019)"
    )
    augment: str | None = knob(
        None, "names", "edited copies of training rows are learned from as well; perturbations, with commas between them"
    )
    augment_share: float = knob(0.5, "share", "of training rows that get an edited copy", gt=0, le=1)
    canaries: int = knob(
        0, "rows", "made-up rows; half are planted, to measure what the model remembers of a row; 64 is usual", ge=0, le=10_000
    )
    canary_copies: int = knob(1, "times", "each planted canary stands among the rows", ge=1, le=1000)
    seed: int = knob(0, "number", "same seed, same data, same machine: same weights", ge=0, lt=2**32)
    threads: int | None = knob(
        None, "threads", "of all processes together; None = all cores; stored, because sums depend on it", ge=1, le=1024
    )


class Recipe(DefenceKnobs, Knobs):
    """How to train: all that, with the corpus, makes a run repeatable."""

    def as_toml(self, first: str) -> str:
        """The recipe as `beside train` reads it, each knob under its unit and reason, below a first line."""
        lines = [first]
        for name, field in Recipe.model_fields.items():
            value = getattr(self, name)
            # JSON writes strings and numbers as TOML does; TOML has no word for nothing
            line = f"# {name} is not set" if value is None else f"{name} = {json.dumps(value, ensure_ascii=False)}"
            lines += ["", f"# {describe(field)}", line]
        return "\n".join(lines) + "\n"


def read_recipe(file: Path | None = None, settings: Sequence[str] = (), **given: Any) -> Recipe:
    """Defaults, then a TOML file, then named options, then `key=value` settings.

    Raises:
        BadOption: unknown key, value out of range, unreadable file.
    """
    values = {**read_toml(file), **{key: value for key, value in given.items() if value is not None}}
    return read_knobs(Recipe, "recipe", settings, values)
