"""Proof: check a bundle or the ledger, carry them to another machine, and the keys that sign them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beside.cli.frame import HERE, As, Folder, Json, app, command, show, working

if TYPE_CHECKING:  # heavy: loaded by the command that needs it
    from beside.store.keys import Key

keys = typer.Typer(help="Keys that sign bundles, decisions and the ledger.", no_args_is_help=True, rich_markup_mode=None)
ledger = typer.Typer(help="The record of who did what: check it, carry it elsewhere.", no_args_is_help=True, rich_markup_mode=None)

TrustInside = Annotated[
    bool, typer.Option("--trust-bundle-key", help="Believe the keys that came along: all is of one piece, whosever it is.")
]
Protected = Annotated[bool, typer.Option("--passphrase", help="Lock the private part; the passphrase is asked for.")]
Named = Annotated[str, typer.Argument(help="A person, a fingerprint (or its beginning), or workspace.")]


@command
def verify(
    bundle: Annotated[Path, typer.Argument(help="Folder of a release, a zip file of `beside export`, or a certificate.")],
    ledger: Annotated[Path | None, typer.Option(help="File of `beside ledger export`: every decision must stand in it.")] = None,
    trust_bundle_key: TrustInside = False,
    workspace: Folder = HERE,
    json: Json = False,
) -> bool:
    """Check a bundle offline: files, seal, signatures, policy, dates. Exit code 1 if it may not be served."""
    from datetime import UTC, datetime

    from beside.cli.proof_telling import verification_in_words
    from beside.stages import certify
    from beside.stages.verify import verify as check
    from beside.store.workspace import trusted_keys

    if certify.is_certificate(bundle):
        certified = certify.check(bundle, trusted_keys(workspace))
        show(json, certified, certificate_in_words)
        return not certified.good
    found = check(bundle, datetime.now(UTC), trusted_keys(workspace), ledger=ledger, trust_bundle_key=trust_bundle_key)
    show(json, found, verification_in_words)
    return not found.good


def certificate_in_words(found: Any) -> None:
    """What a certificate of erasure is worth, for a person to read."""
    from beside.cli.rights import erasure_in_words

    print(f"Certificate of {found.erasure.workspace}, {found.words}: {'good' if found.good else 'NOT good'}")
    erasure_in_words(found.erasure)


@command
def export(
    release: str,
    file: Annotated[Path, typer.Argument(help="Zip file to write.")],
    model_signing: Annotated[bool, typer.Option("--model-signing", help="Sign the model in the OpenSSF format first.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Write a release into one zip file; `beside verify FILE` checks it on another machine."""
    with working(workspace, as_) as loop:
        count = loop.export(release, file, model_signing)
    show(json, {"file": str(file), "files": count}, lambda made: print(f"{made['files']} files written to {made['file']}"))


def ledger_verify(
    file: Annotated[Path | None, typer.Argument(help="A file of `beside ledger export`; without it, the workspace's own.")] = None,
    trust_bundle_key: TrustInside = False,
    workspace: Folder = HERE,
    json: Json = False,
) -> bool:
    """Compute every link again and name the first entry that was changed, moved, removed or cut off. Exit code 1 if unproved."""
    from beside.cli.proof_telling import chain_in_words
    from beside.store.workspace import trusted_keys

    if file is not None:
        from beside.stages.verify import check_export

        found, _ = check_export(file, trusted_keys(workspace), trust_bundle_key)
    else:
        with working(workspace) as loop:
            found = loop.workspace.check_ledger()
    show(json, found, chain_in_words)
    return not found.trusted


