"""One pre-training from texts to a saved base: words hidden and guessed (Devlin et al. 2019), by the one training loop of `fit.py`.

A pass over a team's own few texts is cheap, and even the rows of the task alone pre-train well (Krishna et al. 2023, Downstream
Datasets Make Surprisingly Good Pretraining Corpora); for a base that knows other text see Gururangan et al. 2020 (Don't Stop
Pretraining).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import AutoModelForMaskedLM, PreTrainedModel

from beside.core.errors import BadInput, BadOption, GateClosed, NotEnoughData
from beside.core.interfaces import Progress
from beside.core.pretraining import Pretraining
from beside.core.recipe import Recipe
from beside.core.statistics import Estimate, bootstrap
from beside.core.types import FEWEST_ROWS
from beside.engine.anchoring import Anchor, means
from beside.engine.bases import longest
from beside.engine.building import must_be_readable
from beside.engine.checkpoint import Checkpoint
from beside.engine.devices import best_precision
from beside.engine.fit import Fit, Rows
from beside.engine.keeping import begun
from beside.engine.loading import origin_of
from beside.engine.masked import MaskedModel, save_base, start
from beside.engine.masking import Masking, Piece, masking_for, pieces
from beside.engine.rows import by_length, collate
from beside.engine.telling import announcing
from beside.engine.tokens import Tokens, special_id

HELD_OUT = 20  # one text in so many is held out
FEWEST_TEXTS = 100
PASSES = {True: (4, 40), False: (2, 8)}  # fewest and most, from scratch or not
SEEN = 4_600_000  # tokens seen in all passes, where that is a number of passes between those
TOKENS_PER_BATCH = 4096
HELD_OUT_PASS = 2**32  # no epoch has this number: what is hidden in held-out texts is always the same
TRUTH_TOLERANCE = 1e-4  # of the held-out loss, in nats per token


@dataclass(frozen=True, kw_only=True)
class Pretrained:
    """What a pre-training leaves beside the folder of the base."""

    recipe: Pretraining  # every automatic knob filled in
    perplexity: Estimate  # of hidden tokens of held-out texts; n counts texts
    history: tuple[dict[str, float], ...]
    texts: int
    tokens: int
    steps: int
    parameters: int
    seconds_before: float


class MaskedFeed:
    """Rows of token ids with words hidden: which ones is a pure function of seed, pass and row."""

    def __init__(self, model: MaskedModel, rows: Sequence[Piece], masking: Masking, pad_id: int, seed: int) -> None:
        self.model, self.rows, self.masking, self.pad_id, self.seed = model, rows, masking, pad_id, seed
        self.lengths = np.array([len(row.ids) for row in rows])

    def losses(self, batch: np.ndarray, epoch: int) -> tuple[Tensor, list[int], Tensor]:
        """Loss in nats of each hidden token of a batch, (M,), row after row, how many each row has, and the rows' means (B, H)."""
        hidden = [self.masking.apply(self.rows[i], np.random.default_rng((self.seed, epoch, int(i)))) for i in batch]
        ids_BL, mask_BL = collate([ids for ids, _ in hidden], self.pad_id)
        places_M = np.concatenate([place * ids_BL.shape[1] + places for place, (_, places) in enumerate(hidden)])
        right_M = np.concatenate([self.rows[i].ids[places] for i, (_, places) in zip(batch, hidden, strict=True)])
        states_BLH = self.model.states(ids_BL, mask_BL)
        logits_MV = self.model.guesses(states_BLH, torch.from_numpy(places_M)).float()
        losses_M = cross_entropy(logits_MV, torch.from_numpy(right_M.astype(np.int64)), reduction="none")
        return losses_M, [len(places) for _, places in hidden], means(states_BLH, mask_BL)

    @torch.inference_mode()
    def measure(self) -> tuple[np.ndarray, np.ndarray]:
        """Summed loss in nats and number of hidden tokens of each text, without dropout."""
        self.model.eval()
        texts = max(row.text for row in self.rows) + 1
        sums, counts = np.zeros(texts), np.zeros(texts)
        for batch in by_length(self.lengths.tolist(), TOKENS_PER_BATCH):
            losses_M, sizes, _ = self.losses(batch, HELD_OUT_PASS)
            of_text = np.repeat([self.rows[i].text for i in batch], sizes)
            np.add.at(sums, of_text, losses_M.double().numpy())
            np.add.at(counts, of_text, 1)
        return sums[counts > 0], counts[counts > 0]


