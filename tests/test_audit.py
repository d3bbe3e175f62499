"""The audit of our dependencies: what fails it, what does not, and that silence is never taken for a good word."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.audit import Allowed, Verdict, judge
from tests.test_layout import CHECKOUT

TODAY = date(2026, 11, 22)
FAULTY = {
    "name": "faulty",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"]}],
}


def told(*dependencies: dict[str, Any], allowed: dict[str, Allowed] | None = None) -> Verdict:
    return judge(dependencies, allowed or {}, TODAY)


def test_advisory_is_found_with_the_version_that_mends_it() -> None:
    assert told(FAULTY).found == ["faulty 1.0: PYSEC-2026-1, fixed in 1.1"]


def test_advisory_is_allowed_by_any_of_its_names_and_until_its_day() -> None:
    for name in ("PYSEC-2026-1", "CVE-2026-1"):
        verdict = told(FAULTY, allowed={name: Allowed("we never call it", TODAY)})
        assert verdict.found == []
        assert "we never call it" in verdict.allowed[0]
    assert told(FAULTY, allowed={"CVE-2026-1": Allowed("we never call it", date(2026, 11, 21))}).found
    assert told(FAULTY, allowed={"CVE-2026-2": Allowed("we never call it", TODAY)}).found


def test_package_that_nobody_knows_is_not_taken_for_a_sound_one() -> None:
    verdict = told({"name": "odd", "skip_reason": "not found"}, {"name": "sound", "version": "1", "vulns": []})
    assert (verdict.unknown, verdict.known, verdict.found) == (["odd"], 1, [])


@contextmanager
def advisories(*vulnerable: str) -> Iterator[str]:
    """An OSV service by whose word these packages are vulnerable."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = asked["package"]["name"]
            body = json.dumps({"vulns": [advisory(name)]} if name in vulnerable else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
        finally:
            server.shutdown()
            thread.join()


def advisory(name: str) -> dict[str, Any]:
    return {
        "id": f"GHSA-{name}",
        "modified": "2026-01-01T00:00:00Z",
        "affected": [
            {
                "package": {"name": name, "ecosystem": "PyPI"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.9"}]}],
            }
        ],
    }


def audit(folder: Path, osv_url: str, *options: str) -> "subprocess.CompletedProcess[str]":
    requirements = folder / "requirements.txt"
    requirements.write_text("structlog==26.1.0\nattrs==26.1.0 ; python_version > '3.0'\n")
    command = [sys.executable, "-m", "tests.audit", "--requirements", str(requirements), "--osv-url", osv_url]
    return subprocess.run([*command, *options], cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_audit_fails_for_a_vulnerable_package_and_names_it(tmp_path: Path) -> None:
    with advisories("attrs") as url:
        ran = audit(tmp_path, url)
    assert ran.returncode == 1
    assert "VULNERABLE attrs 26.1.0: GHSA-attrs, fixed in 9.9" in ran.stdout
    assert "2 dependencies audited, 1 advisories" in ran.stdout


def test_audit_that_can_not_ask_says_so_and_fails_where_it_is_required(tmp_path: Path) -> None:
    ran = audit(tmp_path, "http://127.0.0.1:1/v1/query", "--required")
    assert ran.returncode == 1
    assert "NOT AUDITED" in ran.stdout
