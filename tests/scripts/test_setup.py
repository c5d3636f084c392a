"""Set-up on machines that lack things: what is said, what is asked of apt, and what is not done twice."""

import io
import runpy
import subprocess
import sys

import pytest

from tests.fixtures.clusters import ROOT

SCRIPTS = ROOT / "scripts" / "setup"


@pytest.fixture
def setup(monkeypatch):
    """The modules of scripts/setup, imported as the script itself does."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    names = ("say", "stamp", "frontend", "packages", "environment", "client_tools", "steps")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)

    class Modules:
        pass

    for name in names:
        setattr(Modules, name, __import__(name))
    return Modules


def fake_need(setup, *, present=lambda: False, packages=("postgresql-15",)):
    return setup.packages.Need(lambda: list(packages), present, "某物", "something")


def path_with(folder, **programs):
    """A folder of little shell programs to be the whole PATH, besides the usual tools."""
    folder.mkdir(exist_ok=True)
    for name, script in programs.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return str(folder)


def test_without_apt_the_packages_are_named(setup, monkeypatch, tmp_path):
    monkeypatch.setattr(setup.packages, "needs", lambda mode: [fake_need(setup)])
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin"))
    with pytest.raises(setup.say.SetupFailed, match="postgresql-15") as refusal:
        setup.packages.ensure("run")
    assert "no apt" in str(refusal.value)


def test_without_root_and_sudo_the_command_is_named(setup, monkeypatch, tmp_path):
    monkeypatch.setattr(setup.packages, "needs", lambda mode: [fake_need(setup)])
    monkeypatch.setattr(setup.packages.os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin", apt_get="exit 1"))
    with pytest.raises(setup.say.SetupFailed, match="apt-get install postgresql-15"):
        setup.packages.ensure("run")
    # With a sudo that would ask for a password and nobody to type it.
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin", sudo='[ "$1" = "-n" ] && exit 1; sleep 600'))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(setup.say.SetupFailed, match="apt-get install postgresql-15"):
        setup.packages.ensure("run")


def test_what_is_there_needs_nobody(setup, monkeypatch, tmp_path):
    monkeypatch.setattr(setup.packages, "needs", lambda mode: [fake_need(setup, present=lambda: True)])
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin"))
    assert setup.packages.ensure("run") is False


@pytest.mark.parametrize("outcome", [0, 100])
def test_debian_s_own_cluster_is_not_made_by_our_installation(setup, monkeypatch, tmp_path, outcome):
    forbidden = tmp_path / "createcluster.d" / "wangge.conf"
    seen, done = tmp_path / "seen", tmp_path / "done"
    apt = f'echo "$@" >> {seen}; case "$*" in *install*) cat {forbidden} >> {seen}; touch {done}; exit {outcome};; esac'
    monkeypatch.setattr(setup.packages, "NO_MAIN_CLUSTER", forbidden)
    monkeypatch.setattr(setup.packages, "needs", lambda mode: [fake_need(setup, present=done.exists)])
    monkeypatch.setattr(setup.packages, "_as_root", lambda *_: [])
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin", apt_get=apt) + ":/usr/bin:/bin")
    if outcome:
        with pytest.raises(setup.say.SetupFailed, match="apt-get install postgresql-15"):
            setup.packages.ensure("run")
    else:
        assert setup.packages.ensure("run") is True
    assert "create_main_cluster = false" in seen.read_text()
    assert not forbidden.exists(), "it is for our installation only"


def test_tests_need_more_than_running(setup, monkeypatch):
    monkeypatch.setattr(setup.frontend, "is_current", lambda: False)
    monkeypatch.setattr(setup.packages, "_candidate", lambda package: "1")
    monkeypatch.delenv("WANGGE_DATABASE_URL", raising=False)

    def names(mode):
        return {name for need in setup.packages.needs(mode) for name in need.packages()}

    assert names("test") - names("run") >= {
        "chromium",
        "libatomic1",
        "fonts-noto-cjk",
        "gdal-bin",
        "grass-core",
        "openjdk-17-jre-headless",
    }
    assert {"postgresql-15", "postgresql-15-postgis-3"} <= names("run")
    monkeypatch.setenv("WANGGE_DATABASE_URL", "postgresql://elsewhere/wangge")
    assert not any("postgis" in name for name in names("run"))
    assert any("postgis" in name for name in names("test")), "tests always run on a server of their own"


def test_a_stamp_holds_until_an_input_changes(setup, tmp_path):
    lock, stamp = tmp_path / "lock", tmp_path / "stamp"
    lock.write_text("a")
    first = setup.stamp.digest(lock, "3.11")
    assert not setup.stamp.matches(stamp, first)
    setup.stamp.write(stamp, first)
    assert setup.stamp.matches(stamp, setup.stamp.digest(lock, "3.11"))
    assert not setup.stamp.matches(stamp, setup.stamp.digest(lock, "3.12"))
    lock.write_text("b")
    assert not setup.stamp.matches(stamp, setup.stamp.digest(lock, "3.11"))


def test_a_failing_step_shows_what_was_printed_and_what_to_do(setup):
    with pytest.raises(setup.say.SetupFailed) as refusal:
        setup.say.run(["sh", "-c", "echo the reason; exit 7"], why=("做某事失败", "Doing it failed: do that"))
    for part in ("做某事失败", "the reason", "exit 7", "do that"):
        assert part in str(refusal.value)


def test_a_moved_environment_is_noticed(setup, monkeypatch, tmp_path):
    scripts = tmp_path / "bin"
    scripts.mkdir()
    monkeypatch.setattr(setup.environment, "VENV", tmp_path)
    assert not setup.environment._moved()
    (scripts / "wangge").write_text(f"#!{tmp_path}/bin/python\n")
    assert not setup.environment._moved()
    (scripts / "wangge").write_text("#!/old/place/.venv/bin/python\n")
    assert setup.environment._moved()


def test_a_package_source_that_does_not_answer_is_no_reason_to_stop(setup, monkeypatch, tmp_path, capsys):
    done = tmp_path / "done"
    apt = f'case "$*" in *update*) exit 100;; *install*) touch {done};; esac'
    monkeypatch.setattr(
        setup.packages, "needs", lambda mode: [fake_need(setup, present=done.exists, packages=["x"])]
    )
    monkeypatch.setattr(setup.packages, "_as_root", lambda *_: [])
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin", apt_get=apt) + ":/usr/bin:/bin")
    assert setup.packages.ensure("run") is True
    assert "going on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "present"),
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "25" 2025-09-16', True),
        ('openjdk version "11.0.2" 2019-01-15', False),
        ('java version "1.8.0_392"', False),
        ("no such command", False),
    ],
)
def test_java_of_any_age(setup, monkeypatch, tmp_path, said, present):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin", java=f"echo '{said}' >&2"))
    assert setup.packages.java_present() is present
    monkeypatch.setenv("PATH", path_with(tmp_path / "none"))
    assert setup.packages.java_present() is False


@pytest.mark.parametrize("has", [17, 21, 25, None])
def test_java_of_the_distribution(setup, monkeypatch, has):
    monkeypatch.setattr(setup.packages, "_candidate", lambda name: "1" if f"-{has}-" in name else "")
    named = f"openjdk-{has}-jre-headless" if has else "default-jre-headless"
    assert setup.packages.java_packages() == [named]


def test_what_tests_installed_stays_when_only_running(setup, monkeypatch, tmp_path):
    """`make run` asks for no Spark; `make test` does; neither undoes what the other did."""
    made = []
    monkeypatch.setattr(setup.environment, "VENV", tmp_path)
    monkeypatch.setattr(setup.environment, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(setup.environment, "_make", lambda: None)
    monkeypatch.setattr(setup.environment, "_works", lambda python: True)
    monkeypatch.setattr(setup.environment, "_uv", lambda: ["uv"])
    monkeypatch.setattr(setup.environment, "_uv_environment", dict)
    pyspark = tmp_path / "lib" / "python3.11" / "site-packages" / "pyspark" / "__init__.py"

    def run(command, **_):
        if "sync" not in command:
            return
        locks = [word.rpartition("/")[2] for word in command if word.endswith(".lock")]
        made.append(locks[1:])
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / "wangge").touch()
        if "requirements-spark.lock" in locks:
            pyspark.parent.mkdir(parents=True, exist_ok=True)
            pyspark.touch()

    monkeypatch.setattr(setup.environment, "run", run)
    both = ["requirements.lock", "requirements-spark.lock"]
    assert [setup.environment.ensure(mode) for mode in ("run", "run")] == [True, False]
    assert made == [["requirements.lock"]]
    assert [setup.environment.ensure(mode) for mode in ("test", "run", "test")] == [True, False, False]
    assert made == [["requirements.lock"], both]
    # Somebody took it out by hand.
    pyspark.unlink()
    assert setup.environment.ensure("test") is True
    assert made[2:] == [both]
    monkeypatch.setattr(setup.environment, "VERSION", "another Python")
    assert setup.environment.ensure("run") is True
    assert made[3:] == [both]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("18.20.4+dfsg-1", ["nodejs", "npm"]), ("20.20.2-1nodesource1", ["nodejs"]), ("", ["nodejs", "npm"])],
)
def test_npm_is_inside_some_distributions_of_node(setup, monkeypatch, tmp_path, version, expected):
    policy = f"echo '  Candidate: {version or '(none)'}'"
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin", apt_cache=policy))
    monkeypatch.setattr(setup.packages, "_has", lambda name: name == "apt-cache")
    assert setup.packages.node_packages() == expected


def test_uv_is_given_the_mirror_of_pip(setup, monkeypatch):
    given = {"index-url": "https://mirror.example/simple", "cert": "/etc/ours.pem"}
    monkeypatch.setattr(setup.environment, "_pip_option", given.get)
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VIRTUAL_ENV", "/somewhere/else")
    environment = setup.environment._uv_environment()
    assert environment["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert environment["SSL_CERT_FILE"] == "/etc/ours.pem"
    assert "VIRTUAL_ENV" not in environment
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own.example/simple")
    assert setup.environment._uv_environment()["UV_DEFAULT_INDEX"] == "https://own.example/simple"


def test_an_old_python_is_told_so(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(sys, "argv", ["scripts/setup", "run"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(SCRIPTS / "__main__.py"), run_name="__main__")
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert "3.11" in said
    assert "3.9" in said


def test_wrong_usage():
    done = subprocess.run([sys.executable, str(SCRIPTS), "fly"], check=False, capture_output=True, text=True)
    assert (done.returncode, "usage" in done.stderr) == (2, True)


def test_every_target_of_make_says_what_it_does():
    said = subprocess.run(
        ["make", "-C", str(ROOT), "help"], check=True, capture_output=True, text=True
    ).stdout
    for target in ("run", "test", "lint", "bench", "setup", "assets", "clean"):
        assert f"make {target} " in said
