"""Server settings follow the machine and stay within what any machine can give."""

import pytest

from app.db.cluster.tuning import GB, MB, Machine, as_conf, quote, server_settings, this_machine


def megabytes(value):
    assert value.endswith("MB")
    return int(value.removesuffix("MB"))


@pytest.mark.parametrize("memory", [256 * MB, GB, 2 * GB, 8 * GB, 24 * GB, 512 * GB])
@pytest.mark.parametrize("cpus", [1, 2, 64])
def test_memory_is_shared_with_others(memory, cpus):
    settings = server_settings(Machine(memory, cpus, shared_memory_mount=4 * GB, disk=100 * GB))
    buffers, work = megabytes(settings["shared_buffers"]), megabytes(settings["work_mem"])
    assert buffers * MB <= memory / 4
    assert 8 <= work <= 64
    assert int(settings["max_parallel_workers_per_gather"]) <= int(settings["max_parallel_workers"])
    assert int(settings["max_parallel_workers"]) <= int(settings["max_worker_processes"])


def test_wal_never_takes_a_small_disk():
    settings = server_settings(Machine(8 * GB, 2, 4 * GB, disk=10 * GB))
    assert megabytes(settings["max_wal_size"]) <= 10 * 1024 / 10


def test_a_container_with_little_shared_memory():
    roomy = server_settings(Machine(8 * GB, 2, shared_memory_mount=4 * GB, disk=100 * GB))
    tight = server_settings(Machine(8 * GB, 2, shared_memory_mount=64 * MB, disk=100 * GB))
    assert "dynamic_shared_memory_type" not in roomy
    assert tight["dynamic_shared_memory_type"] == "sysv"


def test_values_are_quoted():
    assert quote("it's a \\ path") == "'it''s a \\\\ path'"
    assert as_conf({"jit": "off"}).endswith("jit = 'off'\n")


def test_this_machine_is_measured(tmp_path):
    machine = this_machine(tmp_path)
    assert machine.cpus >= 1
    assert machine.memory > 100 * MB
    assert machine.disk > 100 * MB
