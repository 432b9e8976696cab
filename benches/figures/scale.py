"""Scans of stacks of a thousand and of ten thousand resources in which nothing has drifted."""
import collections
import json
import re
import sys
import time
import types

import beside_plan
from aws import OWN_SEED, running
from run import Run, environment, root, spread, table
from scale_account import Account

SIZES = (1_000, 10_000)
ROUNDS = 3
# A scan gives an answer up after 30 seconds and asks again. moto's own slowest must stay below that while it is asked
# much else, or its slowness would be what is measured.
SLOWEST = 10


def measure(driftguard, terraform, plugins, python, folder, sizes=SIZES, rounds=ROUNDS):
    """The rounds by size, and a plan of the smallest."""
    figures, planned = {}, None
    for size in sizes:
        with running(python, folder) as moto:
            moto.reset(OWN_SEED)
            Account(moto, size).build().write(folder)
            if (took := slowest(moto)) > SLOWEST:
                print(f"SKIPPED: {size} resources: moto takes {took:.0f} s for one answer on this machine", file=sys.stderr)
                continue
            around = environment(moto.url, XDG_DATA_HOME=str(folder / "data"))
            command = [driftguard, "scan", folder / "repo", "--repo", folder / "repo",
                       "--state", folder / "terraform.tfstate", "--format", "json"]
            figures[size] = [scan(moto, command, around, size) for _ in range(rounds)]
            if terraform and planned is None:
                planned = plan(moto, terraform, plugins, around, folder)
    return figures, planned


def slowest(moto):
    """How long moto takes for the answers that are longest, in seconds."""
    took = []
    for action in ("DescribeSecurityGroupRules", "DescribeInstances", "DescribeVolumes"):
        began = time.monotonic()
        moto.ec2(action)
        took.append(time.monotonic() - began)
    return max(took)


def scan(moto, command, around, size):
    with moto.recording() as calls:
        # Anything else than "nothing drifted, all was checked" would be another scan than the one that is meant.
        run = Run(command, around).expect(0)
    summary = json.loads(run.out)["stacks"][0]["summary"]
    if summary["checked"] != size:
        raise RuntimeError(f"{summary['checked']} of {size} resources were checked")
    return {"wall": run.wall, "cpu": run.cpu, "peak_kib": run.peak_kib, "calls": calls}


def plan(moto, terraform, plugins, around, folder):
    """One plan of the same stack. It finds nothing either: the state is what the provider would have written."""
    stack = types.SimpleNamespace(folder=folder, root=".", state=folder / "terraform.tfstate")
    planning = beside_plan.prepare(terraform, plugins, stack, around, folder)
    with moto.recording() as calls:
        run = planning()
    if "No changes" not in run.out:
        raise RuntimeError(f"Terraform found changes:\n{run.out[:2000]}")
    return {"wall": run.wall, "cpu": run.cpu, "calls": calls}


def text(figures, planned):
    """What was measured, for people."""
    rows = []
    for size, rounds in figures.items():
        calls = [len(one["calls"]) for one in rounds]
        rows.append([f"{size:,}", spread([one["wall"] for one in rounds], 1), spread([one["cpu"] for one in rounds]),
                     spread([one["peak_kib"] for one in rounds], 0, 1024), spread(calls, 0),
                     f"{calls[0] / size * 1000:,.0f}"])
    head = ["resources", "seconds", "on a processor", "peak MiB", "calls to AWS", "calls per 1,000"]
    counts = {size: collections.Counter(rounds[0]["calls"]) for size, rounds in figures.items()}
    last = counts[max(counts)]
    actions = sorted(last, key=lambda action: (-last[action], action))
    lines = [[f"`{action}`", *(count[action] or "" for count in counts.values())] for action in actions]
    inner = table(["calls by action", *(f"{size:,}" for size in counts)], lines)
    return f"{table(head, rows)}\n{paced()}{beside(figures, planned)}{inner}"


def paced():
    """What bounds the seconds, as the source has it."""
    source = (root() / "src/aws/budget.rs").read_text()
    names = ("PER_SECOND", "PER_SECOND_S3", "BURST")
    a_second, of_s3, at_once = (re.search(rf"const {name}: \w+ = ([\d_]+);", source) for name in names)
    if not (a_second and of_s3 and at_once):
        return ""
    return (f"DriftGuard asks one account at most {a_second[1]} times a second, S3 {of_s3[1]} times, once "
            f"{at_once[1]} calls of either were made: most of the seconds are spent waiting for that, as they would be "
            "against AWS.\n\n")


def beside(figures, planned):
    """What a plan took, in a sentence."""
    if planned is None:
        return ""
    size = min(figures)
    ours = len(figures[size][0]["calls"])
    return (f"One `terraform plan -refresh-only` of the {size:,} took {planned['wall']:.1f} s and {len(planned['calls']):,} calls, "
            f"{len(planned['calls']) / ours:.1f} times as many; it found no changes either.\n\n")
