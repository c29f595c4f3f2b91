"""Do our accountants say what Opacus and Google's dp-accounting say? Writes the table, dated, to benchmarks/accountants.md.

Each peer runs in an environment of its own, since neither is a dependency of the product.

    python -m venv /tmp/google && /tmp/google/bin/pip install dp-accounting==0.6.0
    python -m venv /tmp/opacus && /tmp/opacus/bin/pip install opacus==1.6.0
    python benchmarks/accountants.py --google /tmp/google/bin/python --opacus /tmp/opacus/bin/python
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = [  # rate, noise, steps, delta
    (0.01, 1.0, 1000, 1e-5),
    (0.04, 1.5, 1500, 1e-5),
    (256 / 60000, 1.1, 14040, 1e-5),
    (0.05, 2.0, 400, 1e-5),
    (0.1, 0.8, 20, 1e-5),
    (0.2, 5.0, 200, 1e-6),
    (1.0, 10.0, 50, 1e-5),
    (0.02, 0.6, 300, 1e-5),
    (0.001, 0.7, 10000, 1e-6),
]
GOOGLE = """
import dp_accounting as dp
from dp_accounting.pld import PLDAccountant
from dp_accounting.rdp import RdpAccountant
for rate, noise, steps, delta in cases:
    event = dp.SelfComposedDpEvent(dp.PoissonSampledDpEvent(rate, dp.GaussianDpEvent(noise)), steps)
    pld, rdp = PLDAccountant(), RdpAccountant()
    pld.compose(event), rdp.compose(event)
    found.append((pld.get_epsilon(delta), rdp.get_epsilon(delta)))
"""
OPACUS = """
from opacus.accountants import PRVAccountant, RDPAccountant
for rate, noise, steps, delta in cases:
    prv, rdp = PRVAccountant(), RDPAccountant()
    prv.history = rdp.history = [(noise, rate, steps)]
    found.append((prv.get_epsilon(delta, eps_error=0.001), rdp.get_epsilon(delta)))
"""


def main() -> None:
    """Asks all three, writes the table."""
    from beside.engine.accountants import epsilon_of

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--google", required=True, help="a python that has dp-accounting")
    parser.add_argument("--opacus", required=True, help="a python that has opacus")
    asked = parser.parse_args()
    google, opacus = peer(asked.google, GOOGLE), peer(asked.opacus, OPACUS)
    lines = [
        "# Accountants",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, by `benchmarks/accountants.py`: epsilon of the same steps. dp-accounting 0.6.0,",
        "Opacus 1.6.0 (PRV with an error of 0.001 in epsilon). Last: how far from Google's PLD and the nearer RDP.",
        "",
        "| rate | noise | steps | delta | pld | Google PLD | Opacus PRV | rdp | Google RDP | Opacus RDP | seconds pld | apart |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (rate, noise, steps, delta), (pld, rdp), (prv, other) in zip(CASES, google, opacus, strict=True):
        began = time.perf_counter()
        tight = epsilon_of("pld", rate=rate, noise=noise, steps=steps, delta=delta)
        seconds = time.perf_counter() - began
        loose = epsilon_of("rdp", rate=rate, noise=noise, steps=steps, delta=delta)
        apart = f"{tight / pld - 1:+.3%}, {min((loose / one - 1 for one in (rdp, other)), key=abs):+.3%}"
        numbers = " | ".join(f"{value:.4f}" for value in (tight, pld, prv, loose, rdp, other))
        lines.append(f"| {rate:.4g} | {noise:g} | {steps:,} | {delta:g} | {numbers} | {seconds:.2f} | {apart} |")
        print(lines[-1], flush=True)
    (HERE / "accountants.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def peer(python: str, script: str) -> list[tuple[float, float]]:
    """What a peer says of every case: its tight bound, and its RDP one."""
    code = f"import json\ncases, found = {CASES!r}, []\n{script}\nprint(json.dumps(found))"
    said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    return [(float(one), float(two)) for one, two in json.loads(said.splitlines()[-1])]


if __name__ == "__main__":
    main()
