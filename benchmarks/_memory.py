"""Peak memory of what this program does from now on."""

from __future__ import annotations

from pathlib import Path

import torch


class Peak:
    """Starts a new peak when it is made; on the CPU it asks Linux, on an accelerator torch."""

    def __init__(self, device: str) -> None:
        self._cuda = device.startswith("cuda")
        if self._cuda:
            torch.cuda.reset_peak_memory_stats()
            self._before = torch.cuda.memory_allocated() / 1e6
        else:
            self._before = _status_mb("VmRSS")
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")

    def wait(self) -> None:
        """Wait until the device has done what it was given."""
        if self._cuda:
            torch.cuda.synchronize()

    def mb(self) -> float:
        """Return the peak beyond what was in use at the start, in MB (10⁶ bytes)."""
        if self._cuda:
            return torch.cuda.max_memory_allocated() / 1e6 - self._before
        return _status_mb("VmHWM") - self._before


def _status_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(name))
