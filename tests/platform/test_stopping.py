"""A process that is asked to end hears of it in its loop, and whoever was listening before hears of it still."""

import asyncio
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from src.platform.stopping import on_stop_signal

UNHANDLED = """
import asyncio, os, signal
from src.platform.stopping import on_stop_signal

async def main():
    with on_stop_signal(lambda: None):
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_action_runs_in_the_loop_and_the_handler_that_was_there_too() -> None:
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[str] = asyncio.Queue()
    loop.add_signal_handler(signal.SIGTERM, heard.put_nowait, "before")
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with on_stop_signal(lambda: heard.put_nowait("now")):
            os.kill(os.getpid(), signal.SIGTERM)
            assert {await heard.get(), await heard.get()} == {"before", "now"}
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
    assert heard.empty()


def test_signal_that_nobody_handled_ends_the_process_as_ever() -> None:
    ended = subprocess.run([sys.executable, "-c", UNHANDLED], check=False, timeout=60)
    assert ended.returncode == -signal.SIGTERM


def test_other_threads_which_may_not_handle_signals_are_served_without() -> None:
    async def enter() -> str:
        with on_stop_signal(lambda: None):
            return "inside"

    with ThreadPoolExecutor() as pool:
        assert pool.submit(asyncio.run, enter()).result() == "inside"
