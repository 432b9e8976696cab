"""Fixes of two hundred drifts in a repository of two thousand files."""
import json
import shutil

from aws import OWN_SEED, ids, running
from run import Run, environment, spread, table
from scale_account import OWNER, Account, arn, moment, tagged

DRIFTS, FILES, ROUNDS = 200, 2_000, 3
DECLARED, LIVE = 8, 16
HEAD = f"""provider "aws" {{
  region = "us-east-1"

  default_tags {{
    tags = {{
      Owner = "{OWNER}"
    }}
  }}
}}
"""
VOLUME = """resource "aws_ebs_volume" "data_{number}" {{
  availability_zone = "us-east-1a"
  size              = {size} # GiB
}}
"""
# What else a repository holds: modules and root modules of other stacks, none of them read through.
OTHER = """variable "name" {{
  type    = string
  default = "other-{number}"
}}

resource "aws_iam_role" "this" {{
  name               = var.name
  assume_role_policy = jsonencode({{ Version = "2012-10-17", Statement = [] }})
}}
"""


def measure(driftguard, python, folder, drifts=DRIFTS, files=FILES, rounds=ROUNDS):
    """The rounds: what each took, and how many edits it made."""
    with running(python, folder) as moto:
        moto.reset(OWN_SEED)
        grown(moto, drifts, folder)
        code(folder / "code", drifts, files)
        around = environment(moto.url, XDG_DATA_HOME=str(folder / "data"))
        return [fixed(driftguard, folder, around, number, drifts) for number in range(rounds)]


def grown(moto, drifts, folder):
    """Volumes that somebody made larger, and the state from before."""
    account = Account(moto, drifts)
    for number in range(drifts):
        made = moto.ec2("CreateVolume", AvailabilityZone="us-east-1a", Size=LIVE, VolumeType="gp2", **tagged("volume"))
        volume = ids(made, "volumeId")[0]
        account.put("aws_ebs_volume", "plain", f"data_{number}", id=volume, arn=arn("volume", volume), size=DECLARED,
                    create_time=moment(made, "createTime"))
    for block in account.blocks.values():
        del block["instances"][0]["index_key"]
    state = {**account.head, "outputs": {}, "resources": list(account.blocks.values())}
    (folder / "terraform.tfstate").write_text(json.dumps(state, indent=2))


def code(repo, drifts, files):
    """A repository whose stack has a file for each volume, among other stacks and modules."""
    stack = repo / "infra/production"
    stack.mkdir(parents=True)
    # What is measured is the fixing: CloudTrail's two lookups a second are not.
    (repo / ".driftguard.yml").write_text("version: 1\nwho: off\n")
    (stack / "main.tf").write_text(HEAD)
    for number in range(drifts):
        (stack / f"data_{number}.tf").write_text(VOLUME.format(number=number, size=DECLARED))
    for number in range(files - drifts - 1):
        other = repo / f"modules/group_{number % 40}/other_{number}"
        other.mkdir(parents=True)
        (other / "main.tf").write_text(OTHER.format(number=number))


def fixed(driftguard, folder, around, number, drifts):
    """One round, on a copy of the code: every volume's size is written, and nothing else."""
    repo = folder / f"round-{number}"
    shutil.copytree(folder / "code", repo)
    run = Run([driftguard, "fix", repo / "infra/production", "--repo", repo, "--state", folder / "terraform.tfstate",
               "--adopt", "--format", "json"], around).expect(0, 2)
    wanted = [VOLUME.format(number=one, size=LIVE) for one in range(drifts)]
    found = [(repo / f"infra/production/data_{one}.tf").read_text() for one in range(drifts)]
    if found != wanted:
        raise RuntimeError(f"{sum(map(str.__ne__, found, wanted))} of {drifts} files are not as they should be")
    return {"wall": run.wall, "cpu": run.cpu, "peak_kib": run.peak_kib}


def text(rounds):
    """What was measured, for people."""
    head = ["fixes", "seconds", "on a processor", "peak MiB"]
    row = [f"{DRIFTS} in {FILES:,} files", spread([one["wall"] for one in rounds], 1), spread([one["cpu"] for one in rounds]),
           spread([one["peak_kib"] for one in rounds], 0, 1024)]
    return table(head, [row])
