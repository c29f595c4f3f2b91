"""base + task -> a model; saved and loaded it is the same, and what cannot be a base is refused in words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from beside.core.errors import Altered, BadInput, StorageFailed
from beside.engine import bases
from beside.engine.bases import embedded_folder, load_base, longest
from beside.engine.loading import embedded_path
from beside.engine.model import Facts, Model, load_model, save_model, set_dropout
from beside.engine.rows import collate
from beside.engine.tokens import Tokens, train_tokenizer

TEXTS = ["where is my parcel", "my parcel is late", "give me my money back", "the money is gone"]
CHINESE = ["我的快递在哪里", "快递迟到了很久", "请把钱退给我好吗", "我的钱不见了"] * 3
FACTS = Facts(task="classify", labels=("a", "b"), pooling="mean", max_length=16, temperature=1.5)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(train_tokenizer(TEXTS * 3), 16)


@pytest.mark.parametrize("pooling", ["mean", "unit", "cls"])
def test_padding_changes_no_answer(make_model: Callable[..., Model], pooling: str) -> None:
    model, rows = make_model(pooling=pooling).eval(), [torch.tensor([5, 6, 7, 8]).numpy(), torch.tensor([9, 10]).numpy()]
    together = model(*collate(rows, 0))
    alone = torch.cat([model(*collate([row], 0)) for row in rows])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_unit_pooling_gives_unit_vectors_and_drops_nothing_of_them(make_model: Callable[..., Model]) -> None:
    model = make_model(pooling="unit", dropout=0.3)
    torch.testing.assert_close(model.eval().embed(*collate([torch.arange(4).numpy()], 0)).norm(), torch.tensor(1.0))
    assert model.dropout.p == 0.0
    set_dropout(model, 0.2)
    assert model.dropout.p == 0.0
    others = {module.p for module in model.encoder.modules() if isinstance(module, torch.nn.Dropout)}
    assert others == {0.2}


def test_dropout_is_the_same_everywhere(make_model: Callable[..., Model]) -> None:
    model = make_model(pooling="mean", dropout=0.3)
    set_dropout(model, 0.1)
    assert {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)} == {0.1}


def test_frozen_layers_are_the_lowest_and_the_embeddings(make_model: Callable[..., Model]) -> None:
    assert make_model(frozen=0).frozen_names() == set()
    names = make_model(frozen=2).frozen_names()
    assert any("layer.1." in name for name in names) and not any("layer.2." in name for name in names)
    assert "encoder.embeddings.word_embeddings.weight" in names and "head.weight" not in names


def test_saved_and_loaded_it_is_the_same(make_model: Callable[..., Model], tokens: Tokens, tmp_path: Path) -> None:
    model = make_model().eval()
    save_model(tmp_path / "m", model, tokens, FACTS)
    loaded, their_tokens, facts = load_model(tmp_path / "m")
    assert facts == FACTS and not loaded.training
    assert their_tokens.tokenizer.to_str() == tokens.tokenizer.to_str() and their_tokens.max_length == 16
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in model.state_dict().items())
    assert sorted(file.name for file in (tmp_path / "m").iterdir()) == [
        "beside.json",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]


def test_a_model_folder_says_nothing_of_the_machine_it_was_made_on(
    make_model: Any, tokens: Tokens, tiny_base: Path, tmp_path: Path
) -> None:
    encoder, tokens = load_base(str(tiny_base), TEXTS, 16, tmp_path)
    save_model(tmp_path / "m", Model(encoder, 2, "cls"), tokens, FACTS)
    for file in (tmp_path / "m").glob("*.json"):
        assert str(tiny_base.parent) not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", ["beside.json", "config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"odd": 1}', b"\x00\xff" * 20])
def test_a_damaged_model_folder_is_refused_in_words(
    make_model: Any, tokens: Tokens, tmp_path: Path, file: str, content: Any
) -> None:
    save_model(tmp_path / "m", make_model(), tokens, FACTS)
    (tmp_path / "m" / file).unlink() if content is None else (tmp_path / "m" / file).write_bytes(content)
    with pytest.raises(BadInput) as refused:
        load_model(tmp_path / "m")
    assert refused.value.hint


def test_a_disk_that_does_not_take_the_model_is_told(make_model: Any, tokens: Tokens, tmp_path: Path) -> None:
    (tmp_path / "m").write_text("a file where the folder should be")
    with pytest.raises(StorageFailed, match="Cannot save the model"):
        save_model(tmp_path / "m", make_model(), tokens, FACTS)


def test_the_embedded_model_loads_with_its_hash_checked() -> None:
    folder = embedded_folder()
    assert folder == embedded_path() and (folder / "model.safetensors").is_file()


@pytest.mark.slow
def test_a_copy_of_the_embedded_model_with_one_altered_byte_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(embedded_path(), tmp_path / "model")
    with (tmp_path / "model" / "model.safetensors").open("r+b") as weights:
        weights.seek(-1000, 2)
        byte = weights.read(1)
        weights.seek(-1000, 2)
        weights.write(bytes([byte[0] ^ 1]))
    monkeypatch.setattr(bases, "embedded_path", lambda: tmp_path / "model")
    with pytest.raises(Altered, match="53aa51172d14") as refused:
        load_base("embedded", TEXTS, 16, tmp_path)
    assert "Reinstall" in refused.value.hint


@pytest.mark.slow
def test_the_embedded_base_reads_english() -> None:
    encoder, tokens = load_base("embedded", TEXTS, 128, Path("unused"))
    assert encoder.config.hidden_size == 384 and tokens.max_length == 128
    assert tokens.unknown_share(TEXTS) == 0.0 < 0.15 < tokens.unknown_share(CHINESE)


def test_a_local_folder_is_a_base(tiny_base: Path, tmp_path: Path) -> None:
    encoder, tokens = load_base(str(tiny_base), TEXTS, 256, tmp_path)
    assert encoder.config.hidden_size == 32
    assert tokens.max_length == 64, "as many tokens as it has positions for"
    assert tokens.pad_id == 0 and tokens.unknown_id == 1


def test_roberta_has_fewer_positions_than_its_configuration_says(make_encoder: Any) -> None:
    encoder = make_encoder("roberta", pad_token_id=1).eval()
    limit = longest(encoder, 999)
    assert limit == 38
    encoder(input_ids=torch.full((1, limit), 5))
    with pytest.raises((IndexError, RuntimeError)):
        encoder(input_ids=torch.full((1, limit + 1), 5))
    assert longest(make_encoder("bert"), 999) == 40


def test_scratch_learns_its_own_words_and_keeps_them_for_a_resumed_training(tmp_path: Path) -> None:
    encoder, tokens = load_base("scratch", CHINESE, 32, tmp_path)
    assert tokens.unknown_share(CHINESE) == 0.0
    assert (encoder.config.hidden_size, encoder.config.num_hidden_layers) == (256, 2)
    kept = (tmp_path / "tokenizer.json").read_bytes()
    _, again = load_base("scratch", TEXTS, 32, tmp_path)
    assert (tmp_path / "tokenizer.json").read_bytes() == kept and again.unknown_share(CHINESE) == 0.0
    assert [file.name for file in tmp_path.iterdir()] == ["tokenizer.json"]


def altered_base(tiny_base: Path, folder: Path, change: Callable[[Path], None]) -> str:
    shutil.copytree(tiny_base, folder)
    change(folder)
    return str(folder)


def without_half_its_weights(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "layer.1" not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def only_pickled(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def of_another_kind(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps({**config, "model_type": "t5", "architectures": None, "is_encoder_decoder": True})
    )


CHANGES: dict[str, Callable[[Path], None]] = {
    "weights missing": lambda folder: (folder / "model.safetensors").unlink(),
    "weights damaged": lambda folder: (folder / "model.safetensors").write_bytes(b"\x10" + b"\0" * 99),
    "half the weights": without_half_its_weights,
    "pickled weights": only_pickled,
    "no configuration": lambda folder: (folder / "config.json").unlink(),
    "no JSON": lambda folder: (folder / "config.json").write_text("{"),
    "no tokenizer": lambda folder: [file.unlink() for file in folder.glob("tokenizer*")],
    "a decoder": of_another_kind,
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_folder_that_is_no_base_is_refused_in_words(tiny_base: Path, tmp_path: Path, change: str) -> None:
    with pytest.raises(BadInput, match="Cannot load the base model") as refused:
        load_base(altered_base(tiny_base, tmp_path / "base", CHANGES[change]), TEXTS, 16, tmp_path)
    assert "embedded, scratch, one of `beside list bases`, a run to go on from, a folder" in refused.value.hint
    assert "\n" not in refused.value.message


def test_an_empty_folder_is_no_base(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Cannot load the base model"):
        load_base(str(tmp_path), TEXTS, 16, tmp_path)


@pytest.mark.parametrize("base", ["no-such-owner/no-such-model", "no-such-folder", "../no/such/folder", "", "a b\n", "中文"])
def test_a_name_that_leads_nowhere_is_refused_soon_with_what_is_allowed(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    def unplugged(*_: Any, **__: Any) -> Any:
        raise OSError("the network is unplugged")

    monkeypatch.setattr(socket, "getaddrinfo", unplugged)
    began = monotonic()
    with pytest.raises(BadInput, match="Cannot load the base model") as refused:
        load_base(base, TEXTS, 16, tmp_path)
    assert "needs the network once" in refused.value.hint
    assert monotonic() - began < 10
