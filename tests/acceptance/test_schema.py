"""The service does what its OpenAPI document says, whatever it is sent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from src.platform.security import SCOPES
from tests.running import Service, run

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
WAREHOUSE = "^/api/v1/(data-warehouse|remote)/"
PARTS = {
    # One of the tokens' operations would revoke the token that it comes with; and a stream never ends.
    "features": ["--max-examples=5", f"--exclude-path-regex=^/api/v1/tokens/|/stream$|{WAREHOUSE}"],
    # All resources are shown in one way, at the paths of a channel too: two examples of each make hundreds.
    "warehouse": ["--max-examples=2", "--include-path-regex=^/api/v1/(data-warehouse/|remote/.*/deleted-items)"],
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("part", PARTS)
def test_no_operation_fails_or_answers_what_is_not_documented(service: Service, tmp_path: Path, part: str) -> None:
    scopes = [option for scope in SCOPES for option in ("--scope", scope)]
    token = run("token", "issue", "--data-dir", str(service.data_dir), "--email", "fuzz@example.com", *scopes)
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{service.wait_until_ready()}/schema/openapi.json",
        f"--header=Authorization: Token {token.stdout.strip()}",
        f"--checks={CHECKS}",
        "--phases=examples,fuzzing",
        "--seed=1",
        "--no-color",
        *PARTS[part],
    ]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
