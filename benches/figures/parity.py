"""The recorded stacks of tests/parity, which hold every type, as one."""
import json

from run import root

FOLDER = root() / "tests/parity"
CODE = "repo/infra/production"


def stacks():
    """Their folders."""
    return sorted(recording.parent for recording in FOLDER.glob("*/account.jsonl"))


def state():
    """The states after a refresh, as one: no resource's address is in two of them."""
    states = [json.loads((stack / "refreshed.tfstate").read_text()) for stack in stacks()]
    return {**states[0], "resources": [block for state in states for block in state["resources"]]}


def write_code(repo):
    """The code of all of them, as one root module."""
    module = repo / "infra/production"
    module.mkdir(parents=True)
    for stack in stacks():
        for file in (stack / CODE).iterdir():
            (module / file.name).write_text(file.read_text())
    return repo
