"""Bundles that are checked, signed after the fact, and carried to another machine, through the loop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from beside.core.types import Actor, Release
from beside.stages import serve, verify
from beside.stages.verify import Verification
from beside.store.bundle import check_bundle
from beside.store.carry import pack
from beside.store.exports import EXPORTERS
from beside.store.ledger import whole
from beside.store.permission import demand_role
from beside.store.proof import save_proofs
from beside.store.workspace import Workspace


class Proofs:
    """Part of `Loop`: what others can check without us."""

    workspace: Workspace
    actor: Actor
    clock: Callable[[], datetime]

    def verify(self, bundle: str | Path, ledger: Path | None = None) -> Verification:
        """Checks a bundle offline by the keys that this workspace trusts: files, seal, signatures, policy, dates."""
        return verify.verify(Path(bundle), self.clock(), self.workspace.keys.known(), ledger=ledger)

    def adopt(self, release_id: str) -> Release:
        """A release from before there were keys is signed now, as the ledger has it.

        Raises:
            NotPermitted: the actor is no admin.
            Altered: the ledger, or the bundle, is not whole.
            GateClosed: a signature does not stand in the ledger.
        """
        demand_role(self.actor, (), "adopt a release")
        with self.workspace.lock("adopt"):
            database, keys = self.workspace.records.database, self.workspace.keys
            self.workspace.check_ledger()
            made = self.workspace.records.release(self.actor, release_id)
            proved = verify.adopt(made, whole(database.engine), keys, self.clock())
            save_proofs(database, self.actor, proved)
        return proved

    def export(self, release_id: str, file: Path, model_signing: bool = False) -> int:
        """A release becomes one zip file for another machine, once it was checked; how many files are in it.

        Args:
            model_signing: sign the model in the OpenSSF format first.

        Raises:
            NotPermitted: the model is not for everybody.
            Altered, GateClosed: the bundle is not what was signed.
        """
        demand_role(self.actor, EXPORTERS, "export a release")
        records = self.workspace.records
        with self.workspace.lock("export"):
            made = records.release(self.actor, release_id)
            if model_signing:
                check_bundle(Path(made.bundle))
                verify.attest_release(made, self.workspace.keys, self.clock(), model_signing=True)
            findings = [one for one in records.findings(self.actor, made.run_id) if one.id in made.finding_ids]
            serve.must_be_sealed(made, findings, self.workspace.keys.known())
            records.note_export(self.actor, made.id, file)
            return pack(Path(made.bundle), file)
