"""Server settings fitted modestly to the machine: it is shared with the service, a browser and other work."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MB = 1024 * 1024
GB = 1024 * MB


@dataclass(frozen=True)
class Machine:
    """What the tuning looks at; sizes in bytes."""

    memory: int
    cpus: int
    shared_memory_mount: int
    disk: int


def this_machine(folder: Path) -> Machine:
    """Measure this machine; a container's memory limit counts as its memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit_file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            memory = min(memory, int(Path(limit_file).read_text().strip()))
        except (OSError, ValueError):
            continue  # no cgroup, or "max"
    try:
        mount = os.statvfs("/dev/shm")  # noqa: S108 - the kernel's shared memory mount, measured, not written
        shared = mount.f_frsize * mount.f_blocks
    except OSError:
        shared = 0
    disk = os.statvfs(folder)
    return Machine(memory, len(os.sched_getaffinity(0)), shared, disk.f_frsize * disk.f_blocks)


def server_settings(machine: Machine) -> dict[str, str]:
    """PostgreSQL settings for ``machine``.

    >>> server_settings(Machine(memory=8 * GB, cpus=2, shared_memory_mount=4 * GB, disk=100 * GB))["shared_buffers"]
    '1024MB'
    """
    workers = max(2, machine.cpus)
    settings = {
        "max_connections": "100",
        "shared_buffers": _mb(machine.memory // 8, low=64, high=2048),
        "effective_cache_size": _mb(machine.memory // 2, low=256, high=65536),
        "work_mem": _mb(machine.memory // 512, low=8, high=64),
        "maintenance_work_mem": _mb(machine.memory // 32, low=64, high=1024),
        # Bulk loads write gigabytes of WAL: fewer forced checkpoints, but never more than a slice of the disk.
        "max_wal_size": _mb(machine.disk // 20, low=256, high=4096),
        "min_wal_size": "128MB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "200",
        "max_worker_processes": str(workers + 6),
        "max_parallel_workers": str(workers),
        "max_parallel_workers_per_gather": str(max(1, workers // 2)),
        "max_parallel_maintenance_workers": str(max(1, workers // 2)),
        # Compiling a query costs more than it saves on queries of our size.
        "jit": "off",
        "huge_pages": "off",
        "log_line_prefix": "%m [%p] %q%u@%d %a ",
        "log_lock_waits": "on",
        "log_autovacuum_min_duration": "-1",
        "log_checkpoints": "off",
        "lc_messages": "C.UTF-8",
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
    }
    if machine.shared_memory_mount < 512 * MB:
        # Containers often give /dev/shm 64 MB, too little for parallel queries; System V segments are not bound by it.
        settings["dynamic_shared_memory_type"] = "sysv"
    return settings


def as_conf(settings: Mapping[str, str]) -> str:
    """``settings`` as the text of a configuration file, every value quoted."""
    lines = [
        "# Written by wangge at every start. Own settings: ALTER SYSTEM, or local.conf beside this file."
    ]
    lines += [f"{name} = {quote(value)}" for name, value in settings.items()]
    return "\n".join(lines) + "\n"


def quote(value: str) -> str:
    """``value`` as a quoted configuration value; a backslash begins an escape there, so it is doubled too."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _mb(size: int, *, low: int, high: int) -> str:
    return f"{min(max(size // MB, low), high)}MB"
