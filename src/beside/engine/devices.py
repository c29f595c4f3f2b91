"""Where the numbers are worked on: this processor, or a graphics processor when there is one.

Everything is written once, for a device that is passed in, so that what runs on a processor is line by line what runs on a GPU.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor, nn

from beside.core.errors import BadOption

KINDS = ("cuda", "mps", "cpu")  # the first that is there is taken
ASKED = "BESIDE_DEVICE"  # environment variable: where a saved model answers, as `device` says where one is trained
DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
BF16 = ("amx_bf16", "avx512_bf16", "bf16")  # names that torch gives such instructions on x86 and ARM


def is_there(kind: str) -> bool:
    """Whether this machine has such a device and torch can use it."""
    return kind == "cpu" or bool(torch.cuda.is_available() if kind == "cuda" else torch.backends.mps.is_available())


def device_of(asked: str | None = None) -> torch.device:
    """The device of that kind; auto = a GPU when there is one; None = what the environment says, or auto.

    Raises:
        BadOption: there is no such device here.
    """
    asked = asked or os.environ.get(ASKED) or "auto"
    there = [kind for kind in KINDS if is_there(kind)]
    if asked == "auto":
        return torch.device(there[0])
    if asked not in there:
        raise BadOption(f"Cannot use device={asked}: torch finds none on this machine.", f"There are: auto, {', '.join(there)}.")
    return torch.device(asked)


def side_by_side() -> int:
    """Forward passes that may run at the same time: one for so many processors as each takes threads; one on a GPU."""
    return max(1, len(os.sched_getaffinity(0)) // torch.get_num_threads()) if device_of().type == "cpu" else 1


def holding(model: nn.Module) -> torch.device:
    """The device that a model's weights are on."""
    return next(model.parameters()).device


def onto(device: torch.device, tensor: Tensor) -> Tensor:
    """The tensor on a device; to a CUDA one it travels while the processor goes on."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def products(device: torch.device, precision: str | None) -> torch.autocast:
    """The context in which matrix products have this precision; weights, sums and steps stay fp32."""
    return torch.autocast(device.type, DTYPES.get(str(precision), torch.bfloat16), enabled=precision in DTYPES)


def best_precision(device: torch.device) -> str:
    """The fastest precision of products that the device has by itself: bf16, on older GPUs fp16, else fp32."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if device.type == "mps":
        return "fp32"
    found = torch.cpu.get_capabilities()  # without such instructions bf16 is slower than fp32
    return "bf16" if any(found.get(name, False) for name in BF16) else "fp32"


def free_memory(device: torch.device) -> int | None:
    """Bytes that are free on the device, or None where nobody says."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Where the generators stand that a training on the device draws from."""
    found = {"random": torch.get_rng_state()}
    if device.type != "cpu":
        found["random.device"] = torch.get_device_module(device.type).get_rng_state()
    return found


def put_random_state_back(device: torch.device, tensors: dict[str, Tensor]) -> None:
    """Sets the generators to what `random_state` gave; a state of another kind of device is left out."""
    torch.set_rng_state(tensors["random"])
    if device.type != "cpu" and "random.device" in tensors:
        torch.get_device_module(device.type).set_rng_state(tensors["random.device"])


def restart_peak(device: torch.device) -> None:
    """Begins to measure the device's peak memory anew."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_of(device: torch.device) -> int | None:
    """Bytes of the device that were in use at most; None for a processor, whose memory is that of the process."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
