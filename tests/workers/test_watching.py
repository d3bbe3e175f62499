"""What a worker answers over its own port, whoever asks."""

import asyncio
import socket

import pytest

from src.platform.errors import SettingsError
from src.workers import watching
from src.workers.watching import watched

HOST = "127.0.0.1"


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def ask(port: int, question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(question)
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_strange_questions_are_refused_and_the_next_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUESTION_S", 0.1)
    port = unused_port()
    async with watched(port):
        assert (await ask(port, b"POST /metrics HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 405 ")
        assert (await ask(port, b"GET /../etc/passwd HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
        assert (await ask(port, b"\r\n\r\n")).startswith(b"HTTP/1.1 405 ")
        assert await ask(port, b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n") == b""
        assert await ask(port, b"GET /metrics") == b""
        head, _, body = (await ask(port, b"HEAD /metrics?x HTTP/1.1\r\nHost: x\r\n\r\n")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert not body
        assert b"wishkeep_jobs_running" in await ask(port, b"GET /metrics HTTP/1.1\r\n\r\n")


async def test_port_that_is_taken_is_a_fault_of_the_settings() -> None:
    with socket.create_server((HOST, 0)) as taken, pytest.raises(SettingsError, match="METRICS_PORT"):
        async with watched(taken.getsockname()[1]):
            pass


async def test_without_a_port_nothing_is_opened() -> None:
    async with watched(0):
        assert True
