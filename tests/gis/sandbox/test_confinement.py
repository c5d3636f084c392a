"""What a confined process can still do, tried from inside one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# Runs in a process of its own: confines a child of it as a reader is, lets that try everything, and prints what went.
_TRIAL = """
import ctypes, json, os, socket, subprocess, sys
from pathlib import Path
from gis.io import ReadLimits
from gis.sandbox.confine import SCRATCH, confine
from gis.sandbox.preload import load_libraries
from gis.sandbox.staging import prepare_place

load_libraries()
jobs, source, secret = map(Path, sys.argv[1:4])
if len(sys.argv) > 4:
    os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
libc = ctypes.CDLL(None, use_errno=True)

def attempt(work):
    try:
        work()
    except BaseException as error:
        return type(error).__name__
    return "done"

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))

with prepare_place(jobs, source) as place:
    parent = os.getpid()
    read, write = os.pipe()
    if os.fork() == 0:
        protection = confine(place, ReadLimits(memory_mb=256, cpu_s=30, unpacked_mb=8), parent=parent)
        scratch = f"/{SCRATCH}/x" if protection["root"] else place.folder + "/x"
        tries = {
            "own file": lambda: Path(source.name).read_bytes(),
            "scratch": lambda: Path(scratch).write_text("x"),
            "secret": lambda: secret.read_text(),
            "secret by relative path": lambda: Path("../" * 20 + str(secret)[1:]).read_text(),
            "passwd": lambda: Path("/etc/passwd").read_text(),
            "write over own file": lambda: Path(source.name).write_text("x"),
            "write beside": lambda: Path("other").write_text("x"),
            "socket": lambda: socket.socket(),
            "unix socket": lambda: socket.socket(socket.AF_UNIX),
            "program": lambda: subprocess.run(["/bin/true"]),
            "fork": lambda: os.fork(),
            "signal": lambda: os.kill(parent, 0),
            "chmod": lambda: os.chmod(source.name, 0o777),
            "memory": lambda: bytearray(1 << 30),
            "become root": lambda: os.setuid(0),
            "io_uring": lambda: call(425, 8, None),
            "ptrace": lambda: call(101 if os.uname().machine == "x86_64" else 117, 16, parent, 0, 0),
            "namespace": lambda: libc.unshare(0x10000000) and (_ for _ in ()).throw(OSError()),
        }
        answers = {name: attempt(work) for name, work in tries.items()}
        import threading
        thread = threading.Thread(target=lambda: None)
        answers["thread"] = attempt(lambda: (thread.start(), thread.join()))
        answers["uid"] = os.getuid()
        answers["environment"] = sorted(os.environ)
        os.write(write, json.dumps([protection, answers]).encode())
        os._exit(0)
    os.close(write)
    print(os.read(read, 1 << 16).decode())
    os.wait()
"""
GOES = {"own file", "scratch", "thread"}


def tried(folder: Path, *more: str) -> tuple[dict, dict]:
    source, secret = folder / "data.csv", folder / "home" / "pgpass"
    source.write_text("a,b\n1,2\n")
    secret.parent.mkdir()
    secret.write_text("*:*:*:wangge_owner:secret")
    secret.chmod(0o644)
    script = folder / "trial.py"
    script.write_text(_TRIAL)
    jobs = folder / "jobs"
    jobs.mkdir(mode=0o777)
    done = subprocess.run(
        [sys.executable, str(script), str(jobs), str(source), str(secret), *more],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": "/usr/bin:/bin"},
    )
    protection, answers = json.loads(done.stdout)
    return protection, answers


def test_a_reader_reaches_its_file_and_nothing_else(tmp_path: Path) -> None:
    protection, answers = tried(tmp_path)
    assert protection["files"]
    assert protection["calls"]
    root = os.geteuid() == 0
    assert (protection["root"], protection["user"]) == (root, root)
    uid = answers.pop("uid")
    assert uid != 0
    assert (uid != os.geteuid()) is root
    answers.pop("environment")
    if not root:
        # Nothing happens: it is who it was.
        answers.pop("become root")
    went = {name for name, outcome in answers.items() if outcome == "done"}
    assert went == GOES, answers
    assert answers["memory"] == "MemoryError"


def test_every_bound_is_set() -> None:
    names = ["RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CPU", "RLIMIT_AS"]
    code = (
        "import resource\nfrom gis.io import ReadLimits\nfrom gis.sandbox.confine import _limit_resources\n"
        "_limit_resources(ReadLimits(memory_mb=512, cpu_s=30, unpacked_mb=8), 1 << 32, own_user=False)\n"
        f"print(*(limit for name in {names} for limit in resource.getrlimit(getattr(resource, name))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    memory, bytes_written = (1 << 32) + (512 << 20), 512 << 20
    assert [int(word) for word in done.stdout.split()] == [
        *(0, 0, bytes_written, bytes_written, 64, 64, 30, 35, memory, memory)
    ]
