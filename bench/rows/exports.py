"""A whole resource through the warehouse, against psql copying the same rows."""

import asyncio
import http.client
import socket
import subprocess
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import msgspec
import psycopg

from bench.load import HOST
from bench.measure import Bench, Row
from bench.memory import peak_bytes, reset_peak, resident_bytes
from bench.report import Result, Target
from src.platform.embedded.binaries import postgresql_programs

_PATH = "/api/v1/data-warehouse/favourite-products/export"
_COPY = "COPY favourite TO STDOUT"
_TARGET = Target(0.5)
_LIMIT_BYTES = 50_000_000
_MEMORY_TARGET = Target(1, "most")
_TIMEOUT_S = 600
_END_OF_CHUNKS = b"\r\n0\r\n\r\n"


@dataclass(frozen=True)
class ExportRate:
    """Every favourite as NDJSON, against COPY of the table in psql, both read and thrown away."""

    name: str = "export"
    target: Target | None = _TARGET

    async def measure(self, bench: Bench) -> Result:
        """psql, service, psql, service …"""
        rows, errors = await asyncio.to_thread(_checked, bench)
        psql_s, service_s = [], []
        for _ in range(bench.options.rounds):
            psql_s.append(await asyncio.to_thread(_psql, bench.stores.database_url))
            took_s, fault = await asyncio.to_thread(_exported, bench.service.port, bench.seed.integration_token)
            service_s.append(took_s)
            if fault:
                errors[fault] = errors.get(fault, 0) + 1
        return Result(
            name=self.name,
            throughput=0 if errors else rows / median(service_s),
            ratio=0 if errors else median(psql / service for psql, service in zip(psql_s, service_s, strict=True)),
            floor="COPY in psql",
            floor_throughput=rows / median(psql_s),
            errors=errors,
            note=f"{rows:,} rows in {median(service_s):.2f} s, psql {median(psql_s):.2f} s",
        )


@dataclass(frozen=True)
class ExportMemory:
    """How far a process of the service grows while it exports; the ratio is to the limit."""

    name: str = "export-memory"
    target: Target | None = _MEMORY_TARGET

    async def measure(self, bench: Bench) -> Result:
        """One export by a service that has served nothing yet."""
        service = await bench.restart_service()
        await asyncio.sleep(1)
        idle = {pid: resident_bytes(pid) for pid in service.worker_pids()}
        for pid in idle:
            reset_peak(pid)
        took_s, fault = await asyncio.to_thread(_exported, service.port, bench.seed.integration_token)
        grown = max(peak_bytes(pid) - before for pid, before in idle.items())
        return Result(
            name=self.name,
            throughput=0 if fault else 1 / took_s,
            ratio=grown / _LIMIT_BYTES,
            floor=f"{_LIMIT_BYTES // 1_000_000} MB",
            errors={fault: 1} if fault else {},
            note=f"{took_s:.1f} s: {max(idle.values()) / 1e6:.0f} MB + {grown / 1e6:.0f} MB",
        )


def _checked(bench: Bench) -> tuple[int, dict[str, int]]:
    """How many rows there are, and what is wrong with an export of them: a fast wrong answer is no figure."""
    with psycopg.connect(bench.stores.database_url) as connection:
        (expected,) = connection.execute("select count(*) from favourite").fetchone() or (0,)
    client = http.client.HTTPConnection(HOST, bench.service.port, timeout=_TIMEOUT_S)
    client.request("GET", _PATH, headers={"Authorization": f"Token {bench.seed.integration_token}"})
    answer = client.getresponse()
    rows, last = 0, b""
    while line := answer.readline():
        rows, last = rows + 1, line
    client.close()
    if (answer.status, rows) != (http.client.OK, expected) or "modified_date" not in msgspec.json.decode(last):
        return expected, {f"{answer.status}, {rows} rows of {expected}, the last one {last[:200]!r}": 1}
    return expected, {}


def _exported(port: int, token: str) -> tuple[float, str | None]:
    """Seconds until everything was read, and what was wrong with it; the client takes as little time as it can."""
    buffer = bytearray(1024 * 1024)
    with socket.create_connection((HOST, port), timeout=_TIMEOUT_S) as connection:
        began = perf_counter()
        connection.sendall(f"GET {_PATH} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Token {token}\r\n\r\n".encode())
        first, end = b"", b""
        while not end.endswith(_END_OF_CHUNKS):
            size = connection.recv_into(buffer)
            if not size:
                return perf_counter() - began, f"broke off after {first!r}"
            first = first or bytes(buffer[:15])
            end = (end + buffer[max(0, size - len(_END_OF_CHUNKS)) : size])[-len(_END_OF_CHUNKS) :]
        took_s = perf_counter() - began
    return took_s, None if first.endswith(b" 200 OK") else f"unexpected {first!r}"


def _psql(database_url: str) -> float:
    command = [str(postgresql_programs(None) / "psql"), "-Xq", "-c", _COPY, database_url]
    began = perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - began


ROWS: list[Row] = [ExportRate(), ExportMemory()]
