"""What computes: the processor, what it can do, and accelerators."""

import os
import pathlib
import platform
import re
from typing import Any

GPUS = pathlib.Path("/proc/driver/nvidia/gpus")


def cpu_flags() -> set[str]:
    """What the processor has, as Linux names it; elsewhere nothing."""
    return set(_of_cpu("flags").split())


def hardware() -> dict[str, Any]:
    """The processor, its cores, and NVIDIA's accelerators if Linux names some."""
    processor = _of_cpu("model name") or platform.processor() or platform.machine()
    cards = "\n".join(file.read_text() for file in sorted(GPUS.glob("*/information")))
    accelerators = re.findall(r"^Model:\s*(.+)$", cards, re.MULTILINE)
    return {"processor": processor, "cores": os.cpu_count()} | ({"accelerators": accelerators} if accelerators else {})


def _of_cpu(key: str) -> str:
    """What Linux says of the first core; elsewhere nothing."""
    file = pathlib.Path("/proc/cpuinfo")
    found = re.search(rf"^{key}\s*:\s*(.*)$", file.read_text() if file.is_file() else "", re.MULTILINE)
    return found[1] if found else ""
