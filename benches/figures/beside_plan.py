"""A scan beside `terraform plan -refresh-only`: seconds and calls of each, in turns."""
import collections
import json
import re
import shutil
import statistics

from aws import OTHER_SEED, OWN_SEED, replay, running
from run import Run, environment, ratio, root, spread, table

ROUNDS = 5
DEFAULT = "tests/parity/network"
PASSWORD = "correct-horse-battery-staple"


class Stack:
    """A recorded stack: its code, its state, the calls that made its account."""

    def __init__(self, folder=None):
        self.other = folder is not None
        folder = folder or root() / DEFAULT
        self.folder, self.name = folder, folder.name if self.other else DEFAULT
        self.recording = folder / ("recording.jsonl" if self.other else "account.jsonl")
        self.seed = OTHER_SEED if self.other else OWN_SEED
        where = json.loads((folder / "backend.json").read_text()) if self.other else {}
        self.root = where.get("root", "infra/production")
        self.variables = where.get("variables", {"database_password": PASSWORD})
        self.state = folder / "terraform.tfstate"

    def resources(self):
        """How many managed instances the state has."""
        state = json.loads(self.state.read_text())
        return sum(len(block["instances"]) for block in state["resources"] if block["mode"] == "managed")


def measure(driftguard, terraform, plugins, python, folder, stack, rounds=ROUNDS):
    """The rounds of both on one account; of Terraform none where it is not there."""
    with running(python, folder, corrected=stack.other) as moto:
        replay(moto, stack.recording, stack.seed)
        given = {f"TF_VAR_{name}": value for name, value in stack.variables.items()}
        around = environment(moto.url, **given)
        tried = {"DriftGuard": lambda: scan(driftguard, stack, around, folder)}
        if terraform:
            planned = prepare(terraform, plugins, stack, around, folder)
            tried["terraform plan -refresh-only"] = planned
        figures = {name: [] for name in tried}
        # The first round of each fills caches and is thrown away.
        for turn in range(rounds + 1):
            for name in (tried if turn % 2 else reversed(tried)):
                with moto.recording() as calls:
                    run = tried[name]()
                if turn:
                    figures[name].append({"wall": run.wall, "cpu": run.cpu, "calls": calls, "code": run.code})
    return figures


def scan(driftguard, stack, around, folder):
    around = dict(around, XDG_DATA_HOME=str(folder / "data"))
    command = [driftguard, "scan", stack.folder / "repo" / stack.root, "--repo", stack.folder / "repo",
               "--state", stack.state, "--format", "json"]
    return Run(command, around).expect(0, 2, 3)


def prepare(terraform, plugins, stack, around, folder):
    """A copy of the root module with its state beside it, initialised: what then plans it."""
    shutil.rmtree(folder / "code", ignore_errors=True)
    shutil.copytree(stack.folder / "repo", folder / "code", copy_function=shutil.copyfile)
    module = folder / "code" / stack.root
    shutil.copyfile(stack.state, module / "terraform.tfstate")
    (module / "override.tf").write_text(override(module))
    around = dict(around, TF_CLI_CONFIG_FILE=str(folder / "terraform.rc"), TF_DATA_DIR=str(folder / "terraform"),
                  CHECKPOINT_DISABLE="1")
    (folder / "terraform.rc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{plugins}"\n  }}\n}}\n' if plugins else "")
    Run([terraform, "init", "-input=false", "-no-color"], around, module).expect(0)
    command = [terraform, "plan", "-refresh-only", "-input=false", "-no-color", "-lock=false"]
    return lambda: Run(command, around, module).expect(0)


def override(module):
    """A backend that is a file, and a provider that names buckets in the path: moto has no host for each."""
    code = "\n".join(file.read_text() for file in sorted(module.glob("*.tf")))
    aliases = {""}
    for block in re.findall(r'^provider "aws" \{\n(.*?)^\}', code, re.M | re.S):
        aliases.update(re.findall(r'^\s*alias\s*=\s*"([^"]*)"', block, re.M))
    providers = [(f'  alias = "{alias}"\n' if alias else "") + "  s3_use_path_style = true\n" for alias in sorted(aliases)]
    blocks = "".join(f'provider "aws" {{\n{body}}}\n' for body in providers)
    return 'terraform {\n  backend "local" {}\n}\n' + blocks


def text(stack, figures):
    """What was measured, for people."""
    said = (f"\n### {stack.name}: {stack.resources()} resources\n\n")
    rows = [[name, spread([one["wall"] for one in rounds]), spread([one["cpu"] for one in rounds]),
             spread([len(one["calls"]) for one in rounds], 0)] for name, rounds in figures.items()]
    said += table(["", "seconds", "of which on a processor", "calls to AWS"], rows)
    ours = figures["DriftGuard"]
    theirs = figures.get("terraform plan -refresh-only")
    if theirs:
        wall = ratio([one["wall"] for one in theirs], [one["wall"] for one in ours])
        calls = ratio([len(one["calls"]) for one in theirs], [len(one["calls"]) for one in ours])
        said += f"\nThe plan takes {wall} times as long as the scan, and {calls} times as many calls.\n"
    else:
        said += "\nThere was no Terraform on this machine: only the scan was measured.\n"
    return said + "\n" + by_action(figures)


def by_action(figures):
    """How often each action was called, in a median round."""
    counts = {name: collections.Counter(median_round(rounds)) for name, rounds in figures.items()}
    actions = sorted({action for count in counts.values() for action in count},
                     key=lambda action: (-sum(count[action] for count in counts.values()), action))
    rows = [[f"`{action}`", *(count[action] or "" for count in counts.values())] for action in actions]
    inner = table(["calls of one round, by action", *counts], rows)
    return f"<details><summary>Calls by action</summary>\n\n{inner}\n</details>\n"


def median_round(rounds):
    middle = statistics.median_low([len(one["calls"]) for one in rounds])
    return next(one["calls"] for one in rounds if len(one["calls"]) == middle)
