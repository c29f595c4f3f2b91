"""Who translates: models in folders of this machine, or a server that the user named. Without either there is nobody."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from beside.core.errors import BadInput

NAMES = {"en": "English", "zh": "Chinese", "de": "German", "fr": "French", "es": "Spanish", "ja": "Japanese"}
KNOWN = "Write FROM-TO=FOLDER with commas between them, for example en-zh=/models/opus-mt-en-zh,zh-en=/models/opus-mt-zh-en."
LONGEST = 512  # tokens of a text, and of its translation
BATCH = 16  # texts translated together
BEAMS = 4  # of a translation that is always the same
SECONDS = 60.0  # that one answer of a server may take
LARGEST = 2**20  # bytes of an answer
TURN = Lock()  # one translation at a time: a model is no thread's alone


@dataclass(frozen=True)
class Place:
    """One model: which way it translates, where it lies, and what its tokenizer calls the two languages."""

    source: str
    target: str
    folder: str
    says: tuple[str, str] | None = None


def read_places(written: str) -> tuple[Place, ...]:
    """`en-zh=FOLDER,zh-en=FOLDER`; of a model of many languages `en-zh=FOLDER@eng_Latn>zho_Hans`.

    Raises:
        BadInput: it is written otherwise, or there is no such folder.
    """
    found = []
    for one in filter(None, map(str.strip, written.split(","))):
        way, equals, folder = one.partition("=")
        source, dash, target = way.strip().partition("-")
        folder, at, said = folder.strip().rpartition("@") if ">" in one.rpartition("@")[2] else (folder.strip(), "", "")
        if not (equals and dash and source and target and folder):
            raise BadInput(f"Cannot read '{one}' as a translation model.", KNOWN)
        if not Path(folder).expanduser().is_dir():
            raise BadInput(f"There is no folder '{folder}' of a translation model.", KNOWN)
        left, _, right = said.partition(">")
        found.append(Place(source, target, str(Path(folder).expanduser()), (left.strip(), right.strip()) if at else None))
    return tuple(found)


def routes(places: Sequence[Place], language: str) -> list[tuple[Place, Place]]:
    """Ways there and back from a language."""
    return [
        (there, back)
        for there in places
        for back in places
        if there.source == language and back.target == language and there.target == back.source
    ]


@lru_cache(maxsize=4)
def opened(folder: str) -> tuple[Any, Any]:
    """Model and tokenizer of a folder: an encoder-decoder, its weights safetensors, none of its code run, nothing fetched.

    Raises:
        BadInput: the folder holds no such model.
    """
    from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer

    given = {"trust_remote_code": False, "local_files_only": True}
    try:
        config = AutoConfig.from_pretrained(folder, **given)
        if not config.is_encoder_decoder:
            raise ValueError(f"a {config.model_type} is no encoder with a decoder")
        model = AutoModelForSeq2SeqLM.from_pretrained(folder, use_safetensors=True, **given)
        return model.eval(), AutoTokenizer.from_pretrained(folder, **given)
    except Exception as error:  # the libraries raise all kinds for what is not theirs
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadInput(
            f"Cannot load the translation model in '{folder}': {first}.",
            "The folder must hold an encoder-decoder with safetensors weights and its tokenizer; some need sentencepiece.",
        ) from error


def translated(place: Place, texts: Sequence[str], temperature: float, seed: int) -> list[str]:
    """Each text in the other language; sampled when there is a temperature, else by beam search. Raises as `opened`."""
    import torch

    with TURN, torch.inference_mode(), torch.random.fork_rng(devices=[]):
        model, tokenizer = opened(place.folder)
        torch.manual_seed(seed)
        how: dict[str, Any] = {"do_sample": True, "temperature": temperature} if temperature else {"num_beams": BEAMS}
        if place.says:
            tokenizer.src_lang = place.says[0]
            how["forced_bos_token_id"] = tokenizer.convert_tokens_to_ids(place.says[1])
        found: list[str] = []
        for start in range(0, len(texts), BATCH):
            given = tokenizer(
                list(texts[start : start + BATCH]), return_tensors="pt", padding=True, truncation=True, max_length=LONGEST
            )
            ids = model.generate(
                input_ids=given["input_ids"], attention_mask=given["attention_mask"], max_new_tokens=LONGEST, **how
            )
            found += tokenizer.batch_decode(ids, skip_special_tokens=True)
    return [text.strip() for text in found]


def asked(url: str, key: str, model: str, request: str, temperature: float, seed: int) -> str:
    """What a server that speaks OpenAI's chat completions answers.

    Raises:
        BadInput: the address is none of http or https, nobody answers, or the answer is none.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise BadInput(f"'{url}' is no address of a translation server.", "Give one such as http://127.0.0.1:8000/v1.")
    content = {"model": model, "messages": [{"role": "user", "content": request}], "temperature": temperature, "seed": seed}
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    place = f"{url.rstrip('/')}/chat/completions"
    question = urllib.request.Request(place, json.dumps(content).encode(), headers, method="POST")
    try:
        with urllib.request.build_opener(Stay).open(question, timeout=SECONDS) as answer:
            read = json.loads(answer.read(LARGEST))
        return str(read["choices"][0]["message"]["content"]).strip()
    except urllib.error.HTTPError as error:
        raise BadInput(
            f"The translation server at {place} said {error.code} {error.reason}.", "Look at its model and key."
        ) from None
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        told = f"The translation server at {place} gave no answer: {getattr(error, 'reason', None) or error}."
        raise BadInput(told, "Is it running, and does it speak OpenAI's chat completions?") from error


class Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere but to the address that the user named: the text, and the key, are for nobody else."""

    def redirect_request(self, *given: Any) -> None:
        return None
