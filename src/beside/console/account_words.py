"""What the pages of accounts call things: ways to sign in, what a role is for, what was just done."""

from __future__ import annotations

from dataclasses import dataclass

from beside.console.language import N_, Language
from beside.store.people import Account

WAYS = {
    "password": N_("password"),
    "code": N_("one-time link"),
    "oidc": N_("identity provider"),
    "owner": N_("link of the server"),
    "token": N_("key"),
}
DUTIES = {
    "admin": N_("adds people, gives roles, looks after the workspace"),
    "builder": N_("brings text in, trains, audits, releases"),
    "annotator": N_("reads questions and says which answers are right"),
    "reviewer": N_("reads the evidence, comments, signs"),
    "privacy_officer": N_("judges privacy, reads the ledger and who has access"),
    "user": N_("asks, and says whether the answer was right"),
}
DONE = {
    "password": N_("The password was changed; you are signed out everywhere else."),
    "revoked": N_("The token was revoked."),
    "ended": N_("The session was ended."),
    "roles": N_("The roles were changed."),
    "disabled": N_("The account is disabled; sessions and tokens ended."),
    "enabled": N_("The account is open again."),
    "out": N_("All sessions were ended."),
    "known": N_("This person is here already."),
}


@dataclass(frozen=True)
class AccountWords:
    """The words in one language."""

    language: Language

    def way(self, by: str) -> str:
        """How somebody signed in; a session opened with a token keeps the token's id."""
        word = WAYS.get(by) or WAYS["token"]
        return self.language.say(word)

    def duty(self, role: str) -> str:
        """What a role is for."""
        return self.language.say(DUTIES[role])

    def done(self, what: str) -> str:
        """What was just done; nothing for a word that is none of ours."""
        return self.language.say(DONE[what]) if what in DONE else ""

    def means(self, account: Account) -> str:
        """With what a person can sign in, apart from tokens."""
        if account.outside or account.has_password:
            return self.way("oidc" if account.outside else "password")
        if account.invited:
            return self.language.say("link not used yet")
        return self.language.say("no password yet")
