"""How long pages and the API's lists take while many people look, on each database, and whether scans take longer then."""
import json
import shutil

from receiver import postgres, sqlite
from run import Run, spread, table

SECONDS = 60
TURNS = 5


def measure(driftguard, program, python, folder, seconds=SECONDS, turns=TURNS):
    """For each database, its rounds."""
    figures = {}
    for name, opened in (("SQLite", sqlite), ("PostgreSQL", postgres)):
        shutil.rmtree(folder / "database", ignore_errors=True)
        with opened(folder / "database") as url:
            if url is not None:
                done = Run([program, driftguard, url, "--rounds", "pages,api,scans", "--seconds", seconds, "--turns", turns,
                            "--python", python])
                figures[name] = json.loads(done.expect(0).out)
    return figures


def text(figures):
    """What was measured, for people."""
    said = ""
    for name, rounds in figures.items():
        said += f"\n### {name}\n\n{kinds('page', rounds['pages'])}\n{kinds('list', rounds['api'])}\n{scans(rounds['scans'])}"
    if "PostgreSQL" not in figures:
        said += "\nThere was no PostgreSQL on this machine.\n"
    return said


def kinds(what, played):
    """A round by kind of request, and what it took of the machine."""
    rows = [[kind, *times(one)] for kind, one in played["kinds"].items()]
    rows.append(["**all**", *times(played["all"])])
    share = [played[f"{whose}_processor_seconds"] / played["seconds"] * 100 for whose in ("server", "machine")]
    return (f"{table([what, 'requests', 'not answered with 200', 'p50, ms', 'p99, ms', 'slowest, ms', 'KiB'], rows)}\n"
            f"{played['a_second']:.0f} a second for {played['seconds']:.0f} s. The server worked {share[0]:.0f} % of a processor, "
            f"all of the machine {share[1]:.0f} %; the most memory that the server had held by then was "
            f"{played['server_peak_mib']} MiB. The sender was {played['late_ms']:.0f} ms late at most.\n")


def times(one):
    return [f"{one['count']:,}", one["errors"], f"{one['p50_ms']:.1f}", f"{one['p99_ms']:.1f}", f"{one['most_ms']:.0f}",
            one["kib"]]


def scans(figures):
    """The times of scans without and with page views."""
    rows = [[what, len(figures[key]), spread(figures[key], 2, 1000)]
            for what, key in (("without page views", "alone_ms"), ("with 200 page views a second", "beside_ms"))]
    late = [one["all"]["p99_ms"] for one in figures["pages"]]
    return (f"{table(['a scan of 300 resources', 'scans', 'seconds'], rows)}\n"
            f"Page views beside scans: p99 {spread(late, 0)} ms.\n")
