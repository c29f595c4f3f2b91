"""Sealing: what opens, what is refused, and what the refusal says."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.errors import Altered, BadOption, KeyUnusable
from beside.store import key_source
from beside.store.sealed_stream import CHUNK
from beside.store.sealing import HEAD, KEY_ID, MAGIC, Keys
from beside.store.wrapped_keys import PLACE, SETTINGS

PLAIN = "王小明 wrote: my card is 6222 0200 0000 0000".encode()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    home = tmp_path_factory.mktemp("sealing")
    return Keys.make(home / "work", f"file:{home / 'master.key'}")


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_was_sealed_opens_with_its_context(plain: bytes, context: bytes) -> None:
    keys = shared()
    sealed = keys.seal(plain, context)
    assert keys.unseal(sealed, context) == plain
    assert keys.seal(plain, context) != sealed
    assert len(plain) < 8 or plain not in sealed


@given(st.binary(max_size=60), st.data())
def test_no_byte_can_be_changed_and_none_cut_off_or_added(plain: bytes, data: st.DataObject) -> None:
    keys = shared()
    sealed = bytearray(keys.seal(plain, b"c"))
    at, by = data.draw(st.integers(0, len(sealed) - 1)), data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(sealed) - 1))
    with pytest.raises(Altered):
        keys.unseal(bytes(sealed[:cut]), b"c")
    with pytest.raises(Altered):
        keys.unseal(bytes(sealed) + b"\0", b"c")
    sealed[at] ^= by
    with pytest.raises((Altered, KeyUnusable)):
        keys.unseal(bytes(sealed), b"c")


KEYS: list[Keys] = []


def shared() -> Keys:
    """Keys for tests that hypothesis runs, which shares no fixture."""
    if not KEYS:
        import tempfile

        home = Path(tempfile.mkdtemp())
        KEYS.append(Keys.make(home / "work", f"file:{home / 'master.key'}"))
    return KEYS[0]


def test_a_refusal_says_why(keys: Keys, tmp_path: Path) -> None:
    sealed = keys.seal(PLAIN, b"vault/1")
    with pytest.raises(Altered, match="another place or purpose"):
        keys.unseal(sealed, b"vault/2")
    with pytest.raises(Altered, match="cut off"):
        keys.unseal(sealed[:-1], b"vault/1")
    with pytest.raises(Altered, match="cut off"):
        keys.unseal(sealed[:40], b"vault/1")
    with pytest.raises(Altered, match="was altered"):
        keys.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), b"vault/1")
    with pytest.raises(Altered, match="the key it carries"):
        keys.unseal(sealed[: HEAD - 30] + bytes([sealed[HEAD - 30] ^ 1]) + sealed[HEAD - 29 :], b"vault/1")
    with pytest.raises(Altered, match="not a sealed one"):
        keys.unseal(PLAIN, b"vault/1")
    other = Keys.make(tmp_path / "work", f"file:{tmp_path / 'other.key'}")
    with pytest.raises(KeyUnusable, match="none of the workspace"):
        other.unseal(sealed, b"vault/1")
    place = len(MAGIC) + 2
    forged = sealed[:place] + other.seal(b"", b"")[place : place + KEY_ID] + sealed[place + KEY_ID :]
    with pytest.raises(Altered):
        other.unseal(forged, b"vault/1")


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17])
def test_a_stream_is_read_in_order_and_at_any_place(keys: Keys, size: int) -> None:
    plain, target = os.urandom(size), io.BytesIO()
    with keys.writer(target, b"rows") as writer:
        for start in range(0, size, 1000):
            writer.write(plain[start : start + 1000])
    sealed = target.getvalue()
    with keys.reader(io.BytesIO(sealed), b"rows") as reader:
        assert reader.read() == plain
        for place in (0, size // 2, max(0, size - 20), max(0, CHUNK - 5)):
            reader.seek(place)
            assert reader.read(30) == plain[place : place + 30]
        reader.seek(-min(size, 8), io.SEEK_END)
        assert reader.read() == plain[size - min(size, 8) :]


def test_a_stream_that_was_cut_off_between_chunks_lengthened_or_reordered_is_refused(keys: Keys) -> None:
    target, piece = io.BytesIO(), CHUNK + 16
    with keys.writer(target, b"rows") as writer:
        writer.write(os.urandom(3 * CHUNK))
    sealed = target.getvalue()
    head = len(sealed) - 3 * piece
    first, second, third = (sealed[head + n * piece : head + (n + 1) * piece] for n in range(3))
    with pytest.raises(Altered, match="cut off"):
        keys.reader(io.BytesIO(sealed[:head] + first + second), b"rows")
    with pytest.raises(Altered, match=r"altered|added"):
        keys.reader(io.BytesIO(sealed + third), b"rows")
    with pytest.raises(Altered, match="cut off"):
        keys.reader(io.BytesIO(sealed[: head + 5]), b"rows")
    with pytest.raises(Altered, match="another place"):
        keys.reader(io.BytesIO(sealed), b"other rows")
    with (
        keys.reader(io.BytesIO(sealed[:head] + second + first + third), b"rows") as swapped,
        pytest.raises(Altered, match="altered"),
    ):
        swapped.read()


def test_a_stream_that_was_never_finished_is_refused(keys: Keys) -> None:
    target = io.BytesIO()
    writer = keys.writer(target, b"rows")
    writer.write(os.urandom(CHUNK + 5))
    writer.abandon()
    with pytest.raises(Altered, match="cut off"):
        keys.reader(io.BytesIO(target.getvalue()), b"rows")


@pytest.mark.parametrize("damage", range(4))
def test_every_part_of_a_stream_is_guarded(keys: Keys, damage: int) -> None:
    target = io.BytesIO()
    with keys.writer(target, b"rows") as writer:
        writer.write(b"x" * 2000)
    sealed = target.getvalue()
    for at in range(damage, len(sealed), 37):
        altered = bytearray(sealed)
        altered[at] ^= 0x20
        with pytest.raises((Altered, KeyUnusable)):
            keys.reader(io.BytesIO(bytes(altered)), b"rows").read()


def test_keys_open_again_and_find_equal_content(keys: Keys) -> None:
    again = Keys.open(keys.folder)
    assert again.unseal(keys.seal(PLAIN, b"x"), b"x") == PLAIN
    assert again.fingerprint(PLAIN, b"vault") == keys.fingerprint(PLAIN, b"vault") != keys.fingerprint(PLAIN, b"other")


def test_a_key_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_KEY", os.urandom(32).hex())
    sealed = Keys.make(tmp_path, "env:TEAM_KEY").seal(PLAIN, b"x")
    assert Keys.open(tmp_path).unseal(sealed, b"x") == PLAIN
    monkeypatch.setenv("TEAM_KEY", os.urandom(32).hex())
    with pytest.raises(KeyUnusable, match="is not the one that encrypted"):
        Keys.open(tmp_path)
    monkeypatch.delenv("TEAM_KEY")
    with pytest.raises(KeyUnusable, match="TEAM_KEY is not set"):
        Keys.open(tmp_path)


def test_a_passphrase(tmp_path: Path) -> None:
    sealed = Keys.make(tmp_path, "passphrase", lambda _: "three words apart").seal(PLAIN, b"x")
    assert Keys.open(tmp_path, lambda _: "three words apart").unseal(sealed, b"x") == PLAIN
    with pytest.raises(KeyUnusable, match="is not the one"):
        Keys.open(tmp_path, lambda _: "three other words")
    with pytest.raises(KeyUnusable, match="none was given"):
        Keys.open(tmp_path, lambda _: None)
    with pytest.raises(KeyUnusable, match="characters") as short:
        Keys.open(tmp_path, lambda _: "s3cret")
    assert "s3cret" not in str(short.value) + short.value.hint


def test_a_lost_key_says_so_plainly(tmp_path: Path) -> None:
    work, file = tmp_path / "work", tmp_path / "master.key"
    Keys.make(work, f"file:{file}")
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    file.unlink()
    with pytest.raises(KeyUnusable, match="is lost: there is no such file") as lost:
        Keys.open(work)
    assert "if there is no copy of the key, the content is lost" in lost.value.hint
    file.write_bytes(content)
    file.chmod(0o640)
    with pytest.raises(KeyUnusable, match="mode is 0640"):
        Keys.open(work)
    file.chmod(0o600)
    file.write_bytes(b"not a key at all")
    with pytest.raises(KeyUnusable, match="There is no key in") as none:
        Keys.open(work)
    assert "not a key" not in none.value.message
    file.write_bytes(content)
    (work / PLACE).unlink()
    with pytest.raises(KeyUnusable, match="file of wrapped keys"):
        Keys.open(work)


def test_nobody_switches_encryption_off_by_editing_the_file(tmp_path: Path) -> None:
    work = tmp_path / "work"
    Keys.make(work, f"file:{tmp_path / 'master.key'}")
    file = work / PLACE
    file.write_text(file.read_text().replace('"off"', '"on"'))
    with pytest.raises(Altered, match="was altered"):
        Keys.open(work)


def test_a_key_inside_the_workspace_and_an_odd_source_are_refused(tmp_path: Path) -> None:
    for source in (f"file:{tmp_path / 'here.key'}", "file:", "env:1", "env:", "vault", "passphrase:abc"):
        with pytest.raises(BadOption):
            Keys.make(tmp_path, source)
    assert not (tmp_path / "here.key").exists()
    with pytest.raises(KeyUnusable, match="has no encryption key"):
        Keys.open(tmp_path)


def test_the_settings_keep_what_else_stands_in_them(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / SETTINGS).write_text('# ours\n[workspace]\nlanguage = "zh"  # 中文\n', encoding="utf-8")
    Keys.make(work, f"file:{tmp_path / 'a key.key'}")
    told = (work / SETTINGS).read_text(encoding="utf-8")
    assert told.startswith('# ours\n[workspace]\nlanguage = "zh"  # 中文\n')
    assert f'[encryption]\nkey = "file:{tmp_path / "a key.key"}"\n' in told
    with pytest.raises(BadOption, match="takes its key from"):
        Keys.make(work, "env:OTHER")


def test_no_key_shows_in_what_is_printed(keys: Keys) -> None:
    master = key_source.from_file(keys.folder.parent / "master.key")
    shown = repr(keys) + repr(keys._opened) + str(vars(keys))
    assert master.hex() not in shown and repr(master) not in shown
    for key in keys._opened.keys.values():
        assert key.hex() not in shown and repr(key) not in shown
