#!/usr/bin/env python3
"""Records what Terraform makes of the stack beside this file: applies it on moto and writes terraform.tfstate, of each
resource what tells by which provider configuration it was made.

    python3 -m venv venv && venv/bin/pip install 'moto[server]==5.2.5'
    venv/bin/python tests/providers/record.py PROVIDERS

PROVIDERS is a filesystem mirror that holds hashicorp/aws 5.100.
"""
import json, os, pathlib, shutil, subprocess, sys, tempfile, time, urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PORT = 5791
ENDPOINT = f"http://127.0.0.1:{PORT}"
KEPT = ("id", "arn", "owner_id", "tags", "tags_all")


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


def apply(folder, providers):
    shutil.copytree(HERE / "stack", folder / "root")
    (folder / "rc").write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{providers}"\n  }}\n}}\n')
    environment = dict(os.environ, TF_CLI_CONFIG_FILE=str(folder / "rc"), AWS_ENDPOINT_URL=ENDPOINT,
                       AWS_ACCESS_KEY_ID="demo", AWS_SECRET_ACCESS_KEY="demo")
    for command in (["init"], ["apply", "-auto-approve"]):
        subprocess.run(["terraform", *command, "-no-color", "-input=false"], cwd=folder / "root", env=environment, check=True)
    return json.loads((folder / "root/terraform.tfstate").read_text())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    server = serve()
    try:
        with tempfile.TemporaryDirectory() as folder:
            state = apply(pathlib.Path(folder), sys.argv[1])
    finally:
        server.kill()
        server.wait()
    for resource in state["resources"]:
        for instance in resource["instances"]:
            attributes = instance["attributes"]
            instance["attributes"] = {name: attributes[name] for name in KEPT}
            instance.pop("private", None)
    (HERE / "terraform.tfstate").write_text(json.dumps(state, indent=1) + "\n")


if __name__ == "__main__":
    main()
