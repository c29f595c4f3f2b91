"""TextAttack's TextFooler on a subject of ours: its search and its code, with the rows, candidate words and constraints of ours.

TextAttack 0.3.11 does not install beside this project (it wants an old transformers and flair). It runs from a folder of its own:

    pip install --target DIR --no-deps textattack==0.3.11 lru-dict editdistance nltk lemminflect terminaltables word2number \
        num2words language-tool-python toml more-itertools bert-score Levenshtein rapidfuzz langdetect pinyin OpenHowNet anytree
    PYTHONPATH=DIR NLTK_DATA=DATA python benchmarks/attack.py

where DIR also holds an empty stand-in for flair (`flair.data.Sentence`, `flair.data.Tokenizer`, `flair.models.SequenceTagger`; its
part-of-speech tagger is downloaded, and is not used here) and DATA any list of English stop words, which are not used either. Its
recipe's word vectors, tagger and universal sentence encoder are downloads: in their place stand, on both sides, the same
candidate words and the same encoder, compared with the untouched text at the same cosine.
"""

from __future__ import annotations

import logging
from typing import Any

import torch
from textattack import Attack
from textattack.attack_results import SuccessfulAttackResult
from textattack.constraints import PreTransformationConstraint
from textattack.constraints.pre_transformation import RepeatModification
from textattack.constraints.semantics.sentence_encoders import SentenceEncoder
from textattack.goal_functions import UntargetedClassification
from textattack.models.wrappers import HuggingFaceModelWrapper, ModelWrapper
from textattack.search_methods import GreedyWordSwapWIR
from textattack.shared import AttackedText
from textattack.transformations import WordSwap
from transformers import PreTrainedModel, PreTrainedTokenizerFast
from transformers.modeling_outputs import SequenceClassifierOutput

logging.getLogger("textattack").setLevel(logging.ERROR)


class Candidates(WordSwap):
    """The words that may stand in each place of the row under attack."""

    def __init__(self) -> None:
        super().__init__()
        self.others: dict[int, list[str]] = {}

    def take(self, text: str, spots: Any) -> int:
        """The spots of a row from now on; how many of them are words to TextAttack, too."""
        row, known = AttackedText(text), {(start, end): list(others) for start, end, others in spots}
        self.others = {}
        for place, word in enumerate(row.words):
            start = len(row.text_until_word_index(place))
            if found := known.get((start, start + len(word))):
                self.others[place] = found
        return len(self.others)

    def _get_transformations(self, current_text: Any, indices_to_modify: Any) -> list[Any]:
        return [current_text.replace_word_at_index(at, other) for at in indices_to_modify for other in self.others[at]]


class Listed(PreTransformationConstraint):
    """Only places for which there are words."""

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates

    def _get_modifiable_indices(self, current_text: Any) -> set[int]:
        return set(self.candidates.others)


class Encoder(SentenceEncoder):
    """A sentence encoder of ours."""

    def __init__(self, embed: Any, least: float) -> None:
        super().__init__(threshold=least, metric="cosine", compare_against_original=True)
        self.embed = embed

    def encode(self, sentences: Any) -> torch.Tensor:
        """Vectors, (texts, size)."""
        return torch.from_numpy(self.embed(list(sentences)))


class Unpadded(ModelWrapper):
    """A subject asked by its own inference, which pads no row further than its batch."""

    def __init__(self, subject: Any) -> None:
        self.subject, self.model = subject, subject.model

    def __call__(self, text_input_list: Any, **_: Any) -> torch.Tensor:
        return torch.from_numpy(self.subject.logits(list(text_input_list)))


class Victim(PreTrainedModel):
    """The same model as transformers knows one."""

    _supports_sdpa = True  # as its encoder does

    def __init__(self, model: Any) -> None:
        super().__init__(model.encoder.config)
        self.inner = model

    def forward(self, input_ids: Any = None, attention_mask: Any = None, **_: Any) -> SequenceClassifierOutput:
        """Logits."""
        return SequenceClassifierOutput(logits=self.inner(input_ids, attention_mask))


class TextAttack:
    """TextAttack's attack on rows, one after the other as it does it.

    Args:
        padded: whether the model is asked by TextAttack's own HuggingFaceModelWrapper, which pads every text to the longest length.
    """

    def __init__(self, subject: Any, embed: Any, least: float, *, padded: bool) -> None:
        self.subject, self.candidates = subject, Candidates()
        wrapper: Any = Unpadded(subject)
        if padded:
            tokenizer = PreTrainedTokenizerFast(
                tokenizer_object=subject.tokens.tokenizer, pad_token="[PAD]", model_max_length=subject.max_length
            )
            wrapper = HuggingFaceModelWrapper(Victim(subject.model).eval(), tokenizer)
        self.attack = Attack(
            UntargetedClassification(wrapper),
            [RepeatModification(), Listed(self.candidates), Encoder(embed, least)],
            self.candidates,
            GreedyWordSwapWIR(wir_method="delete"),
        )
        self.spots = [0, 0]  # those that are words to TextAttack, of all

    def __call__(self, text: str, target: str, spots: Any) -> tuple[bool, int]:
        """Whether the row was fooled, and the texts asked of the model."""
        self.spots = [self.spots[0] + self.candidates.take(text, spots), self.spots[1] + len(spots)]
        found = self.attack.attack(text, self.subject.labels.index(target))
        return isinstance(found, SuccessfulAttackResult), found.num_queries
