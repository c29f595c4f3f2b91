"""The vault: values that pseudonyms stand for, each sealed on its own. Who opens one, and why, is in the ledger before it is seen.

A token and the mark by which a value is found again are HMACs under a secret that is sealed itself: neither the database nor the
workspace's folder lets anybody try values without the master key.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from beside.core.errors import BadInput, UnknownName
from beside.core.protecting import same_value
from beside.core.types import Actor
from beside.core.vaults import OpenedValue, SealedValue, VaultEntry
from beside.store import tables
from beside.store.database import Database
from beside.store.files import flush, temporary
from beside.store.ledger import append
from beside.store.permission import OPENERS, demand_role, readable_rows
from beside.store.sealing import Keys

SECRET, CONTEXT = "vault.secret", b"vault/secret"
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32, none that looks like another
LENGTH, GROUP = 12, 4  # letters of a token: 60 bits
LONGEST_REASON = 2_000  # characters
CHUNK = 500


class Sealer:
    """Gives tokens to values and seals what is new; `made` is what is to be stored.

    Args:
        keys: the workspace's, opened.
        state: folder of the workspace's state, where the vault's own secret lies, sealed.
    """

    def __init__(self, keys: Keys, state: Path) -> None:
        self.keys, self.secret = keys, vault_secret(keys, state)
        self.tokens: dict[str, tuple[str, str, str]] = {}  # mark -> token, kind, value as it was first written
        self.persons: dict[str, set[str]] = {}

    def mark(self, kind: str, value: str) -> str:
        """What finds the entry of a value."""
        said = f"{kind}:{same_value(kind, value)}".encode("utf-8", "surrogatepass")
        return hmac.new(self.secret, said, "sha256").hexdigest()

    def token(self, kind: str, value: str, person: str | None) -> str:
        """`<PHONE:K7Q2-M9XW-4TBA>`; remembers whose row it stands in."""
        mark = self.mark(kind, value)
        if mark not in self.tokens:
            number = int(mark, 16)
            letters = "".join(LETTERS[number >> 5 * place & 31] for place in range(LENGTH))
            groups = "-".join(letters[at : at + GROUP] for at in range(0, LENGTH, GROUP))
            self.tokens[mark] = f"<{kind.upper()}:{groups}>", kind, value
        if person:
            self.persons.setdefault(mark, set()).add(person)
        return self.tokens[mark][0]

    def made(self) -> Iterable[SealedValue]:
        """Every value that got a token, sealed."""
        for mark, (token, kind, value) in self.tokens.items():
            sealed = self.keys.seal(value.encode("utf-8", "surrogatepass"), context_of(token))
            yield SealedValue(token=token, kind=kind, mark=mark, sealed=sealed, persons=tuple(sorted(self.persons.get(mark, ()))))


def context_of(token: str) -> bytes:
    """What a sealed value is bound to: it opens under its own token alone."""
    return f"vault/{token}".encode()


def vault_secret(keys: Keys, state: Path) -> bytes:
    """The vault's own secret, made and sealed when it is first asked for. Raises as `Keys.unseal`."""
    file = state / SECRET
    if not file.exists():
        with temporary(state) as new:
            new.write_bytes(keys.seal(secrets.token_bytes(32), CONTEXT))
            new.chmod(0o600)
            flush(new)
            with suppress(FileExistsError):  # another process made one at the same moment: that one holds
                file.hardlink_to(new)
    return keys.unseal(file.read_bytes(), CONTEXT)


