"""The table `[oidc]` of beside.toml: the identity provider people may sign in through, and which of its groups hold which role."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from beside.core.errors import BadOption

Role = Literal["admin", "builder", "annotator", "reviewer", "privacy_officer", "user"]


class Oidc(BaseModel):
    """An OpenID Connect provider. Without this table no connection is ever made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(description="address of the provider, exactly as it names itself; https unless on this machine")
    client_id: str = Field(description="how the provider knows this server")
    client_secret_env: str = Field("", description="environment variable that holds the client's secret")
    client_secret_file: str = Field("", description="file that holds it; both empty = a public client, protected by PKCE alone")
    scope: str = Field("openid profile email", description="what is asked for; must name openid")
    name_claim: str = Field("preferred_username", description="claim that becomes the person's name here")
    role_claim: str = Field("groups", description="claim with the person's groups, a word or a list")
    roles: dict[str, Role] = Field({}, description="group at the provider -> role here; who has none may not sign in")
    address: str = Field("", description="address of this server as browsers see it; empty = as the request says")

    def secret(self) -> str | None:
        """The client's secret; None for a public client.

        Raises:
            BadOption: the variable or file that should hold it does not.
        """
        if self.client_secret_env:
            found = os.environ.get(self.client_secret_env, "")
            if not found:
                raise BadOption(f"The environment variable {self.client_secret_env} is empty.", "It holds the secret of [oidc].")
            return found
        if not self.client_secret_file:
            return None
        try:
            return Path(self.client_secret_file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadOption("The file of client_secret_file in [oidc] cannot be read.", "Give the server permission.") from error
