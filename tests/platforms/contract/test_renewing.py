"""Access that ends is renewed by one worker for all."""

import threading

from tests.platforms.contract.rules import rule
from tests.platforms.contract.scene import Scene

WORKERS = 4


@rule(12)
def test_workers_that_meet_ended_access_renew_it_once(scene: Scene) -> None:
    scene.read()
    scene.world.shift_clock(3 * 3600)
    scene.world.calls.clear()
    scene.says("hello")
    start, outcomes = threading.Barrier(WORKERS), []

    def work() -> None:
        start.wait(timeout=30)
        outcomes.append(len(scene.simulated.connect(scene.code).collect(scene.stream, {}).updates))

    threads = [threading.Thread(target=work) for _worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    renewals = [call for call in scene.world.calls if "refresh" in call["path"].casefold()]
    assert outcomes == [1] * WORKERS
    assert len(renewals) == 1
