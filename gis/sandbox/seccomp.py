"""A system call filter: no network, no new programs, no signals to others, no changes of rights."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

__all__ = ["filter_system_calls"]

_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_THREAD = 0x00010000
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_PR_SET_SECCOMP, _FILTER = 22, 2

# Refused with EPERM, whatever the arguments. From 424 on the numbers are the same everywhere.
_REFUSED = {
    "x86_64": (
        # socket connect accept sendto sendmsg bind listen socketpair accept4 sendmmsg
        *(41, 42, 43, 44, 46, 49, 50, 53, 288, 307),
        # fork vfork execve execveat kill tkill rt_sigqueueinfo rt_tgsigqueueinfo ptrace
        *(57, 58, 59, 322, 62, 200, 129, 297, 101),
        # chmod fchmod fchmodat chown fchown lchown fchownat setxattr lsetxattr fsetxattr
        *(90, 91, 268, 92, 93, 94, 260, 188, 189, 190),
        # pivot_root chroot mount umount2 unshare setns modules kexec add_key request_key keyctl
        *(155, 161, 165, 166, 272, 308, 175, 176, 313, 246, 248, 249, 250),
        # perf_event_open open_by_handle_at process_vm_readv process_vm_writev kcmp bpf userfaultfd
        *(298, 304, 310, 311, 312, 321, 323),
    ),
    "aarch64": (
        *(198, 203, 202, 206, 211, 200, 201, 199, 242, 269),
        *(221, 281, 129, 130, 138, 240, 117),
        *(52, 53, 54, 55, 5, 6, 7),
        *(41, 51, 40, 39, 97, 268, 105, 106, 273, 104, 217, 218, 219),
        *(241, 265, 270, 271, 272, 280, 282),
    ),
}
# pidfd_send_signal, io_uring, open_tree … fspick, pidfd_open, pidfd_getfd, process_madvise, mount_setattr, fchmodat2
_REFUSED_EVERYWHERE = (424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 440, 442, 452)
_CLONE = {"x86_64": 56, "aarch64": 220}
_TGKILL = {"x86_64": 234, "aarch64": 131}
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
_CLONE3 = 435

# Offsets in what the filter sees: number, architecture, low half of an argument.
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def filter_system_calls() -> bool:
    """Refuse the calls from now on, to this process and all its threads to come.

    Returns
    -------
    bool
        False where the kernel or the processor is not one that we know. ``no_new_privs`` has to be set before.
    """
    machine = platform.machine()
    if machine not in _ARCHITECTURE:
        return False
    code = _instructions(machine)
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _instructions(machine: str) -> bytes:
    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    def refuse(error: int) -> bytes:
        return step(_RETURN, 0x00050000 | error)

    own = os.getpid()
    lines = [
        step(_LOAD, _ARCH),
        step(_EQUAL, _ARCHITECTURE[machine], yes=1),
        step(_RETURN, _KILL),
        step(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        # The other numbering of the same calls.
        lines += [step(_AT_LEAST, 0x40000000, no=1), refuse(errno.EPERM)]
    for number in (*_REFUSED[machine], *_REFUSED_EVERYWHERE):
        lines += [step(_EQUAL, number, no=1), refuse(errno.EPERM)]
    # Its flags lie where a filter cannot look; told that it is not there, libraries take clone.
    lines += [step(_EQUAL, _CLONE3, no=1), refuse(errno.ENOSYS)]
    allow = step(_RETURN, _ALLOW)
    # A thread, but no process.
    lines += [
        step(_EQUAL, _CLONE[machine], no=4),
        step(_LOAD, _ARGUMENT),
        step(_ANY_BIT, _THREAD, yes=1),
        refuse(errno.EPERM),
        allow,
    ]
    # abort() signals its own process; nobody else's.
    lines += [
        step(_EQUAL, _TGKILL[machine], no=4),
        step(_LOAD, _ARGUMENT),
        step(_EQUAL, own, yes=1),
        refuse(errno.EPERM),
        allow,
    ]
    lines += [
        step(_EQUAL, _PRLIMIT[machine], no=4),
        step(_LOAD, _ARGUMENT),
        step(_EQUAL, 0, yes=1),
        refuse(errno.EPERM),
        allow,
    ]
    return b"".join([*lines, allow])
