"""How much memory a process has held at most, and by which name its reports are told apart."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from uuid import uuid4

PROCESS = uuid4().hex
"""The name of this process: drawn, so that it tells nothing of the machine."""

_STATUS = Path("/proc/self/status")


def read_peak() -> int:
    """Return the most memory that this process has held, in bytes.

    Linux keeps the mark of each program; where there is none, the system's account of the process is taken,
    which a process that was started by a larger one inherits.

    Examples
    --------
    >>> read_peak() > 1_000_000
    True
    """
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
