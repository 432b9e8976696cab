#!/usr/bin/env python3
"""Records what Terraform's plan says of the stacks of these tests: of each resource the attributes that its code sets.

    python3 -m venv venv && venv/bin/pip install 'moto[server]==5.2.5'
    venv/bin/python tests/planned/record.py PROVIDERS [FOLDER [STATE]]

PROVIDERS is a filesystem mirror that holds hashicorp/aws 5.100. The plan does not refresh the state; data sources are read
from an empty moto. Written is NAME.json beside this file; what is not known before an apply is `{"unknown": true}`, and
secrets are left out. With a FOLDER, and the STATE that belongs to it, what it says is printed instead.
"""
import json, os, pathlib, re, shutil, subprocess, sys, tempfile, time, urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
STACKS = {
    **{f"parity-{made.parent.name}": (made.parent / "repo/infra/production", made.parent / "terraform.tfstate")
       for made in sorted(TESTS.glob("parity/*/account.jsonl"))},
    "older": (TESTS / "older/repo/infra/production", TESTS / "older/terraform.tfstate"),
    "nested": (TESTS / "nested/stack", None),
    "providers": (TESTS / "providers/stack", None),
    "demo": (TESTS.parent / "src/cli/demo/repo/infra/production", TESTS.parent / "src/cli/demo/terraform.tfstate"),
}
PORT = 5792
ENDPOINT = f"http://127.0.0.1:{PORT}"
# The state is the one that is given, wherever the code says that it is.
LOCAL = 'terraform {\n  backend "local" {}\n}\n'


def serve():
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(PORT)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            urllib.request.urlopen(ENDPOINT + "/moto-api/").read()
            return server
        except OSError:
            time.sleep(0.1)
    sys.exit("moto does not start")


def plan(folder, state, mirror):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        root = scratch / "root"
        shutil.copytree(folder, root, ignore=shutil.ignore_patterns(".terraform*"))
        (root / "local_override.tf").write_text(LOCAL)
        if state:
            shutil.copy(state, root / "terraform.tfstate")
        (scratch / "rc").write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        environment = dict(os.environ, TF_CLI_CONFIG_FILE=str(scratch / "rc"), CHECKPOINT_DISABLE="1", AWS_REGION="us-east-1",
                           AWS_ENDPOINT_URL=ENDPOINT, AWS_ACCESS_KEY_ID="demo", AWS_SECRET_ACCESS_KEY="demo", TF_VAR_database_password="correct-horse-battery-staple")

        def terraform(*arguments):
            done = subprocess.run(["terraform", *arguments], cwd=root, env=environment, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{folder}: {done.stdout[-1500:]}\n{done.stderr[-3000:]}")
            return done.stdout
        terraform("init", "-input=false", "-no-color")
        terraform("plan", "-refresh=false", "-input=false", "-no-color", "-out=plan")
        return json.loads(terraform("show", "-json", "plan"))


def configured(module, path=()):
    """The attributes that the code of each resource sets, by the names of the calls, the type and the name."""
    for resource in module.get("resources", []):
        yield (*path, resource["type"], resource["name"]), set(resource.get("expressions", {}))
    for name, call in module.get("module_calls", {}).items():
        yield from configured(call["module"], (*path, name))


def names(address):
    """The names in an address, without keys and `module`."""
    parts = re.sub(r"\[[^\]]*\]", "", address).split(".")
    return tuple(part for at, part in enumerate(parts) if part != "module" or at % 2)


def known(value, unknown):
    """A value, marked where it is not known before an apply."""
    if unknown is True:
        return {"unknown": True}
    if isinstance(value, dict) and isinstance(unknown, dict):
        return {key: known(value.get(key), unknown.get(key)) for key in sorted({*value, *unknown})}
    if isinstance(value, list) and isinstance(unknown, list) and len(value) == len(unknown):
        return [known(item, of) for item, of in zip(value, unknown)]
    return value


def told(document):
    sets = dict(configured(document["configuration"]["root_module"]))
    found = {}
    for change in document["resource_changes"]:
        if change["mode"] != "managed" or change["change"]["after"] is None:
            continue
        after, unknown, secret = (change["change"][key] for key in ("after", "after_unknown", "after_sensitive"))
        own = sets[names(change["address"])]
        found[change["address"]] = {name: known(after.get(name), unknown.get(name))
                                    for name in sorted(own) if secret.get(name) is not True}
    return found


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    mirror = sys.argv[1]
    server = serve()
    try:
        if len(sys.argv) > 2:
            state = sys.argv[3] if len(sys.argv) > 3 else None
            print(json.dumps(told(plan(pathlib.Path(sys.argv[2]), state, mirror)), indent=1))
            return
        for name, (folder, state) in STACKS.items():
            found = told(plan(folder, state, mirror))
            lines = [f" {json.dumps(address)}: {json.dumps(values, sort_keys=True)}" for address, values in sorted(found.items())]
            (HERE / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
            print(f"{name}: {len(found)} resources")
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
