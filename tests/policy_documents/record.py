#!/usr/bin/env python3
"""Records which texts the AWS provider makes of the policy documents of the module beside this file.

    python3 tests/policy_documents/record.py PROVIDERS

PROVIDERS is a filesystem mirror that holds hashicorp/aws 5.100. The data source calls no API.
"""
import json, os, pathlib, shutil, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent


def main():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        root = shutil.copytree(HERE / "module", scratch / "root")
        (scratch / "rc").write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{sys.argv[1]}"\n  }}\n}}\n')
        environment = dict(os.environ, TF_CLI_CONFIG_FILE=str(scratch / "rc"), CHECKPOINT_DISABLE="1")

        def terraform(*arguments):
            return subprocess.run(["terraform", *arguments], cwd=root, env=environment, check=True, capture_output=True).stdout
        terraform("init", "-input=false")
        terraform("plan", "-input=false", "-out=plan")
        plan = json.loads(terraform("show", "-json", "plan"))
    resources = plan["planned_values"]["root_module"]["resources"]
    [documents] = [resource for resource in resources if resource["address"] == "terraform_data.documents"]
    answers = documents["values"]["input"]
    (HERE / "answers.json").write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(answers)} documents")


if __name__ == "__main__":
    main()
