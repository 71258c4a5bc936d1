"""Lower bounds of requirements are above published advisories."""

import re
import tomllib

from sercore.course import clone

FIXED = {
    "skops": (0, 15),  # calls of any function of numpy.random
    "keras": (3, 14),  # see sercore.bundle.networks
    "tqdm": (4, 66, 3),  # CVE-2024-34062
    "requests": (2, 32, 4),  # CVE-2024-35195, CVE-2024-47081
    "pillow": (12, 3),  # CVE-2025-48379, CVE-2026-25990, CVE-2026-59197 to 59200
    "h5py": (3, 14),  # its wheels contain HDF5 1.14.6; before 1.14.4-2: CVE-2026-26200
    "onnx": (1, 21),  # CVE-2024-7776, CVE-2025-51480, CVE-2026-27489, CVE-2026-34446
    "setuptools": (78, 1, 1),  # CVE-2024-6345, CVE-2025-47273
}


def test_lower_bounds_exclude_versions_with_known_vulnerabilities():
    root = clone.repository()
    project = tomllib.loads((root / "pyproject.toml").read_text())
    lines = (root / "requirements.txt").read_text().splitlines() + project["build-system"]["requires"]
    lines += [line for extra in project["project"]["optional-dependencies"].values() for line in extra]
    found = dict(
        re.match(r"([\w-]+)>=([\d.]+)", line).groups() for line in lines if re.match(r"[\w-]+>=", line)
    )
    lowest = {name: tuple(map(int, found[name].split("."))) for name in FIXED}
    assert {name: bound for name, bound in lowest.items() if bound < FIXED[name]} == {}


def test_workflow_looks_for_advisories():
    """pip-audit checks everything that a user installs, and a finding is a failure."""
    text = (clone.repository() / ".github" / "workflows" / "tests.yml").read_text()
    (line,) = (line for line in text.splitlines() if "pip_audit" in line)
    assert line.strip() == "- run: python -m pip_audit --strict"
    job = text[text.index("  advisories:") :]
    assert ".[formats,onnx]" in job
    assert job.index("pip uninstall -y sercore") < job.index(line)
    assert "continue-on-error" not in job
    assert "schedule:" in text, "advisories appear without a push"
