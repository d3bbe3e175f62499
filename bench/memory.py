"""How much memory a process holds, by Linux's own books."""

from pathlib import Path

_RESET_PEAK = "5"  # proc_pid_clear_refs(5): forget the peak resident size


def resident_bytes(pid: int) -> int:
    """What the process holds now."""
    return _status_bytes(pid, "VmRSS:")


def peak_bytes(pid: int) -> int:
    """The most that the process held since it began or since `reset_peak`."""
    return _status_bytes(pid, "VmHWM:")


def reset_peak(pid: int) -> None:
    """Lets the peak begin anew at what the process holds now."""
    Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)


def _status_bytes(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)
