"""The demo beside a program that has its own thread."""

from __future__ import annotations

import subprocess
import sys
import threading

import httpx
import pytest

from orchat.demo import DEMO_KEY, DemoThread, running_demo, start_demo
from tests.support.demo import body_of


def ask(base_url: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {DEMO_KEY.reveal()}"}
    return httpx.post(f"{base_url}/chat/completions", json=body_of(), headers=headers, trust_env=False)


def test_a_demo_runs_for_the_length_of_a_block() -> None:
    with running_demo(pace=0) as base_url:
        assert base_url.startswith("http://127.0.0.1:")
        assert ask(base_url).status_code == 200
    with pytest.raises(httpx.ConnectError):
        ask(base_url)
    assert not any(thread.name == "orchat demo" for thread in threading.enumerate())


def test_a_demo_can_be_stopped_twice_and_shows_its_requests() -> None:
    demo = start_demo(pace=0, keep=1)
    ask(demo.base_url)
    ask(demo.base_url)
    assert len(demo.server.chats) == 1
    demo.stop()
    demo.stop()


def test_a_demo_that_cannot_open_a_socket_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchat.demo.server.HOST", "192.0.2.1")
    demo = DemoThread(pace=0)
    with pytest.raises(OSError, match=r"assign|bind"):
        demo.start()
    demo.stop()


def test_a_demo_with_an_unknown_setting_says_so() -> None:
    demo = DemoThread(colour="red")
    with pytest.raises(TypeError, match="colour"):
        demo.start()
    demo.stop()


def test_two_demos_do_not_know_each_other() -> None:
    with running_demo(pace=0) as one, running_demo(pace=0) as two:
        assert one != two
        ask(one)
        usage = httpx.get(f"{two}/key", headers={"Authorization": "Bearer k"}, trust_env=False).json()
        assert usage["data"]["usage"] == 0


def test_importing_the_demo_loads_no_image_library() -> None:
    code = "import sys, orchat.demo; print([m for m in ('PIL', 'httpx', 'textual') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
