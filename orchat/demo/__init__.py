"""The embedded offline OpenRouter: a loopback HTTP server that speaks the real protocol."""

from orchat.demo.accounts import DEMO_KEY, DemoKey
from orchat.demo.launch import DemoThread, running_demo, start_demo
from orchat.demo.server import DemoServer

__all__ = ["DEMO_KEY", "DemoKey", "DemoServer", "DemoThread", "running_demo", "start_demo"]
