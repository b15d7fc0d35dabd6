from tests.support.house import clock, house
from tests.support.key_pool import demo, houses
from tests.support.server import server

__all__ = ["clock", "demo", "house", "houses", "server"]