class VaultRecords:
    """Part of `Records`. Raises as `Records` tells."""

    database: Database

    def vault(self, actor: Actor) -> list[VaultEntry]:
        """What is in the vault, without its values; the newest first."""
        with self.database.read() as session:
            rows = session.scalars(readable_rows(actor, tables.Vault).order_by(tables.Vault.number.desc()))
            return [entry_of(row) for row in rows]

    def open_vault(self, actor: Actor, token: str, why: str, keys: Callable[[], Keys]) -> OpenedValue:
        """The value that a token stands for, once the ledger tells who opened it and why.

        Raises:
            NotPermitted: it takes a privacy officer or an admin.
            BadInput: no reason, or one that is too long.
            UnknownName: no such token; the value may have been erased.
            KeyUnusable, Altered: as `Keys.unseal`.
        """
        demand_role(actor, OPENERS, "open the vault")
        why = why.strip()
        if not why or len(why) > LONGEST_REASON:
            raise BadInput(
                f"The reason has {len(why):,} characters.", f"Say why, in 1 to {LONGEST_REASON:,} characters: --why TEXT."
            )
        with self.database.write() as session:
            row = session.scalars(select(tables.Vault).where(tables.Vault.token == bracketed(token))).first()
            if row is None:
                hint = "Tokens look like <PHONE:K7Q2-M9XW-4TBA>: beside vault list. A value that was erased cannot be opened."
                raise UnknownName(f"There is no '{token}' in the vault.", hint)
            plain = keys().unseal(base64.b64decode(row.sealed), context_of(row.token), f"The value of {row.token}")
            append(session, actor.name, "open vault", row.token, {"kind": row.kind, "why": why}, self.database.clock())
            found = OpenedValue(token=row.token, kind=row.kind, value=plain.decode("utf-8", "surrogatepass"))
        return found

    def forget_vault(self, actor: Actor, *, persons: Sequence[str] = (), marks: Sequence[str] = ()) -> int:
        """Deletes values for good; how many. Their tokens stay in the texts and stand for nobody.

        Args:
            persons: pseudonyms of people; a value that stands in rows of others as well stays for those.
            marks: of values (`Sealer.mark`), whoever has them.
        """
        demand_role(actor, OPENERS, "delete from the vault")
        gone = set(persons)
        with self.database.write() as session:
            numbers = []
            for row in session.scalars(select(tables.Vault)):
                left = [person for person in row.persons if person not in gone]
                if row.mark in marks or (len(left) < len(row.persons) and not left):
                    numbers.append(row.number)
                elif len(left) < len(row.persons):
                    row.persons = left
            for start in range(0, len(numbers), CHUNK):
                session.execute(delete(tables.Vault).where(tables.Vault.number.in_(numbers[start : start + CHUNK])))
            if numbers:
                append(
                    session, actor.name, "forget vault", f"{len(numbers)} values", {"values": len(numbers)}, self.database.clock()
                )
        return len(numbers)


def store_values(session: Session, values: Iterable[SealedValue], database: Database) -> int:
    """Adds sealed values that are not there yet, and persons to those that are; how many are new."""
    new, waiting = 0, list(values)
    for start in range(0, len(waiting), CHUNK):
        chunk = {one.mark: one for one in waiting[start : start + CHUNK]}
        marks, tokens = tables.Vault.mark.in_(chunk), tables.Vault.token.in_([one.token for one in chunk.values()])
        for row in session.scalars(select(tables.Vault).where(or_(marks, tokens))):
            one = chunk.pop(row.mark)
            row.persons = sorted({*row.persons, *one.persons})
        for one in chunk.values():
            sealed = base64.b64encode(one.sealed).decode()
            at = database.clock()
            session.add(
                tables.Vault(token=one.token, kind=one.kind, mark=one.mark, sealed=sealed, persons=list(one.persons), made_at=at)
            )
        new += len(chunk)
        session.flush()
    return new


def entry_of(row: tables.Vault) -> VaultEntry:
    """A row without its value."""
    return VaultEntry(token=row.token, kind=row.kind, persons=tuple(row.persons), made_at=row.made_at)


def bracketed(token: str) -> str:
    """A token as texts have it: people may leave its brackets out, which a shell does not like."""
    return f"<{token.strip().strip('<>').upper()}>"