def ledger_export(file: Path, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Write the ledger with its signed head and the public keys: JSON lines for another machine."""
    with working(workspace, as_) as loop:
        head = loop.workspace.export_ledger(loop.actor, file)
    show(json, head, lambda head: print(f"{head.number} entries written to {file}; the last is {head.hash}"))


def keys_new(
    name: Annotated[str | None, typer.Argument(help="The person whose key it is; without a name: the workspace.")] = None,
    passphrase: Protected = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Make a key for a person's own signatures, or the workspace's."""
    from beside.cli.proof_telling import key_in_words

    with working(workspace, as_, create=True) as loop:
        made = loop.workspace.keys.new(loop.actor, name, asked_twice(passphrase))
    show(json, public(made), lambda _: key_in_words(made))


def keys_list(workspace: Folder = HERE, json: Json = False) -> None:
    """List the keys that are known here; private parts are never shown."""
    from beside.cli.proof_telling import keys_in_words
    from beside.store.workspace import trusted_keys

    known = list(trusted_keys(workspace))
    show(json, [public(key) for key in known], lambda _: keys_in_words(known))


def keys_export(
    file: Annotated[Path, typer.Argument(help="File to write; give it to whoever checks.")],
    name: Annotated[list[str] | None, typer.Option(help="Only this key; repeatable.")] = None,
    model_signing: Annotated[bool, typer.Option("--model-signing", help="The key of the OpenSSF format instead, as PEM.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Write the public parts of this workspace's keys for `beside keys trust` on another machine."""
    import json as as_text

    from beside.store.files import whole_file
    from beside.store.model_signature import public_key

    with working(workspace, as_) as loop:
        ring = loop.workspace.keys
        pem = public_key(ring.home, ring.ask) if model_signing else ""
        content = pem or as_text.dumps(ring.export(name or ()), indent=2, ensure_ascii=False) + "\n"
    with whole_file(file) as path:
        path.write_text(content, encoding="utf-8")
    show(json, {"file": str(file)}, lambda made: print(f"Public keys written to {made['file']}"))


def keys_trust(
    file: Annotated[Path, typer.Argument(help="A file of `beside keys export`.")],
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Trust the public keys in a file. Compare the fingerprints with their owner first, by voice."""
    from beside.cli.proof_telling import keys_in_words

    with working(workspace, as_, create=True) as loop:
        taken = loop.workspace.keys.trust(loop.actor, file)
    show(json, [public(key) for key in taken], lambda _: keys_in_words(taken))


def keys_rotate(name: Named, passphrase: Protected = False, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Make a new key in place of an old or lost one; what the old one signed stands."""
    from beside.cli.proof_telling import key_in_words

    with working(workspace, as_) as loop:
        made = loop.workspace.keys.rotate(loop.actor, name, asked_twice(passphrase))
    show(json, public(made), lambda _: key_in_words(made))


def keys_revoke(name: Named, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """End a stolen key for good: nothing that it ever signed counts any more."""
    from beside.cli.proof_telling import key_in_words

    with working(workspace, as_) as loop:
        ended = loop.workspace.keys.revoke(loop.actor, name)
    show(json, public(ended), lambda _: key_in_words(ended))


def keys_adopt(release: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Sign a release from before there were keys: its seal, and each decision that stands in the ledger."""
    from beside.cli.telling import release_in_words

    with working(workspace, as_) as loop:
        adopted = loop.adopt(release)
    show(json, adopted, release_in_words)


def public(key: Key) -> dict[str, Any]:
    """A key as plain data; the private part is in no `Key`."""
    return key.model_dump(mode="json")


def asked_twice(wanted: bool) -> str | None:
    """A new passphrase, typed twice; None when none is wanted.

    Raises:
        BadOption: it is too short.
    """
    from beside.store.trust import a_passphrase

    return a_passphrase(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)) if wanted else None


GROUPS: dict[typer.Typer, dict[str, Callable[..., bool | None]]] = {
    keys: {
        "new": keys_new,
        "list": keys_list,
        "export": keys_export,
        "trust": keys_trust,
        "rotate": keys_rotate,
        "revoke": keys_revoke,
        "adopt": keys_adopt,
    },
    ledger: {"verify": ledger_verify, "export": ledger_export},
}
for group, commands in GROUPS.items():
    for name, function in commands.items():
        function.__name__ = name
        command(function, group)
app.add_typer(keys, name="keys")
app.add_typer(ledger, name="ledger")
