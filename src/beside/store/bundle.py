"""A sealed folder: its files, a manifest of their hashes, and beside them the signatures over the manifest.

The seal is the SHA-256 of `manifest.json`. It stands for every file in the bundle, so whoever signs the seal signs them all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from beside.core.errors import Altered, BadInput, Erased
from beside.core.types import Signature
from beside.store.artifacts import check_hash, rename_new
from beside.store.files import DAMAGED, flush, safe_name, sha256_of, storage_errors, temporary, whole_file
from beside.store.sealer import sealer_for

MANIFEST = "manifest.json"
SIGNATURES = "signatures.json"
ATTESTATION = "signature.json"  # of the workspace, over the seal (store/proof.py)
MODEL_SIGNATURE = "model.sig"  # of the model folder, in the OpenSSF format (store/model_signature.py)
RETIRED = "retired.json"  # lies in a bundle in place of the files that were erased
OWN = (MANIFEST, SIGNATURES, ATTESTATION, MODEL_SIGNATURE)  # what a manifest cannot list
Stamps = dict[str, tuple[int, int, int, int]]
MODEL = "model/"  # these are sealed when the workspace encrypts; the rest is made to be read and holds no text of a row
SIGNED = TypeAdapter(tuple[Signature, ...])


def write_bundle(folder: Path, files: Mapping[str, bytes | Path], facts: Mapping[str, Any]) -> str:
    """Writes files and manifest whole or not at all; the seal. The same bundle written again is left as it is.

    Args:
        folder: the bundle to be; its parent is made if it is not there.
        files: relative name -> bytes, or a file to copy.
        facts: plain data about the release, kept in the manifest.

    Raises:
        BadInput: a name that leads outside, a file that is not there, or another bundle at that place.
        StorageFailed: the disk is full or refuses the write; nothing is left behind.
    """
    for name in files:
        if safe_name(name) in OWN:
            raise BadInput(f"A bundle's file cannot be called '{name}'.", "That name is the bundle's own; choose another.")
    with storage_errors(f"the bundle '{folder}'"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with temporary(folder.parent) as new:
            seals = sealer_for(folder).sealing() is not None
            hashes = {name: put(new / name, content, seals and name.startswith(MODEL)) for name, content in sorted(files.items())}
            manifest = json.dumps({"facts": facts, "files": hashes}, sort_keys=True, ensure_ascii=False, indent=2).encode()
            put(new / MANIFEST, manifest)
            seal = hashlib.sha256(manifest).hexdigest()
            try:
                rename_new(new, folder)
            except FileExistsError:
                check_bundle(folder)
                if seal_of(folder) != seal:
                    raise BadInput(f"Another bundle lies in '{folder}'.", "Choose another folder, or move that one away.") from None
    return seal


def put(target: Path, content: bytes | Path, seals: bool = False) -> str:
    """Writes one read-only file to the disk, sealed perhaps; the SHA-256 of what it holds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        target.write_bytes(content)
    elif content.is_file() and seals:
        sealer_for(target).seal_file(content, target)
    elif content.is_file():
        shutil.copyfile(content, target)
    else:
        raise BadInput(f"There is no file '{content}'.", "Give the path of a file.")
    flush(target)
    target.chmod(0o444)
    return sealer_for(target).hash(target)


def check_bundle(folder: Path) -> dict[str, Any]:
    """The manifest, after every file was checked against it: {"facts": ..., "files": {name: sha256}}.

    Raises:
        BadInput: there is no bundle there.
        Altered: a file was changed, is missing or was added; the message names it.
        Erased: it was retired for good, and its files are gone.
    """
    if not folder.is_dir():
        raise BadInput(f"There is no bundle '{folder}'.", "Give the folder of a release, the one that holds manifest.json.")
    manifest = read_manifest(folder)
    here = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    for name in OWN:
        if name in here and here[name].is_symlink():
            raise Altered(f"The file '{name}' in the bundle '{folder}' is a link.", DAMAGED)
        here.pop(name, None)
    if RETIRED in here:
        told = json.loads(here[RETIRED].read_bytes())
        raise Erased(f"The bundle '{folder}' was retired for good ({told['erasure']}): {told['reason']}", "Make a new release.")
    for name in sorted(here.keys() ^ manifest["files"].keys()):
        state = "was added" if name in here else "is missing"
        raise Altered(f"The file '{name}' {state} in the bundle '{folder}'.", DAMAGED)
    for name, expected in manifest["files"].items():
        check_hash(here[name], expected, name)
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest as it stands; its own truth is told by the seal that was signed.

    Raises:
        Altered: it is missing or is no manifest.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        files = manifest["files"]
        if manifest.keys() == {"facts", "files"} and all(isinstance(text, str) for item in files.items() for text in item):
            return manifest
    except FileNotFoundError:
        raise Altered(f"The file '{MANIFEST}' is missing in the bundle '{folder}'.", DAMAGED) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise Altered(f"The file '{MANIFEST}' in the bundle '{folder}' is no manifest.", DAMAGED)


def seal_of(folder: Path) -> str:
    """SHA-256 of the manifest as it stands.

    Raises:
        Altered: it is missing.
    """
    read_manifest(folder)
    return sha256_of(folder / MANIFEST)


def write_signatures(folder: Path, signatures: Sequence[Signature]) -> None:
    """Writes `signatures.json`, whole or not at all.

    Raises:
        StorageFailed: the disk is full or refuses the write; the earlier signatures stay.
    """
    with whole_file(folder / SIGNATURES) as path:
        path.write_bytes(SIGNED.dump_json(tuple(signatures), indent=2))


def read_signatures(folder: Path) -> tuple[Signature, ...]:
    """The signatures; none yet when there is no file.

    Raises:
        Altered: the file holds something else.
    """
    file = folder / SIGNATURES
    if not file.is_file():
        return ()
    content = file.read_bytes()
    try:
        signatures = SIGNED.validate_json(content)
    except ValidationError as error:
        raise Altered(f"The file '{SIGNATURES}' in the bundle '{folder}' holds no signatures.", DAMAGED) from error
    if SIGNED.dump_json(signatures, indent=2, exclude_unset=True) != content:  # the same words, but not the same bytes
        raise Altered(f"The file '{SIGNATURES}' in the bundle '{folder}' is not as it was written.", DAMAGED)
    return signatures


def stamps_of(folder: Path) -> Stamps:
    """Name -> modification time, size, inode and change time of every file below a folder.

    The change time is the system's own: unlike the modification time it cannot be set back.
    """
    found: Stamps = {}
    homes = [("", os.fspath(folder))]
    for inside, home in homes:  # by hand: asked for each answer, and os.walk with relative paths takes twice as long
        with suppress(OSError), os.scandir(home) as entries:  # what is gone has no stamp
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    homes.append((f"{inside}{entry.name}{os.sep}", entry.path))
                    continue
                told = entry.stat(follow_symlinks=False)
                found[inside + entry.name] = (told.st_mtime_ns, told.st_size, told.st_ino, told.st_ctime_ns)
    return found
