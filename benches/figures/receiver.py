"""How many signed deliveries the receiver takes, and how fast, on each database."""
import contextlib
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

from aws import free_port
from run import Run, environment, spread, table

SENDERS = (1, 16, 64)
SECONDS = 5
ROUNDS = 3
SECRET = "benchmark-secret"
# How long the queue is watched once no more is delivered.
WATCHED = 10
START = 60


def measure(driftguard, program, folder, rounds=ROUNDS, seconds=SECONDS):
    """For each database, its rounds by number of senders, and how fast its queue was worked off."""
    key = Run([program, "key"]).expect(0).out
    figures = {}
    for name, opened in (("SQLite", sqlite), ("PostgreSQL", postgres)):
        shutil.rmtree(folder / "database", ignore_errors=True)
        with opened(folder / "database") as url:
            if url is None:
                continue
            with serving(driftguard, folder, url, key) as address:
                figures[name] = loads(program, address, rounds, seconds), worked_off(address)
    return figures


def loads(program, address, rounds, seconds):
    by_senders = {senders: [] for senders in SENDERS}
    for turn in range(rounds):
        for senders in (SENDERS if turn % 2 == 0 else reversed(SENDERS)):
            done = Run([program, address, SECRET, senders, seconds, f"{senders}-{turn}"]).expect(0)
            by_senders[senders].append(json.loads(done.out))
    return by_senders


def worked_off(address):
    """How many deliveries are left after all that, and how many a second are worked on."""
    left, before, began = metric(address, 'driftguard_jobs{state="waiting"}'), processed(address), time.monotonic()
    while time.monotonic() - began < WATCHED and metric(address, 'driftguard_jobs{state="waiting"}'):
        time.sleep(0.2)
    return left, (processed(address) - before) / (time.monotonic() - began)


def processed(address):
    return metric(address, "driftguard_deliveries_processed_total")


def metric(address, name):
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return next(int(line.removeprefix(name)) for line in lines if line.startswith(name + " "))


@contextlib.contextmanager
def serving(driftguard, folder, url, key):
    """`driftguard serve`, with a GitHub that does not answer: its address."""
    address = f"127.0.0.1:{free_port()}"
    settings = environment("http://127.0.0.1:9", GITHUB_APP_ID="1", GITHUB_PRIVATE_KEY=key, GITHUB_WEBHOOK_SECRET=SECRET,
                           GITHUB_API_URL="http://127.0.0.1:9", DRIFTGUARD_SECRET_KEY="0123456789abcdef" * 2,
                           DRIFTGUARD_LISTEN=address, DATABASE_URL=url, RUST_LOG="error")
    process = subprocess.Popen([driftguard, "serve"], env=settings, stdout=subprocess.DEVNULL)
    try:
        wait(lambda: urllib.request.urlopen(f"http://{address}/readyz").close(), process, "driftguard serve")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(START)
        except subprocess.TimeoutExpired:
            process.kill()


def wait(ask, process, what):
    """Until it answers."""
    until = time.monotonic() + START
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            return ask()
        time.sleep(0.1)
    sys.exit(f"{what} does not start")


@contextlib.contextmanager
def sqlite(folder):
    folder.mkdir()
    yield f"sqlite://{folder}/driftguard.db"


@contextlib.contextmanager
def postgres(folder):
    """A cluster of its own, with the settings that it comes with; none where its programs are not there."""
    programs = next(filter(whole, [*os.environ["PATH"].split(":"), *sorted(glob.glob("/usr/lib/postgresql/*/bin"))]), None)
    if programs is None:
        print("SKIPPED: no PostgreSQL on this machine", file=sys.stderr)
        yield None
        return
    folder.mkdir()
    # Neither program runs as root.
    other = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    if other:
        shutil.chown(folder, "nobody", "nogroup")
    port, data = free_port(), folder / "data"
    subprocess.run([f"{programs}/initdb", "-D", data, "-U", "postgres", "-A", "trust"], check=True, cwd=folder,
                   stdout=subprocess.DEVNULL, **other)
    process = subprocess.Popen([f"{programs}/postgres", "-D", data, "-p", str(port), "-k", folder,
                                "-c", "listen_addresses=127.0.0.1"],
                               cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **other)
    try:
        ask = [f"{programs}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]

        def ready():
            if subprocess.run(ask).returncode:
                raise OSError("not yet")
        wait(ready, process, "PostgreSQL")
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def whole(folder):
    return all((pathlib.Path(folder) / name).is_file() for name in ("initdb", "postgres", "pg_isready"))


def text(figures):
    """What was measured, for people."""
    said = ""
    for name, (by_senders, (left, pace)) in figures.items():
        rows = []
        for senders, rounds in by_senders.items():
            statuses = {}
            for one in rounds:
                for status, count in one["statuses"].items():
                    statuses[status] = statuses.get(status, 0) + count
            per_second = [sum(one["statuses"].values()) / one["seconds"] for one in rounds]
            rows.append([senders, spread(per_second, 0), spread([one["p50_ms"] for one in rounds], 1),
                         spread([one["p99_ms"] for one in rounds], 1), spread([one["most_ms"] for one in rounds], 0),
                         ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))])
        head = ["senders at once", "deliveries a second", "p50, ms", "p99, ms", "slowest, ms", "answers"]
        said += f"\n### {name}\n\n{table(head, rows)}\n{behind(left, pace)}"
    if "PostgreSQL" not in figures:
        said += "\nThere was no PostgreSQL on this machine.\n"
    return said


def behind(left, pace):
    """How the queue kept up."""
    if not left:
        return "When no more was delivered, every delivery had been worked on.\n"
    return (f"When no more was delivered, {left:,} deliveries were recorded and waited for their work; {pace:,.0f} a second "
            "were then worked on.\n")


def refused(figures):
    """The answers that were not 202, by database."""
    found = {name: sum(count for rounds in by_senders.values() for one in rounds
                       for status, count in one["statuses"].items() if status != "202")
             for name, (by_senders, _) in figures.items()}
    return {name: count for name, count in found.items() if count}
