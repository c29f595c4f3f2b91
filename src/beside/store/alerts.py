"""Alarms on their way to people: by webhook and by e-mail, only where beside.toml names one. Figures alone, no word of a text."""

from __future__ import annotations

import http.client
import os
import smtplib
import ssl
from collections.abc import Collection, Iterator
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import to_json

from beside.core.drift import WAYS, Told, Way

PATIENCE = 10.0  # seconds that a server is waited for


class Email(BaseModel):
    """The table `[alerts.email]`: a mail server that takes alarms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = Field("starttls", description="none is for a server on this very machine")
    sender: str
    to: tuple[str, ...] = Field(min_length=1)
    user: str = Field("", description="empty = nobody signs in")
    password_env: str = Field("BESIDE_SMTP_PASSWORD", description="environment variable that holds the password")


class Alerts(BaseModel):
    """The table `[alerts]`: whom an alarm is sent to; nothing leaves the machine where it is not there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhook: str = Field("", description="http or https address that gets a POST with JSON; empty = none")
    token_env: str = Field("BESIDE_WEBHOOK_TOKEN", description="environment variable with its bearer token, if it wants one")
    email: Email | None = Field(None, description="the table [alerts.email]; None = no mail")

    @field_validator("webhook")
    @classmethod
    def an_address(cls, webhook: str) -> str:
        """Only addresses that can be posted to; a password in it would end in logs."""
        parts = urlsplit(webhook)
        if webhook and (parts.scheme not in ("http", "https") or not parts.hostname or parts.password):
            raise ValueError("write https://HOST/PATH, without a password in it")
        return webhook


def send(alerts: Alerts | None, subject: str, words: str, facts: dict[str, Any], ways: Collection[Way] = WAYS) -> Iterator[Told]:
    """Sends an alarm wherever it should go; what did not work is told, and stops nothing.

    Args:
        subject: one line.
        words: for people.
        facts: for programs; the body of the webhook.
        ways: that it is sent by, where they are set.
    """
    if alerts and alerts.webhook and "webhook" in ways:
        yield tried("webhook", lambda: post(alerts, to_json({"text": f"{subject}\n{words}", **facts})))
    if alerts and (email := alerts.email) and "email" in ways:
        yield tried("email", lambda: mail(email, subject, words))


def tried(way: Way, work: Any) -> Told:
    """Whether it worked, and why not."""
    try:
        work()
    except (OSError, smtplib.SMTPException, http.client.HTTPException, ValueError) as error:
        return Told(way=way, sent=False, why=str(error) or type(error).__name__)
    return Told(way=way, sent=True)


def post(alerts: Alerts, body: bytes) -> None:
    """Posts to the webhook itself; a redirection to another place is no success. Raises OSError: it does not answer with 2xx."""
    parts = urlsplit(alerts.webhook)
    assert parts.hostname  # the settings were checked
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=PATIENCE)
    token = os.environ.get(alerts.token_env, "")
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        connection.request("POST", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body, headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise OSError(f"it answered {status}")


def mail(email: Email, subject: str, words: str) -> None:
    """Hands a message to the mail server. Raises OSError or SMTPException."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, email.sender, ", ".join(email.to)
    # mail without a date and an id is taken for junk by many servers; the last line keeps absence notices from answering
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=parseaddr(email.sender)[1].partition("@")[2] or None)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words)
    safe = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(email.host, email.port, timeout=PATIENCE, context=safe)
        if email.security == "tls"
        else smtplib.SMTP(email.host, email.port, timeout=PATIENCE)
    ) as server:
        if email.security == "starttls":
            server.starttls(context=safe)
        if email.user:
            server.login(email.user, os.environ.get(email.password_env, ""))
        server.send_message(message)
