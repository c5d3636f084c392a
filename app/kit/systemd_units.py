"""Unit files for systemd: the service, the nightly backup, and the weekly proof that it can be restored.

They run as a system user without any privilege, see the file system read-only but for the data, and hold no secret:
settings that are one belong in the environment file, since everybody may read units.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.errors import Invalid

SERVICE = "wangge.service"
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
# Beyond what services commonly need: with these a reader of files gives up what it does not need (`gis.sandbox`).
_SANDBOX_CALLS = "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"


@dataclass(frozen=True)
class UnitPlan:
    """What the units are made for.

    Parameters
    ----------
    program : tuple of str
        Absolute path of ``wangge``, or an interpreter with its arguments.
    user : str
        The system user that runs everything.
    home : Path
        ``WANGGE_HOME``.
    environment_file : Path
        Where further settings are read from, if it is there.
    backup : Path or None
        Where backups go; None with an external database, whose backups are its own server's business.
    port : int
        Below 1024 the service gets the one capability that takes.
    reads : tuple of Path
        What the program is made of: its folder, the interpreter.
    """

    program: tuple[str, ...]
    user: str
    home: Path
    environment_file: Path
    backup: Path | None
    port: int
    reads: tuple[Path, ...]


def unit_files(plan: UnitPlan) -> dict[str, str]:
    """Name -> text of each unit."""
    units = {SERVICE: _service(plan)}
    if plan.backup is not None:
        units |= {
            "wangge-backup.service": _job(plan, "nightly backup of wangge", "db", "backup", "--nightly"),
            "wangge-backup.timer": _timer("Back wangge up every night", "*-*-* 02:30:00", "15m"),
            "wangge-rehearse.service": _job(
                plan,
                "rehearsal: restore the last backup beside the live database and verify it",
                "db",
                "rehearse",
            ),
            "wangge-rehearse.timer": _timer(
                "Rehearse restoring wangge every week", "Sun *-*-* 04:00:00", "30m"
            ),
        }
    return {name: _HEAD + text for name, text in units.items()}


_HEAD = "# Written by `wangge systemd`; change it with `systemctl edit`, so that the next writing loses nothing.\n"


def _service(plan: UnitPlan) -> str:
    # `up` also brings the database up, migrates, and starts again what dies; --empty: no invented district, ever.
    return f"""[Unit]
Description=wangge, the grid management service
After=network-online.target time-sync.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={_command(plan, "up", "--empty")}
Restart=always
RestartSec=2
WatchdogSec=60
TimeoutStartSec=300
TimeoutStopSec=90
KillMode=mixed
# A database backend that the kernel kills for memory must not take all with it: it is started again.
OOMPolicy=continue
LimitNOFILE=65536
{_common(plan)}
[Install]
WantedBy=multi-user.target
"""


def _job(plan: UnitPlan, what: str, *arguments: str) -> str:
    return f"""[Unit]
Description={what[0].upper() + what[1:]}
After={SERVICE}
# Where the path of the data is long the socket of the database lies in the /tmp that the service sees.
JoinsNamespaceOf={SERVICE}

[Service]
Type=oneshot
ExecStart={_command(plan, *arguments)}
TimeoutStartSec=12h
Nice=10
IOSchedulingClass=idle
{_common(plan)}"""


def _timer(what: str, when: str, spread: str) -> str:
    return f"""[Unit]
Description={what}

[Timer]
OnCalendar={when}
RandomizedDelaySec={spread}
Persistent=true

[Install]
WantedBy=timers.target
"""


def _common(plan: UnitPlan) -> str:
    writable = [plan.home]
    if plan.backup is not None and not plan.backup.is_relative_to(plan.home):
        writable.append(plan.backup)
    hidden = not any(
        path.is_relative_to(home)
        for home in _HOMES
        for path in (*plan.reads, *writable, Path(plan.program[0]))
    )
    # A folder for backups that is not there yet (a disk not mounted) must not keep the service from starting.
    paths = " ".join([_quoted(str(plan.home)), *(_quoted(f"-{path}") for path in writable[1:])])
    port = "CAP_NET_BIND_SERVICE" if plan.port < 1024 else ""
    return f"""
User={_word(plan.user)}
UMask=0077
Environment={_quoted(f"WANGGE_HOME={plan.home}")}
# The program's own folder cannot be written to; compiled kernels are kept here.
Environment={_quoted(f"NUMBA_CACHE_DIR={plan.home / 'cache' / 'numba'}")}
EnvironmentFile=-{_escaped(plan.environment_file)}
WorkingDirectory={_escaped(plan.home)}

# Nothing but the data can be written, and nothing gained. Not MemoryDenyWriteExecute: the kernels are compiled here.
ReadWritePaths={paths}
ProtectSystem=strict
ProtectHome={"yes" if hidden else "read-only"}
PrivateTmp=yes
PrivateDevices=yes
NoNewPrivileges=yes
CapabilityBoundingSet={port}
AmbientCapabilities={port}
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
LockPersonality=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service {_SANDBOX_CALLS}
SystemCallErrorNumber=EPERM
"""


def _command(plan: UnitPlan, *arguments: str) -> str:
    # In a command line a dollar sign would begin the name of a variable.
    return " ".join(_quoted(part).replace("$", "$$") for part in (*plan.program, *arguments))


def _word(name: str) -> str:
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise Invalid(
            f"系统用户名应由字母、数字、-、_、. 组成，收到 {name!r}",
            f"a system user's name has letters, digits, -, _ and .; came {name!r}",
            field="user",
            code="system-user-malformed",
        )
    return name


def _escaped(path: Path | str) -> str:
    """A text as one whole value: a percent sign would begin a specifier."""
    text = str(path)
    if any(not each.isprintable() for each in text):
        raise Invalid(
            f"路径含有不可打印的字符，systemd 单元中无法表示：{text!r}",
            f"a path with characters that cannot be printed has no place in a unit file: {text!r}",
            code="path-unprintable",
        )
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """A text as one of several words."""
    escaped = _escaped(text).replace("\\", "\\\\").replace('"', '\\"')
    return escaped if escaped and not set(escaped) & set(" '\"\\;#") else f'"{escaped}"'
