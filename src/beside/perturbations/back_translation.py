"""Said once more in other words: translated there and back, by models in folders or a server of yours."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from beside.perturbations._translators import NAMES, Place, asked, read_places, routes, translated
from beside.perturbations._words import FIXED, HAN, NEGATIONS_ZH, WORD, negates

MODELS = "BESIDE_TRANSLATORS"  # environment variables: models in folders,
URL, KEY, MODEL = "BESIDE_TRANSLATE_URL", "BESIDE_TRANSLATE_KEY", "BESIDE_TRANSLATE_MODEL"  # or a server, its key and its model
NOBODY = f"There is no translation model. Set {MODELS}=en-zh=FOLDER,zh-en=FOLDER, or {URL} and {MODEL} to ask a server of yours."
PIVOT = {"en": "zh", "zh": "en"}  # the language in between, where a server is asked
CHINESE = re.compile(f"[{HAN}]")
LETTER = re.compile(r"[^\W\d_]")
STRETCH = 3.0  # a translation so many times longer or shorter than the text went astray
SHORT = 12  # characters, up to which length says nothing
TRANSLATE = "Translate this {source} text into {target}. Answer with the translation alone, nothing before or behind it.\n\n{text}"
PARAPHRASE = (
    "Say this {source} text once more in other {source} words: same meaning, same tone, every number and name as it is. "
    "Answer with the new text alone, nothing before or behind it.\n\n{text}"
)


@dataclass(frozen=True, kw_only=True)
class BackTranslation:
    """The text through another language and back (Sennrich et al. 2016; Xie et al. 2020), or paraphrased by a server.

    What comes back is taken only when it holds the same numbers, addresses and codes as before and negates as often, is in the same
    writing, and is not three times as long or as short; otherwise the text stays as it is. English and Chinese; a text is Chinese
    when it holds a Chinese character for every four letters or more. Nothing is loaded and nobody is asked unless the options or
    the environment name a model or a server; the text, personal data included, goes to that server and to no other.
    """

    models: str = field(default="", metadata={"unit": "folders", "reason": f"en-zh=FOLDER,zh-en=FOLDER; empty: what {MODELS} says"})
    url: str = field(default="", metadata={"unit": "address", "reason": f"an OpenAI-compatible server; empty: what {URL} says"})
    model: str = field(
        default="", metadata={"unit": "name", "reason": f"what the server calls its model; empty: what {MODEL} says"}
    )
    how: Literal["translation", "paraphrase"] = field(
        default="translation", metadata={"unit": "name", "reason": "paraphrase = the server is asked once, for other words"}
    )
    temperature: float = field(
        default=0.0, metadata={"unit": "divisor", "reason": "0 = the likeliest translation; above, each copy is another"}
    )

    examples: ClassVar[tuple[str, ...]] = ()  # without a model nobody translates

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 2:
            raise ValueError("the temperature must be from 0 to 2.")
        if self.how not in ("translation", "paraphrase"):
            raise ValueError("how is translation or paraphrase.")

    def why_not(self) -> str | None:
        """Why nothing can be translated; None when something can.

        Raises:
            BadInput: the models are named in another way than can be read, or are not there.
        """
        if self.server():
            return None if self.served_model() else f"{URL} is set, and {MODEL} is not: which model shall the server take?"
        if self.how == "paraphrase":
            return f"A paraphrase takes a server, and {URL} is not set."
        places = self.places()
        if not places:
            return NOBODY
        if not any(routes(places, language) for language in PIVOT):
            return f"The models of {MODELS} lead nowhere and back: one from English or Chinese is needed, and one that returns."
        return None

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when nobody translates it, or what came back says something else.

        Raises:
            BadInput: a model cannot be loaded, or the server gives no answer.
        """
        return self.edits([text], rng)[0]

    def edits(self, texts: Sequence[str], rng: np.random.Generator) -> list[str]:
        """The same for many texts, translated together. Raises as `edit`."""
        seed, out = int(rng.integers(2**31)), list(texts)
        if self.why_not() is not None:
            return out
        for language in PIVOT:
            places = [place for place, text in enumerate(texts) if language_of(text) == language and worth(text)]
            for place, new in zip(places, self.said([texts[place] for place in places], language, seed), strict=True):
                out[place] = new if faithful(texts[place], new) else texts[place]
        return out

    def said(self, texts: list[str], language: str, seed: int) -> list[str]:
        """The texts of one language once more; as they are where no way leads there and back."""
        if not texts:
            return []
        if self.server():
            return [self.by_server(text, language, seed) for text in texts]
        if not (ways := routes(self.places(), language)):
            return texts
        there, back = ways[seed % len(ways)]
        return translated(back, translated(there, texts, self.temperature, seed), self.temperature, seed)

    def by_server(self, text: str, language: str, seed: int) -> str:
        """One text, said once more by the server."""
        source, pivot = NAMES[language], NAMES[PIVOT[language]]

        def answer(request: str) -> str:
            return asked(self.server(), os.environ.get(KEY, ""), self.served_model(), request, self.temperature, seed)

        if self.how == "paraphrase":
            return answer(PARAPHRASE.format(source=source, text=text))
        between = answer(TRANSLATE.format(source=source, target=pivot, text=text))
        return answer(TRANSLATE.format(source=pivot, target=source, text=between))

    def server(self) -> str:
        """Address of the server; empty when there is none."""
        return self.url or ("" if self.models else os.environ.get(URL, ""))

    def served_model(self) -> str:
        """What the server calls its model."""
        return self.model or os.environ.get(MODEL, "")

    def places(self) -> tuple[Place, ...]:
        """The models in folders."""
        return read_places(self.models or os.environ.get(MODELS, ""))


def language_of(text: str) -> str:
    """en or zh."""
    characters = len(CHINESE.findall(text))
    return "zh" if 4 * characters >= len(LETTER.findall(text)) - characters and characters else "en"


def worth(text: str) -> bool:
    """Whether there is anything to translate: two letters or Chinese characters in text that can be encoded."""
    return len(LETTER.findall(text)) > 1 and text.isprintable() | ("\n" in text) and text.encode("utf-8", "ignore").decode() == text


def faithful(before: str, after: str) -> bool:
    """Whether what came back may stand for what was said."""
    if not after or language_of(before) != language_of(after):
        return False
    long, short = max(len(before), len(after)), min(len(before), len(after))
    if long > SHORT and long > STRETCH * short:
        return False
    return Counter(FIXED.findall(before)) == Counter(FIXED.findall(after)) and negations(before) == negations(after)


def negations(text: str) -> list[str]:
    """What negates in a text: English words all alike, Chinese characters each for itself."""
    return ["not" for spot in WORD.finditer(text) if negates(spot.group())] + sorted(one for one in text if one in NEGATIONS_ZH)


perturbation = BackTranslation()
