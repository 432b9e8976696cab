"""What the figures were measured on."""
import datetime
import os
import platform
import re
import subprocess

from aws import PACKAGE
from run import root


def told(terraform, plugins):
    """A list of it, in Markdown."""
    return listed(here() | {
        "Terraform": terraform_version(terraform, plugins),
        "moto": f"{PACKAGE.rsplit('=', 1)[-1]}, Python {platform.python_version()}",
    })


def here():
    """The machine, and what is measured on it."""
    return {
        "Processor": f"{field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "Memory": f"{int(field('/proc/meminfo', 'MemTotal').split()[0]) / 2 ** 20:.1f} GiB",
        "System": f"{platform.system()} {platform.release()}",
        "Day": datetime.date.today().isoformat(),
        "Busy before": f"load average {os.getloadavg()[0]:.1f}",
        "DriftGuard": f"commit {said('git', 'rev-parse', '--short', 'HEAD')}{changed()}, profile release",
        "Rust": said("rustc", "--version"),
    }


def listed(lines):
    return "".join(f"- {name}: {text}\n" for name, text in lines.items())


def field(file, name):
    """The first value of that name in a file of the kernel's."""
    with open(file) as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "unknown")


def said(*command):
    done = subprocess.run(command, cwd=root(), capture_output=True, text=True)
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else "unknown"


def changed():
    """Whether the sources are not those of the commit."""
    state = said("git", "status", "--porcelain", "--", "src", "Cargo.toml", "Cargo.lock")
    return " with changes" if state != "unknown" else ""


def terraform_version(terraform, plugins):
    if not terraform:
        return "not there"
    version = re.sub(r"^Terraform v", "", said(terraform, "version"))
    found = sorted(plugins.glob("*/hashicorp/aws/*")) if plugins else []
    return f"{version}, provider hashicorp/aws {found[-1].name if found else 'of the registry'}"
