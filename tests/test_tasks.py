import asyncio

import pytest

from orchat.tasks import Tasks, finish, settled

pytestmark = pytest.mark.anyio


async def forever(started: asyncio.Event) -> None:
    started.set()
    await asyncio.Event().wait()


async def test_a_task_is_owned_until_it_ends() -> None:
    tasks, started = Tasks(), asyncio.Event()
    task = tasks.spawn(forever(started), name="wait")
    await started.wait()
    assert len(tasks) == 1
    await tasks.close(cancel=True)
    assert task.cancelled()
    assert len(tasks) == 0


async def test_closing_waits_for_work_that_must_end() -> None:
    tasks, go, done = Tasks(), asyncio.Event(), []

    async def work() -> None:
        await go.wait()
        done.append(1)

    tasks.spawn(work(), name="work")
    closing = asyncio.get_running_loop().create_task(tasks.close(cancel=False))
    await asyncio.sleep(0)
    assert not closing.done()
    go.set()
    await closing
    assert done == [1]


async def test_what_is_settled_already_is_not_waited_for() -> None:
    tasks = Tasks()
    task = tasks.spawn(asyncio.sleep(0), name="nothing")
    await settled(task)
    await settled(task)
    assert task.done()


async def test_work_is_finished_although_its_caller_is_cancelled_again_and_again() -> None:
    tasks, go, started, saved = Tasks(), asyncio.Event(), asyncio.Event(), []

    async def save() -> str:
        started.set()
        await go.wait()
        saved.append("reply")
        return "kept"

    caller = asyncio.get_running_loop().create_task(finish(save(), tasks, name="save"))
    await started.wait()
    for _ in range(3):
        caller.cancel()
        await asyncio.sleep(0)
    assert not caller.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert saved == ["reply"]


async def test_the_result_of_finished_work_is_the_callers() -> None:
    async def answer() -> int:
        return 42

    assert await finish(answer(), Tasks(), name="answer") == 42


async def test_what_goes_wrong_in_finished_work_is_the_callers() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await finish(fail(), Tasks(), name="fail")


async def test_a_cancelled_caller_hears_of_its_cancellation_even_if_the_work_failed() -> None:
    tasks, go, started = Tasks(), asyncio.Event(), asyncio.Event()

    async def fail() -> None:
        started.set()
        await go.wait()
        raise ValueError("no")

    caller = asyncio.get_running_loop().create_task(finish(fail(), tasks, name="fail"))
    await started.wait()
    caller.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_cancelled_work_is_told_apart_from_a_cancelled_caller() -> None:
    tasks, started = Tasks(), asyncio.Event()
    caller = asyncio.get_running_loop().create_task(finish(forever(started), tasks, name="wait"))
    await started.wait()
    caller.cancel()
    await asyncio.sleep(0)
    closing = asyncio.get_running_loop().create_task(tasks.close(cancel=True))
    with pytest.raises(asyncio.CancelledError):
        await caller
    await closing
