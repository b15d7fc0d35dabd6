from tests.support.house import clock, house
from tests.support.server import server

__all__ = ["clock", "house", "server"]
