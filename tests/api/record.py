#!/usr/bin/env python3
"""Has Terraform validate and plan the block of docs/events.md, and records what it plans.

    python3 tests/api/record.py PROVIDERS

PROVIDERS is a filesystem mirror that holds hashicorp/aws 5.100. Nothing is asked of AWS. Written is events.json beside this
file: the SHA-256 of the block that was validated, and of each planned resource the attributes that are known before an apply.
"""
import hashlib, json, os, pathlib, re, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs/events.md"
PROVIDER = """terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
"""
VARIABLES = {"driftguard_url": "https://driftguard.example.com", "events_key": "a-key"}

block = re.search(r"^```hcl\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE).group(1)
with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    (scratch / "rc").write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{sys.argv[1]}"\n  }}\n}}\n')
    root = scratch / "root"
    root.mkdir()
    (root / "main.tf").write_text(block)
    (root / "provider.tf").write_text(PROVIDER)
    environment = dict(os.environ, TF_CLI_CONFIG_FILE=str(scratch / "rc"), CHECKPOINT_DISABLE="1")
    environment |= {f"TF_VAR_{name}": value for name, value in VARIABLES.items()}

    def terraform(*arguments):
        return subprocess.run(["terraform", *arguments], cwd=root, env=environment, check=True, capture_output=True, text=True).stdout

    terraform("fmt", "-check", "-diff", "main.tf")
    terraform("init", "-input=false", "-no-color")
    valid = json.loads(terraform("validate", "-json"))
    assert valid["valid"] and not valid["diagnostics"], valid
    terraform("plan", "-input=false", "-no-color", "-out=plan")
    plan = json.loads(terraform("show", "-json", "plan"))
planned = {}
for change in plan["resource_changes"]:
    if change["mode"] == "managed":
        known = {name: value for name, value in change["change"]["after"].items() if value not in (None, [], {})}
        secrets = [name for name, mark in change["change"]["after_sensitive"].items() if mark]
        planned[change["address"]] = {name: value for name, value in known.items() if name not in secrets}
recorded = {"block": hashlib.sha256(block.encode()).hexdigest(), "planned": planned}
(HERE / "events.json").write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
