"""Text in, text without personal data out: masked, removed, hashed, or replaced by its kind, a surrogate or a token."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from beside.core.drawing import Draw
from beside.core.errors import BadInput
from beside.core.kinds import placeholder
from beside.core.personal import Span, plain, resolved
from beside.core.protecting import Plan, must_have_key, same_value
from beside.core.registry import load
from beside.core.replacing import Replaced, replaced
from beside.core.vaults import Pseudonyms
from beside.protection import spans
from beside.protection.echoes import with_echoes
from beside.protection.tagging import Tagger

HASHED = 16  # hexadecimal digits of the HMAC that are shown


@dataclass(frozen=True, kw_only=True)
class Protected:
    """A text without the personal data that was found in it."""

    text: str
    spans: tuple[Span, ...]  # places in the text as it was given
    edits: Replaced  # where what stood in the text stands now
    emptied: bool = False  # nothing would have been left, so the kinds stand in place of the values


class Protector:
    """Carries out a plan, text by text; the same value is treated alike in all of them.

    Args:
        plan: what to look for, and what to put in its place.
        key: the secret of `hash` and `surrogate`.
        vault: gives the tokens of `pseudonym`.
        tagger: a model that looks as well.

    Raises:
        BadInput: the plan needs a key or a vault, and there is none.
    """

    def __init__(self, plan: Plan, key: bytes | None = None, vault: Pseudonyms | None = None, tagger: Tagger | None = None) -> None:
        self.plan, self.key, self.vault, self.tagger = plan, must_have_key(plan, key), vault, tagger
        if plan.needs_vault and vault is None:
            raise BadInput("Pseudonyms are kept in the vault of a workspace.", "Protect a corpus so, not a single text.")
        self.draw = Draw(self.key)

    def text(self, text: str, person: str | None = None, said: Sequence[Span] | None = None) -> Protected:
        """The text without what is found in it. A value that is found once is replaced wherever it stands in the text.

        Args:
            person: whose text it is, where that is known: dates of one person are shifted alike.
            said: what a person says stands in it, sorted and apart; nothing else is looked for then. None: nobody looked.
        """
        found = with_echoes(text, self.found(text)) if said is None else [one for one in said if one.kind in self.plan.kinds]
        edits = replaced(text, found, lambda span: self.instead(text, span, person))
        if emptied := bool(found) and not edits.text.strip():
            edits = replaced(text, found, lambda span: f"<{span.kind.upper()}>")
        return Protected(text=edits.text, spans=tuple(found), edits=edits, emptied=emptied)

    def found(self, text: str) -> list[Span]:
        """What the recognizers find, and the model where there is one."""
        found = spans(text, self.plan.kinds)
        return resolved([*found, *self.tagger.spans(text, self.plan.kinds)]) if self.tagger else found

    def instead(self, text: str, span: Span, person: str | None = None) -> str:
        """What stands where a value of the text stood. Its length is told by a surrogate alone."""
        value, kind = text[span.start : span.end], span.kind
        action = self.plan.action(kind)
        if action == "mask":
            return "****"
        if action == "redact":
            return ""
        if action == "name":
            return placeholder(kind, text, span.start, span.end)
        if action == "hash":
            return f"<{kind.upper()}:{keyed(self.key, kind, value)[:HASHED]}>"
        if action == "pseudonym" and self.vault:
            return self.vault.token(kind, value, person)
        if action == "surrogate":
            return self.surrogate(value, kind, person)
        return f"<{kind.upper()}>"

    def surrogate(self, value: str, kind: str, person: str | None) -> str:
        """Another value of the same kind; where there is none in the same form, or chance gives the same value, the kind itself."""
        copy = plain(value).text
        new: str = load("surrogates", kind).make(copy, self.draw.of(person))
        return f"<{kind.upper()}>" if not new.strip() or same_value(kind, new) == same_value(kind, copy) else new


def keyed(key: bytes, kind: str, value: str) -> str:
    """HMAC-SHA-256 of a value, hexadecimal: the same for all ways of writing it."""
    return hmac.new(key, f"{kind}:{same_value(kind, value)}".encode("utf-8", "surrogatepass"), "sha256").hexdigest()
