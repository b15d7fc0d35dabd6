"""Requests that ask for admission, as one or as several instances of the same process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from orchat.domain.ledger import Attempt, Settlement
from orchat.domain.money import Cost
from orchat.store import holds, ledger, reservations
from orchat.store.connection import Connection
from orchat.store.instances import Instance
from orchat.store.owners import folder_of
from orchat.store.reservations import BudgetLine, Claim, Granted, Limits, Outcome, Waiting
from tests.support.clock import START

FREE, PAID = "maker/model:free", "maker/model"
TWO_A_MINUTE = Limits(free_per_minute=2)
ONE_AT_A_TIME = Limits(max_in_flight=1)


class Pool:
    """What an instance does to the pool, with less to write.

    Args:
        connection: To the database.
        owner: An instance that lives.
    """

    def __init__(self, connection: Connection, owner: Instance) -> None:
        self.connection = connection
        self.owner = owner

    def ask(
        self,
        now: float,
        limits: Limits | None = None,
        *,
        key: str = "f",
        model: str = PAID,
        ticket: int | None = None,
        account: str = "",
        conversation: str | None = "c",
        projected: int | None = 0,
        budgets: tuple[BudgetLine, ...] = (),
        over_budget: bool = False,
        insists: bool = False,
    ) -> Outcome:
        attempt = Attempt(
            started_at=0.0,
            model=model,
            key_label=f"label of {key}",
            key_fingerprint=key,
            account=account,
            conversation_id=conversation,
            projected_pico=projected,
        )
        claim = Claim(
            attempt=attempt,
            owner=self.owner.id,
            limits=limits or Limits(),
            budgets=budgets,
            over_budget=over_budget,
            insists=insists,
            ticket=ticket,
        )
        return reservations.reserve(self.connection, claim, now)

    def settle(self, outcome: Outcome, pico: int | None = None) -> None:
        cost = Cost() if pico is None else Cost(pico=pico, source="reported")
        assert ledger.settle(self.connection, granted(outcome).row, Settlement(outcome="done", cost=cost))

    def queued(self) -> list[tuple[int, str]]:
        """Ticket and scope of everyone who waits."""
        found = self.connection.execute("SELECT ticket, scope FROM queue ORDER BY ticket")
        return [(row["ticket"], row["scope"]) for row in found]

    def open_rows(self) -> int:
        return int(self.connection.execute("SELECT count(*) FROM attempts WHERE outcome = 'open'").fetchone()[0])


@contextmanager
def pool_on(connection: Connection) -> Iterator[Pool]:
    """A pool whose instance dies at the end."""
    instance = Instance.acquire(folder_of(connection.path))
    try:
        yield Pool(connection, instance)
    finally:
        instance.drop()


def granted(outcome: Outcome) -> Granted:
    assert isinstance(outcome, Granted), outcome
    return outcome


def waiting(outcome: Outcome) -> Waiting:
    assert isinstance(outcome, Waiting), outcome
    return outcome


def hold(connection: Connection, scope: str, until: float | None = None, kind: str = "KeyRejected") -> None:
    """Put something aside."""
    holds.put(connection, scope, kind=kind, reason="it was said so", source="server", now=START, until=until)
