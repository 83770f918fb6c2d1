"""What the processor can do."""

import pathlib


def cpu_flags() -> set[str]:
    """What the processor has, as Linux names it; elsewhere nothing."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())