class MaskedWords:
    """What `Fit` asks of a task, for one whose answers come with the rows: there are no targets beside them."""

    def encode(self, targets: Sequence[str], labels: Sequence[str]) -> Tensor:
        return torch.empty(0)


class MaskedFit(Fit):
    """The one training loop, over hidden words instead of labels: of the rows it needs their lengths, of the task nothing."""

    def __init__(self, model: Any, feed: MaskedFeed, weight: float, **given: Any) -> None:
        names, rows, task = [name for name, _ in model.named_parameters()], cast(Any, feed), cast(Any, MaskedWords())
        super().__init__(model, names, Rows(feed=rows, targets=[]), task=task, labels=(), weights_K=None, **given)
        self.feed, self.weight = feed, weight
        self.anchor = Anchor(model, [row.ids for row in feed.rows], feed.pad_id, TOKENS_PER_BATCH) if weight else None

    def loss_of(self, batch: np.ndarray) -> Tensor:
        """Mean loss in nats over the hidden tokens of a batch, and what the rows pay for going away from where they began."""
        with self.products():
            losses_M, _, means_BH = self.feed.losses(batch, self.epoch)
            return losses_M.mean() + (self.weight * self.anchor.apart(batch, means_BH) if self.anchor else 0.0)


def pretrain_model(
    folder: Path,
    texts: Sequence[str],
    recipe: Pretraining,
    *,
    checkpoint: Checkpoint,
    resume: bool,
    progress: Progress,
) -> Pretrained:
    """Learns from all texts but one in twenty, keeps the pass that guesses those best, and saves the base into `folder`.

    Raises:
        BadInput, BadOption: the base cannot be loaded or not go on like this.
        NotEnoughData: too few texts.
        UnreadableText: the base does not know the script of the text.
        GateClosed: the saved base does not guess like the trained one.
        Altered: the checkpoint is not what was written.
        StorageFailed: the disk does not take checkpoint or base.
        KeyboardInterrupt: Ctrl-C; a training in its steps has saved where it is.
    """
    if len(texts) < FEWEST_TEXTS:
        raise NotEnoughData(f"Pre-training needs {FEWEST_TEXTS} different texts, got {len(texts)}.", "Give more text.")
    before = begun(checkpoint, resume, progress)
    threads = before["threads"] if before else recipe.threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    learned, held = split(texts, recipe.seed)
    network, tokenizer = start(recipe, learned, checkpoint.folder / "tokenizer.json")
    model = MaskedModel(network)
    feed, tune = feeds(model, network, tokenizer, recipe, learned, held)
    progress.say(f"{len(learned):,} texts to learn from, {int(feed.lengths.sum()):,} tokens; {len(held):,} texts held out.")
    recipe = fill(recipe, int(feed.lengths.sum()), threads)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    progress.say(f"Trainable {parameters / 1e6:.2f} M of {parameters / 1e6:.2f} M parameters; {recipe.epochs} passes.")
    fit = make_fit(model, feed, tune, recipe, checkpoint, progress)
    fitted = fit.run(before is not None)
    sums, counts = tune.measure()
    rng = np.random.default_rng(recipe.seed)
    perplexity = bootstrap(lambda rows: float(np.exp(sums[rows].sum() / counts[rows].sum())), len(sums), rng)
    origin = origin_of(recipe.base) or recipe.base
    said = {"origin": origin, "texts": len(learned), "perplexity": perplexity.value, "held_out": perplexity.n}
    save_base(folder, network, tokenizer, recipe.base, said)
    prove(folder, tune, sums.sum() / counts.sum(), progress)
    return Pretrained(
        recipe=recipe,
        perplexity=perplexity,
        history=tuple(fitted.history),
        texts=len(learned),
        tokens=int(feed.lengths.sum()),
        steps=fit.steps,
        parameters=parameters,
        seconds_before=fitted.seconds_before,
    )


