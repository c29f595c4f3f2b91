"""There and back: by small models made here, by a server on this machine, and by nobody when nobody was named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from beside.core.errors import BadInput
from beside.perturbations._translators import read_places, routes
from beside.perturbations.back_translation import BackTranslation, faithful, language_of

SAID = {"my card is lost": "我的卡丢了", "send it back to me": "请把它寄回给我"}
AGAIN = {"我的卡丢了": "i have lost my card", "请把它寄回给我": "please return it to me"}
VARIABLES = ("BESIDE_TRANSLATORS", "BESIDE_TRANSLATE_URL", "BESIDE_TRANSLATE_KEY", "BESIDE_TRANSLATE_MODEL")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two encoder-decoders that know two sentences each, as `save_pretrained` leaves them."""
    folder = tmp_path_factory.mktemp("translators")
    for way, pairs in (("en-zh", SAID), ("zh-en", AGAIN)):
        learn(folder / way, pairs)
    return f"en-zh={folder / 'en-zh'}, zh-en={folder / 'zh-en'}"


def learn(folder: Path, pairs: dict[str, str]) -> None:
    """A tiny T5 that learned these translations by heart."""
    import torch
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    from beside.engine.writer_bases import train_bytes

    backend = train_bytes([*pairs, *pairs.values()] * 3)
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", backend.token_to_id("</s>"))])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="</s>", pad_token="<pad>")
    torch.manual_seed(0)
    size = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_heads": 2, "dropout_rate": 0.0}
    ids = {
        "decoder_start_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    model = T5ForConditionalGeneration(T5Config(vocab_size=len(tokenizer), **ids, **size))
    given = tokenizer(list(pairs), return_tensors="pt", padding=True)
    wanted = tokenizer(list(pairs.values()), return_tensors="pt", padding=True)["input_ids"]
    labels = wanted.masked_fill(wanted == tokenizer.pad_token_id, -100)
    steps = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        loss = model(input_ids=given["input_ids"], attention_mask=given["attention_mask"], labels=labels).loss
        loss.backward()
        steps.step()
        steps.zero_grad()
    assert float(loss.detach()) < 0.05
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def test_models_in_folders_translate_there_and_back(models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    by_option = BackTranslation(models=models)
    assert by_option.why_not() is None
    assert by_option.edit("my card is lost", rng()) == "i have lost my card"
    monkeypatch.setenv("BESIDE_TRANSLATORS", models)
    assert BackTranslation().edits([*SAID, "42"], rng()) == ["i have lost my card", "please return it to me", "42"]


def test_chinese_goes_the_other_way_round(models: str) -> None:
    """From Chinese the same two models lead to English and back; what does not come back in Chinese is not taken."""
    there, back = routes(read_places(models), "zh")[0]
    assert (there.source, there.target, back.source, back.target) == ("zh", "en", "en", "zh")
    after = BackTranslation(models=models).edit("我的卡丢了", rng())
    assert language_of(after) == "zh"


def test_sampled_copies_differ_by_seed_and_repeat_with_it(models: str) -> None:
    drawn = BackTranslation(models=models, temperature=1.5)
    texts = [drawn.edit("my card is lost", np.random.default_rng(seed)) for seed in (1, 1)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "written, told",
    [
        ("en-zh", "Cannot read"),
        ("enzh=/tmp", "Cannot read"),
        ("en-zh=/no/such/folder", "There is no folder"),
    ],
)
def test_models_that_are_named_wrongly_say_how(written: str, told: str) -> None:
    with pytest.raises(BadInput, match=told) as error:
        BackTranslation(models=written).why_not()
    assert "FROM-TO=FOLDER" in error.value.hint


def test_a_folder_without_such_a_model_is_refused(tmp_path: Path, tiny_base: Path) -> None:
    for folder, told in ((tmp_path, "Cannot load"), (tiny_base, "no encoder with a decoder")):
        with pytest.raises(BadInput, match=told):
            BackTranslation(models=f"en-de={folder},de-en={folder}").edit("my card is lost", rng())


def test_the_languages_of_a_model_of_many_are_read(tmp_path: Path) -> None:
    (place,) = read_places(f"en-zh={tmp_path}@eng_Latn>zho_Hans")
    assert place.folder == str(tmp_path) and place.says == ("eng_Latn", "zho_Hans")


def test_one_way_alone_leads_nowhere(tmp_path: Path) -> None:
    assert "nowhere and back" in str(BackTranslation(models=f"en-zh={tmp_path}").why_not())


def test_without_a_model_it_says_so_and_changes_nothing() -> None:
    assert "There is no translation model" in str(BackTranslation().why_not())
    assert BackTranslation().edit("my card is lost", rng()) == "my card is lost"
    assert "takes a server" in str(BackTranslation(how="paraphrase").why_not())
    assert "BESIDE_TRANSLATE_MODEL" in str(BackTranslation(url="http://127.0.0.1:9/v1").why_not())
    with pytest.raises(ValueError, match="temperature"):
        BackTranslation(temperature=3)


@pytest.mark.parametrize(
    "before, after, taken",
    [
        ("my card is lost", "i have lost my card", True),
        ("my card is not lost", "my card is lost", False),
        ("pay 250 euros", "pay 205 euros", False),
        ("pay 250 euros", "250 euros to be paid", True),
        ("write to anna@bank.example", "write to Anna", False),
        ("my card is lost", "我的卡丢了", False),
        ("我的卡没有丢", "我的卡丢了", False),
        ("我的卡丢了", "我把卡弄丢了", True),
        ("my card is lost", "", False),
        ("where is my card please", "card " * 40, False),
    ],
)
def test_only_what_says_the_same_is_taken(before: str, after: str, taken: bool) -> None:
    assert faithful(before, after) is taken


class Server(HTTPServer):
    """Answers as it is told, and remembers what it was asked."""

    said: Callable[[str], str]
    asked: list[tuple[str, dict[str, Any], str | None]]
    status = 200
    moved = ""


class Answering(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, content, self.headers.get("Authorization")))
        answer = self.server.said(content["messages"][0]["content"])
        body = json.dumps({"choices": [{"message": {"role": "assistant", "content": answer}}]}).encode()
        self.send_response(self.server.status)
        if self.server.moved:
            self.send_header("Location", self.server.moved)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *given: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Answering)
    made.asked = []
    both = {**SAID, **AGAIN}
    made.said = lambda request: both[request.splitlines()[-1]]
    Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_a_server_is_asked_twice_with_its_key_and_model(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESIDE_TRANSLATE_URL", f"http://127.0.0.1:{server.server_port}/v1/")
    monkeypatch.setenv("BESIDE_TRANSLATE_MODEL", "small-one")
    monkeypatch.setenv("BESIDE_TRANSLATE_KEY", "secret")
    assert BackTranslation().why_not() is None
    assert BackTranslation().edit("my card is lost", rng()) == "i have lost my card"
    assert [(path, content["model"], key) for path, content, key in server.asked] == [
        ("/v1/chat/completions", "small-one", "Bearer secret")
    ] * 2
    assert "English text into Chinese" in server.asked[0][1]["messages"][0]["content"]
    assert "Chinese text into English" in server.asked[1][1]["messages"][0]["content"]


def test_a_paraphrase_is_asked_for_once_and_an_unfaithful_one_not_taken(server: Server) -> None:
    given = {"url": f"http://127.0.0.1:{server.server_port}/v1", "model": "m", "how": "paraphrase"}
    server.said = lambda request: "i cannot find my 3 cards"
    assert BackTranslation(**given).edit("my card is lost", rng()) == "my card is lost"
    server.said = lambda request: "我的卡不见啦" if "Chinese" in request else "?"
    assert BackTranslation(**given).edit("我的卡丢了", rng()) == "我的卡丢了"  # 不 would negate
    server.said = lambda request: "我把卡弄丢了"
    assert BackTranslation(**given).edit("我的卡丢了", rng()) == "我把卡弄丢了"
    assert len(server.asked) == 3


def test_a_server_that_fails_says_what_and_the_text_goes_nowhere_else(server: Server) -> None:
    given = {"url": f"http://127.0.0.1:{server.server_port}/v1", "model": "m"}
    server.status = 401
    with pytest.raises(BadInput, match="401"):
        BackTranslation(**given).edit("my card is lost", rng())
    server.status, server.moved = 302, f"http://127.0.0.1:{server.server_port}/elsewhere"
    with pytest.raises(BadInput, match="302"):
        BackTranslation(**given).edit("my card is lost", rng())
    assert {path for path, _, _ in server.asked} == {"/v1/chat/completions"}
    with pytest.raises(BadInput, match="no address"):
        BackTranslation(url="file:///etc/passwd", model="m").edit("my card is lost", rng())
    with pytest.raises(BadInput, match="gave no answer"):
        BackTranslation(url="http://127.0.0.1:9/v1", model="m").edit("my card is lost", rng())
