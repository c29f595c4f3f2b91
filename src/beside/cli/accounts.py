"""People and their tokens on the command line. Passwords are asked for or read from stdin, never given as an argument."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated, Any

import typer

from beside.cli.frame import HERE, As, Folder, Json, app, command, show, working
from beside.core.errors import BadInput

people = typer.Typer(help="Who has an account here: list, change, disable.", no_args_is_help=True, rich_markup_mode=None)
tokens = typer.Typer(help="API tokens: list, create, revoke.", no_args_is_help=True, rich_markup_mode=None)

Roles = Annotated[
    list[str] | None, typer.Option("--role", help="admin, builder, annotator, reviewer, privacy_officer or user; repeatable.")
]


@command
def user(
    name: str,
    role: Roles = None,
    no_key: Annotated[bool, typer.Option("--no-key", help="Print a one-time code for a password instead of a key.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Add a person, or start a known one anew, and print their personal key, once."""
    roles = role or ["reviewer"]
    with working(workspace, as_) as loop:
        key = loop.workspace.people.add(loop.actor, name, roles, token=not no_key)
        code = loop.workspace.people.signing_in.make_code(loop.actor, name) if no_key else ""
    made = {"name": name, "roles": roles, **({"code": code} if no_key else {"key": key})}
    words = f"Open /sign-in/code?code={code} on the console" if no_key else f"Key of {name} (shown once): {key}"
    show(json, made, lambda _: print(words))


def people_list(workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """List the accounts."""
    with working(workspace, as_) as loop:
        found = loop.workspace.people.accounts(loop.actor)
    show(json, found, accounts_in_words)


def people_roles(name: str, role: Roles = None, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Give a person other roles; what is taken away ends at once."""
    with working(workspace, as_) as loop:
        loop.workspace.people.set_roles(loop.actor, name, role or [])
    said(json, f"{name} now has the roles {', '.join(role or [])}", name=name, roles=role)


def people_disable(name: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Close an account at once: password, tokens and sessions."""
    with working(workspace, as_) as loop:
        loop.workspace.people.disable(loop.actor, name)
    said(json, f"The account of {name} is disabled", name=name, disabled=True)


def people_enable(name: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Open a disabled account again."""
    with working(workspace, as_) as loop:
        loop.workspace.people.enable(loop.actor, name)
    said(json, f"The account of {name} is open", name=name, disabled=False)


def people_remove(name: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Remove an account; what the person did stays in the ledger."""
    with working(workspace, as_) as loop:
        loop.workspace.people.remove(loop.actor, name)
    said(json, f"The account of {name} was removed", name=name, removed=True)


def people_code(name: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """Print a one-time code with which a person chooses a new password on the console."""
    with working(workspace, as_) as loop:
        code = loop.workspace.people.signing_in.make_code(loop.actor, name)
    said(json, f"Within a day, once: /sign-in/code?code={code} on the console", name=name, code=code)


def people_password(
    name: str,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from stdin, one line.")] = False,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Set a person's password; asks for it twice. Their sessions end."""
    password = one_line() if password_stdin else typed_twice(name)
    with working(workspace, as_) as loop:
        current = None
        if loop.actor.name == name and loop.workspace.people.account(loop.actor, name).has_password and not password_stdin:
            current = getpass.getpass("Current password: ", sys.stderr)
        loop.workspace.people.signing_in.set_password(loop.actor, name, password, current)
    said(json, f"The password of {name} is set", name=name, password=True)


def people_sign_out(name: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """End all console sessions of a person."""
    with working(workspace, as_) as loop:
        loop.workspace.people.sessions.end_all(loop.actor, name)
    said(json, f"{name} is signed out everywhere", name=name, sessions=0)


def tokens_list(
    name: Annotated[str | None, typer.Argument(help="Only of this person.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """List API tokens; never the tokens themselves, which nobody keeps."""
    with working(workspace, as_) as loop:
        found = loop.workspace.people.tokens.of(loop.actor, name)
    show(json, found, tokens_in_words)


def tokens_create(
    name: str,
    label: Annotated[str, typer.Option(help="What it is for.")],
    role: Roles = None,
    days: Annotated[int | None, typer.Option(help="How long it is taken; left out = until it is revoked.")] = None,
    workspace: Folder = HERE,
    as_: As = None,
    json: Json = False,
) -> None:
    """Make an API token of a person and print it, once. Its roles are some of the person's; default: user."""
    with working(workspace, as_) as loop:
        token, secret = loop.workspace.people.tokens.make(loop.actor, name, label, role or ["user"], days)
    show(json, {**token.model_dump(mode="json"), "token": secret}, lambda made: print(f"{token.id} (shown once): {made['token']}"))


def tokens_revoke(id: str, workspace: Folder = HERE, as_: As = None, json: Json = False) -> None:
    """End an API token, and the sessions that were opened with it, at once."""
    with working(workspace, as_) as loop:
        loop.workspace.people.tokens.revoke(loop.actor, id)
    said(json, f"{id} is revoked", id=id, revoked=True)


def typed_twice(name: str) -> str:
    """A password typed at the terminal, unseen.

    Raises:
        BadInput: there is no terminal, or it was not typed twice alike.
    """
    if not sys.stdin.isatty():
        raise BadInput("There is no terminal to ask for a password.", "Pipe it in: beside people password NAME --password-stdin")
    first = getpass.getpass(f"New password of {name}: ", sys.stderr)
    if getpass.getpass("The same once more: ", sys.stderr) != first:
        raise BadInput("The two passwords are not the same.", "Type the new password twice.")
    return first


def one_line() -> str:
    """The first line of stdin, without its end."""
    return sys.stdin.readline().removesuffix("\n").removesuffix("\r")


def said(json: bool, words: str, **facts: Any) -> None:
    """What was done, as JSON or in a line."""
    show(json, facts, lambda _: print(words))


def accounts_in_words(found: list[Any]) -> None:
    """One line per account."""
    for one in found:
        state = "disabled" if one.disabled_at else "open"
        means = "oidc" if one.outside else "password" if one.has_password else "no password"
        print(f"{one.name}\t{', '.join(one.roles)}\t{means}\t{one.tokens} token(s)\t{state}")
    if not found:
        print("No accounts yet.", file=sys.stderr)


def tokens_in_words(found: list[Any]) -> None:
    """One line per token."""
    for one in found:
        expires = f"until {one.expires_at:%Y-%m-%d}" if one.expires_at else "no end"
        print(f"{one.id}\t{one.person}\t{one.label}\t{', '.join(one.roles)}\t{expires}\tlast used {one.last_day or 'never'}")
    if not found:
        print("No tokens yet.", file=sys.stderr)


def register(group: typer.Typer, name: str, verbs: dict[str, Any]) -> None:
    """Adds a group of verbs to the command line."""
    for verb, function in verbs.items():
        function.__name__ = verb  # the word that is typed
        command(function, group)
    app.add_typer(group, name=name)


register(
    people,
    "people",
    {
        "list": people_list,
        "roles": people_roles,
        "disable": people_disable,
        "enable": people_enable,
        "remove": people_remove,
        "code": people_code,
        "password": people_password,
        "sign-out": people_sign_out,
    },
)
register(tokens, "tokens", {"list": tokens_list, "create": tokens_create, "revoke": tokens_revoke})
