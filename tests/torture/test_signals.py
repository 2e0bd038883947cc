"""Signals: Ctrl-C, SIGTERM, SIGHUP end the step, save, and leave; a second one leaves at once.

Waiting is counted in steps, not in seconds: how long a step takes is the machine's business.
"""

import random
import signal
import subprocess
import sys

import pytest
from victim import STEPS

from gancourse.saving.keeper import Keeper

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
SIZES = [pytest.param(1, id="quick"), pytest.param(20, id="all", marks=pytest.mark.torture)]


@pytest.mark.parametrize("number", SIZES)
@pytest.mark.parametrize("sent", CODES)
def test_any_moment_saves_leaves_and_resumes_to_the_same_bits(sent, number, tmp_path, victim):
    """Spread over the three runs; a signal before the loop begins is an ordinary Ctrl-C."""
    rng, equal, whole = random.Random(int(sent)), 0, {}
    for i in range(number):
        which = rng.choice(list(STEPS))
        if which not in whole:
            whole[which] = victim.run(which, tmp_path / which)
        step = rng.randrange(2, STEPS[which] - 5)
        folder = tmp_path / str(i)
        stopped = victim.run(which, folder, signal=(step, int(sent), rng.random()))
        assert stopped["code"] == CODES[sent], stopped
        assert stopped["step"] - step in (0, 1), "the step was ended, and no other one begun"
        assert Keeper(folder).paths()[0].stem == f"step-{stopped['step']:08d}", "it was saved"
        done = victim.run(which, folder, seed=5 + i)
        assert done["code"] == 0, done.get("error")
        equal += done["digest"] == whole[which]["digest"]
    print(f"\n{sent.name}: {equal}/{number} equal")
    assert equal == number


SLOW = """
import signal, sys
sys.path.insert(0, sys.argv[2])
from victim import build
from gancourse.training import train
gan, batches, settings = build("toy")
def slow(training):
    print(training.step, flush=True)
    if training.step == 3:
        # what a first one is answered by, once its handler has run; then wait for the second
        signal.raise_signal(signal.SIGINT)
        print("waits", flush=True)
        while True:
            signal.pause()
train(gan, batches, 10, folder=sys.argv[1], watch=slow, every=1, **settings)
"""


def test_a_second_signal_does_not_wait_for_the_step(tmp_path):
    """The third step of this run never ends; the first Ctrl-C waits for it, the second not."""
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(tmp_path / "run"), str(__file__).rsplit("/", 1)[0]],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with child:
        assert [child.stdout.readline().strip() for _ in range(4)] == ["1", "2", "3", "waits"]
        child.send_signal(signal.SIGINT)
        assert child.wait() in (1, 130, -signal.SIGINT)


CELLS = {
    "make": """
import time
from victim import build
from gancourse.training import Training
gan, batches, settings = build("toy")
training = Training(gan, batches, **settings)
""",
    "interrupted": """
def slowly(now):
    if now.step == 2:
        print("running", flush=True)
    time.sleep(0.05)
training.advance(1000, watch=slowly, every=1)
""",
    "after": """
from victim import digest
stopped = training.step
assert 2 <= stopped < 1000 and training.history.d_loss.shape == (stopped,)
training.sample(4)
training.advance(40 - stopped % 40)
gan, batches, settings = build("toy")
same = Training(gan, batches, **settings).advance(training.step)
print(digest(same.state()) == digest(training.state()))
""",
}


def test_an_interrupt_in_a_notebook_leaves_a_usable_training(tmp_path, monkeypatch):
    """The stop button of Jupyter, pressed on a real kernel."""
    from jupyter_client.manager import start_new_kernel

    monkeypatch.setenv("PYTHONPATH", str(__file__).rsplit("/", 1)[0])
    monkeypatch.setenv("TQDM_DISABLE", "1")
    manager, client = start_new_kernel(kernel_name="python3")
    try:

        def outputs(until_idle_of, stop_at=None):
            while True:
                message = client.get_iopub_msg(timeout=120)
                content = message["content"]
                if message["parent_header"].get("msg_id") != until_idle_of:
                    continue
                if message["msg_type"] in ("stream", "error"):
                    yield content.get("text") or content["ename"]
                if content.get("execution_state") == "idle":
                    return

        assert list(outputs(client.execute(CELLS["make"]))) == []
        running = outputs(client.execute(CELLS["interrupted"]))
        assert next(running).strip() == "running"
        manager.interrupt_kernel()
        assert list(running) == ["KeyboardInterrupt"]
        assert "".join(outputs(client.execute(CELLS["after"]))).strip() == "True"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
