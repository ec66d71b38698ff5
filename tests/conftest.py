"""What tests of several rooms share: a small population with a model, made once."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from taxgap.records import Records
from taxgap.risk import train
from taxgap.synthetic import generate


@dataclass(frozen=True)
class Workshop:
    """Folders that tests read, and copy before they damage them."""

    population: Path
    model: Path

    @property
    def records(self) -> Path:
        return self.population / "records"

    def copy_records(self, to: Path) -> Path:
        return Path(shutil.copytree(self.records, to / "records"))

    def copy_model(self, to: Path) -> Path:
        return Path(shutil.copytree(self.model, to / "model"))


@pytest.fixture(scope="session")
def scheduler():
    """The address of a small Dask cluster that tests of the engine share."""
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs="ERROR"
    )
    with cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workshop")
    generate(folder / "population", taxpayers=2_400, years=3, seed=3, random_share=0.5, risk_share=0.1)
    model = train(Records.open(folder / "population" / "records"), n_estimators=20, folds=3, trials=1)
    model.save(folder / "model")
    return Workshop(folder / "population", folder / "model")


# Fast, since nothing must survive a machine; the loopback of the network is not used at all.
SETTINGS = ("listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off")
RULES = "local all outsider scram-sha-256\nlocal all stranger reject\nlocal all all trust\n"


class PostgresServer:
    """A PostgreSQL server of the tests alone, on a socket in a folder of its own."""

    def __init__(self, programs, folder):
        self.folder, self._programs = folder, programs
        self._as_user = {}
        if os.geteuid() == 0:  # which PostgreSQL refuses
            owner = next(
                entry for name in ("postgres", "nobody") for entry in pwd.getpwall() if entry.pw_name == name
            )
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            self._as_user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}

    def make(self):
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
        self._run("initdb", "-D", self.folder / "data", *options)
        (self.folder / "data" / "pg_hba.conf").write_text(RULES)

    def start(self):
        settings = " ".join(f"-c {setting}" for setting in SETTINGS)
        where = ["-D", self.folder / "data", "-l", self.folder / "log", "-o", f"-k {self.folder} {settings}"]
        self._run("pg_ctl", "start", "-w", *where)

    def stop(self):
        """Stop it at once, as if the machine were lost."""
        self._run("pg_ctl", "stop", "-w", "-D", self.folder / "data", "-m", "immediate")

    def url(self, database="taxes", user="postgres", **more):
        query = "&".join(f"{name}={value}" for name, value in {"host": str(self.folder), **more}.items())
        return f"postgresql://{user}@/{database}?{query}"

    def _run(self, program, *arguments):
        command = [self._programs / program, *arguments]
        with (self.folder / "said").open("ab") as said:  # no pipe: the server would hold it open
            done = subprocess.run(
                command, cwd=self.folder, stdout=said, stderr=said, check=False, **self._as_user
            )
        assert done.returncode == 0, (self.folder / "said").read_text()


@pytest.fixture(scope="session")
def postgresql():
    """A server without databases of ours; tests that use it are of the xdist group of that name."""
    programs = _postgresql_programs()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    server = PostgresServer(programs, folder)
    try:
        server.make()
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)


def _postgresql_programs():
    """Return the folder of the server's programs; Debian does not put them on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    found += [Path(where).parent for where in [shutil.which("initdb")] if where]
    for folder in reversed(found):
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    remedy = "install the Debian package 'postgresql' (apt-get install postgresql)"
    if os.environ.get("CI") == "true":
        pytest.fail(f"No database was used: {remedy}.")
    pytest.skip(f"NO POSTGRESQL DATABASE WAS USED: {remedy}")


def pytest_terminal_summary(terminalreporter):
    """Say how many disturbed runs of each kind came to the right end."""
    counts = Counter(
        kind
        for report in terminalreporter.stats.get("passed", [])
        for name, kind in getattr(report, "user_properties", [])
        if name == "fault"
    )
    if counts:
        terminalreporter.section("runs under fault that came to the right end")
        for kind, count in [*counts.items(), ("together", counts.total())]:
            terminalreporter.write_line(f"{count:4d}  {kind}")
