"""Following tasks: what was started is found again, moves forward only, and keeps its answer."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from anymedia.errors import TaskCanceledError, TaskFailedError, TaskNotFoundError, TaskTimeoutError
from anymedia.json import JSON, dumps, loads
from anymedia.refs import TaskState
from anymedia.registry import provider_class
from anymedia.results import Result
from anymedia.testing.conformance.subject import Bench, Fault, Subject

__all__ = ["Following"]

_MANY = 50
_ELSEWHERE = """
import asyncio, sys
from anymedia import AsyncMediaClient

async def main():
    provider, ref = sys.argv[1:]
    async with AsyncMediaClient(provider, poll_interval=0.02) as client:
        result = await client.attach(ref).result(timeout=30)
        print(result.model_dump_json(include={"outputs": {"__all__": {"kind", "media_type", "seed"}}, "cost": True}))

asyncio.run(main())
"""


class Following(Subject):
    """The tests about following tasks."""

    async def test_a_ref_survives_its_process(self) -> None:
        """The string of a ref, and nothing else, leads another process to the same result."""
        async with self.running() as bench:
            task = await bench.client().submit(self.sample("a lighthouse", 1))
            found = await self._elsewhere(bench, str(task.ref))
            assert found == _facts(await task.result())
            assert bench.emulator.ledger.accepted == 1

    async def test_states_only_move_forward(self) -> None:
        """`events` never goes back in state or progress, and its last word is the end, which stays."""
        order = list(TaskState)
        async with self.running() as bench:
            task = await bench.client().submit(self.sample("a lighthouse", 1))
            seen = [snapshot async for snapshot in task.events()]
            places = [order.index(snapshot.state) for snapshot in seen]
            progress = [snapshot.progress for snapshot in seen if snapshot.progress is not None]
            assert places == sorted(places)
            assert progress == sorted(progress)
            assert seen[-1].state is TaskState.SUCCEEDED
            assert (await task.status()).state is TaskState.SUCCEEDED

    async def test_a_result_is_repeatable(self) -> None:
        """The same answer comes again, from the handle and from the ref, for the same money."""
        async with self.running() as bench:
            client = bench.client()
            task = await client.submit(self.sample("a lighthouse", 1))
            result = await task.result()
            assert await task.result() == result
            assert _facts(await bench.client().attach(str(task.ref)).result()) == _facts(result)
            assert bench.emulator.ledger.accepted == 1

    async def test_a_local_timeout_leaves_the_task_alive(self) -> None:
        """Patience that ends is an error with the ref; the task goes on, and the ref leads to its result."""
        async with self.held() as bench:
            client = bench.client()
            task = await client.submit(self.sample("a lighthouse", 1))
            with pytest.raises(TaskTimeoutError) as caught:
                await task.result(timeout=0.05)
            assert caught.value.ref == task.ref
            assert bench.account(task.ref).state == "accepted"
            await bench.work()
            assert (await client.attach(str(task.ref)).result()).outputs

    async def test_canceling_twice_is_fine(self) -> None:
        """Either the task is stopped, for both calls and everyone who waits, or it goes on to its result."""
        async with self.held() as bench:
            task = await bench.client().submit(self.sample("a lighthouse", 1))
            first, second = await task.cancel(), await task.cancel()
            assert first.stopped == second.stopped
            await bench.work()
            if first.stopped:
                assert bench.account(task.ref).state == "canceled"
                with pytest.raises(TaskCanceledError):
                    await task.result()
            else:
                assert (await task.result()).outputs

    async def test_canceling_destroys_nothing_that_is_done(self) -> None:
        """A finished task is left as it is, even by a client that does not know yet that it has finished."""
        async with self.held() as bench:
            task = await bench.client().submit(self.sample("a lighthouse", 1))
            await bench.work()
            stranger = bench.client().attach(str(task.ref))
            assert (await stranger.cancel()).stopped is False
            assert (await stranger.result()).outputs
            assert (await bench.client().attach(str(task.ref)).result()).outputs

    async def test_what_nobody_knows_is_tolerated(self, tolerated: Fault) -> None:
        """New fields and new words for a state disturb nothing."""
        async with self.running() as bench:
            tolerated.arm(bench.emulator.faults, times=3)
            task = await bench.client().submit(self.sample("a lighthouse", 1))
            assert (await task.result()).outputs

    async def test_a_failed_task_ends_quietly_and_says_why(self) -> None:
        """`events` ends without raising; `result` raises, each time, with the task's ref and the vendor's code."""
        async with self.running() as bench:
            self.failure.arm(bench.emulator.faults)
            task = await bench.client().submit(self.sample("a lighthouse", 1))
            assert [snapshot.state async for snapshot in task.events()][-1] is TaskState.FAILED
            for _ in range(2):
                with pytest.raises(TaskFailedError) as caught:
                    await task.result()
                assert caught.value.ref == task.ref
                assert caught.value.provider_code

    async def test_a_task_nobody_knows_is_not_found(self) -> None:
        """A ref that leads nowhere is `TaskNotFoundError`, at once or after a short grace, and starts nothing."""
        async with self.running() as bench:
            client = bench.client(haste=10)
            task = await client.submit(self.sample("a lighthouse", 1))
            strange = replace(task.ref, id="00000000-0000-4000-8000-000000000000")
            with pytest.raises(TaskNotFoundError):
                await client.attach(strange).status()
            with pytest.raises(TaskNotFoundError):
                await client.attach(strange).result()
            assert bench.emulator.ledger.accepted == 1

    async def test_many_tasks_do_not_mix(self, tmp_path: Path) -> None:
        """Of fifty tasks at once, each result belongs to its own request."""
        async with self.running() as bench:
            client = bench.client(max_concurrency=_MANY)
            prompts = [f"lighthouse number {number:02} of many" for number in range(_MANY)]
            requests = [self.sample(prompt, seed) for seed, prompt in enumerate(prompts)]
            results = await asyncio.gather(*map(client.run, requests))
            assert bench.emulator.ledger.accepted == _MANY
            assert len({result.url for result in results}) == _MANY
            for seed, (prompt, result) in enumerate(zip(prompts, results, strict=True)):
                assert prompt in dumps(bench.account(result.ref).request)
                assert result.output.seed in (None, seed)
            again = await client.run(requests[17])
            (one,), (other,) = await again.asave(tmp_path / "one"), await results[17].asave(tmp_path / "other")
            assert one.read_bytes() == other.read_bytes()

    async def _elsewhere(self, bench: Bench, ref: str) -> JSON:
        endpoint, names = bench.emulator.endpoint, provider_class(self.provider).defaults
        settings = {names.api_key_env: endpoint.api_key, names.base_url_env: endpoint.base_url}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _ELSEWHERE,
            self.provider,
            ref,
            env=os.environ | settings,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        return loads(printed)


def _facts(result: Result) -> JSON:
    """What stays the same, however often the links are signed anew."""
    return loads(result.model_dump_json(include={"outputs": {"__all__": {"kind", "media_type", "seed"}}, "cost": True}))
