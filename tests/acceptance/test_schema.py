"""The service does what its OpenAPI document says, whatever it is sent."""

import os
import subprocess
import sys
from pathlib import Path

from src.platform.security import SCOPES
from tests.running import Service, run

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
EXAMPLES = 12


def test_no_operation_fails_or_answers_what_is_not_documented(service: Service, tmp_path: Path) -> None:
    scopes = [option for scope in SCOPES for option in ("--scope", scope)]
    token = run("token", "issue", "--data-dir", str(service.data_dir), "--email", "fuzz@example.com", *scopes)
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{service.wait_until_ready()}/schema/openapi.json",
        f"--header=Authorization: Token {token.stdout.strip()}",
        f"--checks={CHECKS}",
        f"--max-examples={EXAMPLES}",
        "--phases=examples,fuzzing",
        "--seed=1",
        "--no-color",
        # It would revoke the token that it comes with; and a stream never ends.
        "--exclude-path-regex=^/api/v1/tokens/|/stream$",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
