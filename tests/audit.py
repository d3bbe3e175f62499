"""`make audit`: whether anything that the service is installed with is known to be vulnerable.

It asks the advisory service of the package index, or an OSV service. Where that can't be asked it says so, loudly, and
fails only when `--required` is given. What is known and can't be helped yet is in `ALLOWED`, until a day.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements.txt"
TIMEOUT_S = 5
PATIENCE_S = 180


class Allowed(NamedTuple):
    """An advisory that does not fail the audit, why, and until when."""

    reason: str
    until: date


# By the advisory's id or one of its aliases.
ALLOWED: Mapping[str, Allowed] = {}


class Verdict(NamedTuple):
    """What an audit has found: vulnerable packages, those allowed, and those that nobody could be asked about."""

    found: Sequence[str]
    allowed: Sequence[str]
    unknown: Sequence[str]
    known: int


def judge(dependencies: Iterable[Mapping[str, Any]], allowed: Mapping[str, Allowed], today: date) -> Verdict:
    """What the auditor's report comes to."""
    found, excused, unknown, known = [], [], [], 0
    for dependency in dependencies:
        if "skip_reason" in dependency:
            unknown.append(str(dependency["name"]))
            continue
        known += 1
        for advisory in dependency["vulns"]:
            told = f"{dependency['name']} {dependency['version']}: {advisory['id']}"
            if versions := advisory.get("fix_versions"):
                told += f", fixed in {' or '.join(versions)}"
            excuses = [allowed[name] for name in (advisory["id"], *advisory.get("aliases", ())) if name in allowed]
            if any(today <= excuse.until for excuse in excuses):
                excused.append(f"{told} (allowed until {excuses[0].until}: {excuses[0].reason})")
            else:
                found.append(told)
    return Verdict(found, excused, unknown, known)


def report(requirements: Path, osv_url: str | None = None) -> list[Mapping[str, Any]]:
    """The auditor's word on each pinned package; nothing when it can't ask."""
    service = ["--vulnerability-service", "osv", "--osv-url", osv_url] if osv_url else []
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--disable-pip", "--no-deps"),
        *("--aliases", "on", "--format", "json", "--progress-spinner", "off", "--timeout", str(TIMEOUT_S), *service),
    ]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        told: list[Mapping[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []
    return told


def answers(requirements: Path, osv_url: str | None) -> bool:
    """Whether the service knows the first package, before it is asked about all."""
    first = next(line for line in requirements.read_text().splitlines() if "==" in line).partition(" ")[0]
    with tempfile.TemporaryDirectory(prefix="wishkeep-audit-") as folder:
        one = Path(folder) / "requirements.txt"
        one.write_text(f"{first}\n")
        return any("vulns" in dependency for dependency in report(one, osv_url))


def main() -> int:
    """Audit; the exit status says how it ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit", description=__doc__)
    parser.add_argument("--required", action="store_true", help="fail when the advisory service can't be asked")
    parser.add_argument("--requirements", type=Path, default=REQUIREMENTS, help="the pins (default %(default)s)")
    parser.add_argument("--osv-url", help="ask this OSV service, a mirror of your own say")
    options = parser.parse_args()
    asked = (options.requirements, options.osv_url)
    told = report(*asked) if answers(*asked) else []
    verdict = judge(told, ALLOWED, datetime.now(UTC).date())
    if not verdict.known:
        print("=" * 78)
        print("NOT AUDITED: the advisory service can't be asked from here, so nothing is known of")
        print("the vulnerabilities of our dependencies. Run `make audit` where it can.")
        print("=" * 78)
        return int(options.required)
    for line in verdict.allowed:
        print(line)
    if verdict.unknown:
        print(f"Not audited, unknown to the advisory service: {', '.join(verdict.unknown)}")
    for line in verdict.found:
        print(f"VULNERABLE {line}")
    print(f"{verdict.known} dependencies audited, {len(verdict.found)} advisories to act on")
    return int(bool(verdict.found))


if __name__ == "__main__":
    sys.exit(main())
