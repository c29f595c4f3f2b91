"""Signing in through an OpenID Connect provider: authorization code flow with PKCE (RFC 7636) and a nonce.

Nothing is asked of the provider before somebody presses the link, and nothing at all unless `[oidc]` is configured.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from beside.api.guard import host_name, is_loopback
from beside.core.errors import BadOption, NotSignedIn
from beside.store.identity import Oidc
from beside.store.permission import ROLES

DISCOVERY = "/.well-known/openid-configuration"
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]  # never `none`, never one with a shared secret
LEEWAY = 60  # seconds that two clocks may differ
PATIENCE = 10  # seconds for each answer of the provider
AGAIN = "Sign in again; if it goes on, ask an admin."


@dataclass(frozen=True)
class Begun:
    """What this browser must bring back from the provider: kept in its own cookie, for ten minutes."""

    state: str
    nonce: str
    verifier: str  # of PKCE: proves that who began is who comes back
    next: str  # page to go to afterwards

    def as_cookie(self) -> str:
        """The same as text."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Vouched:
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    name: str
    roles: tuple[str, ...]


def begun(cookie: str) -> Begun:
    """What was kept when this browser went to the provider.

    Raises:
        NotSignedIn: nothing was, or it is too old.
    """
    try:
        return Begun(**{key: str(value) for key, value in json.loads(cookie).items()})
    except (ValueError, TypeError, AttributeError) as error:
        raise NotSignedIn("This sign-in was not begun in this browser, or more than ten minutes ago.", AGAIN) from error


def begin(oidc: Oidc, back: str, next: str) -> tuple[str, Begun]:
    """The provider's address to send a browser to, and what to keep meanwhile.

    Args:
        back: address of this server that the provider sends the browser back to.

    Raises:
        NotSignedIn: the provider does not answer as one.
    """
    kept = Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), next)
    client = client_of(oidc, back)
    url, _ = client.create_authorization_url(
        discovered(client, oidc)["authorization_endpoint"], state=kept.state, nonce=kept.nonce, code_verifier=kept.verifier
    )
    return str(url), kept


def finish(oidc: Oidc, back: str, kept: Begun, query: Mapping[str, str]) -> Vouched:
    """Exchanges the code that the browser brought back, and checks the identity token.

    Raises:
        NotSignedIn: another state, a refusal of the provider, or a token with a wrong signature, issuer, audience, nonce or time.
    """
    from authlib.common.errors import AuthlibBaseError

    if not compare_digest(query.get("state", "").encode(), kept.state.encode()):
        raise untrusted("the state is not the one that was sent")
    if "error" in query or not query.get("code"):
        raise NotSignedIn("The identity provider did not sign you in.", AGAIN)
    client = client_of(oidc, back)
    facts = discovered(client, oidc)
    try:
        token = client.fetch_token(
            facts["token_endpoint"],
            grant_type="authorization_code",
            code=query["code"],
            code_verifier=kept.verifier,
            timeout=PATIENCE,
            allow_redirects=False,
        )
    except (AuthlibBaseError, OSError, ValueError) as error:
        raise NotSignedIn("The identity provider did not sign you in.", AGAIN) from error
    return vouched(oidc, claims_of(oidc, str(token.get("id_token", "")), asked(client, facts["jwks_uri"]), kept.nonce))


def claims_of(oidc: Oidc, id_token: str, keys: Any, nonce: str) -> dict[str, Any]:
    """The claims of an identity token (OpenID Connect Core, 3.1.3.7). Raises NotSignedIn when one of them is wrong."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        claims = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise untrusted("its signature is not good") from error
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    now = time.time()
    wrong = {
        "it is of another issuer": claims.get("iss") != oidc.issuer,
        "it is for somebody else": oidc.client_id not in audiences,
        "it was given to somebody else": (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != oidc.client_id,
        "the nonce is not the one that was sent": not compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()),
        "it has expired": not number(claims.get("exp")) or claims["exp"] + LEEWAY <= now,
        "it is from the future": not number(claims.get("iat")) or claims["iat"] - LEEWAY > now,
        "it names nobody": not isinstance(claims.get("sub"), str) or not claims["sub"],
    }
    for why, is_wrong in wrong.items():
        if is_wrong:
            raise untrusted(why)
    return dict(claims)


def vouched(oidc: Oidc, claims: Mapping[str, Any]) -> Vouched:
    """The person behind good claims, with the roles that their groups have here, in the order of the house."""
    told = claims.get(oidc.role_claim, [])
    groups = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    held = {oidc.roles[group] for group in groups if isinstance(group, str) and group in oidc.roles}
    name = claims.get(oidc.name_claim)
    shown = name if isinstance(name, str) and name.strip() else claims["sub"]
    return Vouched(oidc.issuer, claims["sub"], shown.strip(), tuple(role for role in ROLES if role in held))


def client_of(oidc: Oidc, back: str) -> Any:
    """Authlib's client, which follows no redirect and speaks to nobody yet.

    Raises:
        BadOption: an issuer that is not safe, a secret that is not there, or Authlib is not installed.
    """
    try:
        from authlib.integrations.requests_client import OAuth2Session
    except ModuleNotFoundError as error:
        raise BadOption(f"The package '{error.name}' is not installed.", "Run: pip install 'beside[oidc]'") from error
    must_be_safe(oidc.issuer)
    secret = oidc.secret()
    method = "client_secret_basic" if secret else "none"
    return OAuth2Session(
        oidc.client_id, secret, scope=oidc.scope, redirect_uri=back, token_endpoint_auth_method=method, code_challenge_method="S256"
    )


def discovered(client: Any, oidc: Oidc) -> dict[str, str]:
    """The provider's own description. Raises NotSignedIn when it is of somebody else or names unsafe addresses."""
    facts = asked(client, oidc.issuer.rstrip("/") + DISCOVERY)
    if facts.get("issuer") != oidc.issuer:
        raise untrusted("it describes another issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        must_be_safe(str(facts.get(name, "")))
    return {name: value for name, value in facts.items() if isinstance(value, str)}


def asked(client: Any, address: str) -> dict[str, Any]:
    """A JSON object of the provider. Raises NotSignedIn when it gives none."""
    try:
        answer = client.get(address, timeout=PATIENCE, allow_redirects=False, withhold_token=True)
        found = answer.json() if answer.status_code == 200 else None
    except (OSError, ValueError) as error:
        raise NotSignedIn("The identity provider does not answer.", AGAIN) from error
    if not isinstance(found, dict):
        raise NotSignedIn("The identity provider does not answer.", AGAIN)
    return found


def must_be_safe(address: str) -> None:
    """Does nothing for https, or for a plain address on this machine.

    Raises:
        BadOption: codes and tokens would travel in the open.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host_name(parts.netloc))):
        raise BadOption(f"The identity provider's address '{address[:200]}' is not safe.", "Use one that begins with https://.")


def number(value: Any) -> bool:
    """Whether a claim is a time as it should be."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def untrusted(why: str) -> NotSignedIn:
    """The error for an answer that may be forged."""
    return NotSignedIn(f"The identity provider's answer cannot be trusted: {why}.", AGAIN)
