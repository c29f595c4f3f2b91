"""Which processor this is, as far as int8 and bf16 products depend on it: the same model may answer otherwise on another."""

from __future__ import annotations

import platform
from pathlib import Path

FLAGS = (  # x86 and ARM names of instructions that products of bytes and of bf16 use
    "avx2",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx512_bf16",
    "avx_vnni",
    "amx_int8",
    "amx_bf16",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
    "sve2",
)


def processor() -> str:
    """Architecture and the instructions that matter, for example `x86_64 avx2 avx512_vnni`."""
    return " ".join([platform.machine(), *(flag for flag in FLAGS if flag in flags())])


def flags(file: Path = Path("/proc/cpuinfo")) -> set[str]:
    """The flags of the first processor as Linux tells them; what torch found where nobody tells."""
    try:
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip().lower() in ("flags", "features"):
                return set(value.split())
    except OSError:
        pass
    import torch

    found = torch.cpu.get_capabilities()
    return {name.replace("avx512_f", "avx512f").replace("avx512_bw", "avx512bw") for name, there in found.items() if there is True}