def split(texts: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """Texts to learn from, and one in twenty to measure with, but as many as a finding needs where that is no fifth of them."""
    size = max(len(texts) // HELD_OUT, min(FEWEST_ROWS, len(texts) // 5))
    order = np.random.default_rng((seed, 1)).permutation(len(texts))
    return [texts[i] for i in np.sort(order[size:])], [texts[i] for i in np.sort(order[:size])]


def feeds(
    model: MaskedModel, network: PreTrainedModel, tokenizer: Tokenizer, recipe: Pretraining, learned: list[str], held: list[str]
) -> tuple[MaskedFeed, MaskedFeed]:
    """Rows to learn from and rows to measure with.

    Raises:
        BadInput: the tokenizer has no token that hides another one.
        BadOption: rows longer than the base can take.
        UnreadableText: too many tokens are unknown to it.
    """
    limit = longest(network.base_model, recipe.max_length)
    if recipe.base != "scratch" and recipe.max_length > limit and "max_length" in recipe.model_fields_set:
        raise BadOption(
            f"Cannot set max_length to {recipe.max_length}: the base '{recipe.base}' takes up to {limit} tokens.",
            f"Set max_length to {limit} or less; longer texts are cut into several rows.",
        )
    tokens = Tokens(tokenizer, min(limit, recipe.max_length))  # turns off what the tokenizer would cut by itself
    must_be_readable(recipe.base, tokens, learned)
    mask_id = special_id(tokenizer, ("[MASK]", "<mask>"), default=-1)
    if mask_id < 0:
        raise BadInput(f"The base '{recipe.base}' has no mask token to hide words with.", "Use --base scratch or embedded.")
    masking = masking_for(tokenizer, recipe.mask_share, mask_id)
    rows = [[row for row in pieces(tokenizer, part, tokens.max_length) if row.groups.max() >= 0] for part in (learned, held)]
    one, other = (MaskedFeed(model, part, masking, tokens.pad_id, recipe.seed) for part in rows)
    return one, other


def fill(recipe: Pretraining, tokens: int, threads: int) -> Pretraining:
    """Every knob left open, set by rule from how much text there is."""
    scratch = recipe.base == "scratch"
    fewest, most = PASSES[scratch]
    values = {
        "epochs": recipe.epochs or max(fewest, min(most, round(SEEN / tokens))),
        "learning_rate": recipe.learning_rate or (1e-3 if scratch else 1e-4),
        "threads": threads,
        "precision": recipe.precision or best_precision(torch.device("cpu")),
    }
    return recipe.model_copy(update=values)


def make_fit(
    model: MaskedModel, feed: MaskedFeed, tune: MaskedFeed, recipe: Pretraining, checkpoint: Checkpoint, progress: Progress
) -> MaskedFit:
    """The loop over these rows; the pass with the lowest loss on held-out rows is kept."""
    knobs = Recipe(
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        head_learning_rate=recipe.learning_rate,
        warmup=recipe.warmup,
        weight_decay=recipe.weight_decay,
        clip_norm=recipe.clip_norm,
        seed=recipe.seed,
        threads=recipe.threads,
        precision=recipe.precision,
    )

    def evaluate(_: object) -> dict[str, float]:
        sums, counts = tune.measure()
        loss = float(sums.sum() / counts.sum())
        return {"log_likelihood": -loss, "perplexity": float(np.exp(loss)), "loss": loss}

    torch.manual_seed(recipe.seed)
    return MaskedFit(
        model,
        feed,
        recipe.anchor,
        evaluate=evaluate,
        recipe=knobs,
        checkpoint=checkpoint,
        progress=progress,
        on_epoch=announcing(progress, None),
    )


def prove(folder: Path, tune: MaskedFeed, loss: float, progress: Progress) -> None:
    """The truth test: the saved base, loaded as anybody would load it, must guess held-out words as well as the one in memory.

    Raises:
        GateClosed: it does not.
    """
    progress.say(f"Truth test: reloading the saved base, {len(tune.rows)} rows.")
    reloaded = MaskedModel(AutoModelForMaskedLM.from_pretrained(folder, trust_remote_code=False, local_files_only=True))
    again = MaskedFeed(reloaded, tune.rows, tune.masking, tune.pad_id, tune.seed)
    sums, counts = again.measure()
    gap = abs(float(sums.sum() / counts.sum()) - loss)
    if not gap <= TRUTH_TOLERANCE:  # also when it is no number
        raise GateClosed(f"Truth test failed: the reloaded loss differs by {gap:.2g} nats.", "Nothing was stored.")
