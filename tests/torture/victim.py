"""The victim: trains with checkpoints in a process of its own, so that it can be killed anywhere.

    python tests/torture/victim.py      reads jobs, a JSON object a line; prints a result a line

Torch is imported once; each job is a forked child with one thread, which keeps a cycle of killing
and resuming well under a second of CPU time. The package has no hook for any of this: a job that
dies *inside* a save replaces ``os.fsync``, ``os.replace``, ``torch.save`` ... in its own process by
a function that kills that process at the n-th call. One that dies at any other moment counts the
calls of functions, Python's and C's, and dies at the n-th: so the moment is the same on a machine
that is idle and on one that is not, and never lies behind the end. :class:`Victim` is the test's
side.
"""

import contextlib
import functools
import hashlib
import json
import mmap
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import time
import traceback
import warnings
import zipfile

import forks

SAVE_EVERY, PATIENCE = 5, 120
STEPS = {"toy": 60, "dcgan": 40, "wgan-gp": 30}
#: Calls inside a save: who is called, and whether it dies before, in the midst of, or after it.
SITES = [
    ("torch.save", "before"),
    ("torch.save", "midst"),
    ("torch.save", "after"),
    ("os.fsync", "before"),
    ("os.fsync", "after"),
    ("zipfile.ZipFile.testzip", "before"),
    ("zipfile.ZipFile.testzip", "after"),
    ("os.replace", "before"),
    ("os.replace", "after"),
    ("pathlib.Path.unlink", "before"),
    ("pathlib.Path.unlink", "after"),
]


def digest(value) -> str:
    """A sha256 of a nested state by value: every key, type, shape and bit of it."""
    return hashlib.sha256(b"".join(_bytes(value))).hexdigest()


def _bytes(value):
    if hasattr(value, "untyped_storage"):
        whole = value.detach().cpu().contiguous()
        yield f"{whole.dtype}{tuple(whole.shape)}".encode()
        yield whole.numpy().tobytes()
    elif isinstance(value, dict):
        for key, part in value.items():
            yield repr(key).encode()
            yield from _bytes(part)
    elif isinstance(value, list | tuple):
        yield f"[{len(value)}]".encode()
        for part in value:
            yield from _bytes(part)
    else:
        yield repr(value).encode()


def build(which: str, seed: int = 0):
    """The gan, its batches and the settings of one of the three runs."""
    import torch

    from gancourse.data.toys import ring
    from gancourse.games import Hinge, NonSaturating, Wasserstein
    from gancourse.gans import GAN
    from gancourse.networks import dcgan
    from gancourse.networks.mlp import mlp
    from gancourse.penalties import gradient_penalty
    from gancourse.training import decay

    torch.manual_seed(seed)
    if which == "toy":
        gan = GAN(
            NonSaturating(),
            generator=mlp(2, 2, width=16),
            discriminator=mlp(2, 1, width=16),
            latent_dim=2,
        )
        return gan, ring().batches(16), dict(ema=0.9, schedule=decay(60), notes={"width": 16})
    games = {"dcgan": (Hinge(), "batch"), "wgan-gp": (Wasserstein(gradient_penalty(10)), None)}
    game, norm = games[which]
    gan = GAN(
        game,
        generator=dcgan.generator(16, 3, 8, 8),
        discriminator=dcgan.discriminator(16, 3, 8, norm=norm),
        latent_dim=8,
    )
    return gan, _faces().batches(16), dict(ema=0.9, d_steps=2 if norm is None else 1)


@functools.cache
def _faces():
    from gancourse.data.images import images

    return images("faces")


def _die_at(site: str, when: str, n: int) -> None:
    """From the ``n``-th call of ``site`` this process is no more."""
    import torch

    import gancourse.files

    roots = {
        "torch": torch,
        "os": os,
        "zipfile": zipfile,
        "pathlib": pathlib,
        "gancourse": gancourse,
    }
    *path, name = site.split(".")
    owner = functools.reduce(getattr, path[1:], roots[path[0]])
    original, calls = getattr(owner, name), iter(range(1, 10**9))

    def deadly(*args, **kwargs):
        if next(calls) != n:
            return original(*args, **kwargs)
        if when == "after":
            with contextlib.suppress(FileNotFoundError):  # it was called all the same
                original(*args, **kwargs)
        if when == "midst":  # half of the bytes are on the disk
            file = args[1]
            original(*args, **kwargs)
            file.flush()
            file.truncate(file.tell() // 2)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, deadly)


class Calls:
    """Counts this process's calls of functions from here on; acts at the ``n``-th (0: never)."""

    def __init__(self, n: int = 0, act=None):
        self.seen, self.before, self.n = 0, 0, n
        self.act = act or (lambda: os.kill(os.getpid(), signal.SIGKILL))

    def begin(self) -> None:
        sys.setprofile(self)

    def __call__(self, frame, event, what) -> None:
        if event in ("call", "c_call"):
            self.seen += 1
            if self.seen == self.n:
                self.act()


def _child(job: dict, position: mmap.mmap) -> dict:
    from gancourse.saving.keeper import Keeper
    from gancourse.training import train

    warnings.simplefilter("error")  # "... is damaged; going back to ...": no kill may damage a file
    calls = Calls(job.get("calls", 0))
    if job.get("die"):
        _die_at(*job["die"])
    folder, steps = job["folder"], job.get("steps", STEPS[job["which"]])
    # A resumed run starts from other weights and another random state: all comes from the file.
    gan, batches, settings = build(job["which"], job["seed"] if Keeper(folder).paths() else 0)

    def report(training):
        position[:8] = struct.pack("q", training.step)
        if "signal" in job and training.step == job["signal"][0]:
            number, part = job["signal"][1:]  # after that part of the calls of a step
            calls.act = functools.partial(os.kill, os.getpid(), number)
            calls.n = calls.seen + 1 + int(part * (calls.seen - calls.before))
        calls.before = calls.seen
        if "kill" in job and training.step == steps - 1:  # it comes from outside, and not too late
            signal.pause()

    calls.begin()
    training = train(
        gan,
        batches,
        steps,
        folder=folder,
        save_every=SAVE_EVERY,
        resume=True,
        watch=report,
        every=1,
        **settings,
    )
    sys.setprofile(None)
    return {"digest": digest(training.state()), "calls": calls.seen}


def _serve(job: dict) -> dict:
    """Fork, wait for the moment, send the signal, and say how it ended."""
    position = mmap.mmap(-1, 8)
    position[:8] = struct.pack("q", -1)
    reader, writer = os.pipe()
    child = forks.fork()
    if child == 0:
        code = 70
        try:
            forks.tell_where(PATIENCE, leave=True)
            os.close(reader)
            answer = _child(job, position)
            os.write(writer, json.dumps(answer).encode())
            code = 0
        except KeyboardInterrupt:
            code = 130
        except SystemExit as end:
            code = end.code
        except BaseException:
            os.write(writer, json.dumps({"error": traceback.format_exc()}).encode())
        os._exit(code)
    os.close(writer)
    if "kill" in job:
        _kill(child, position, job["kill"])
    begin = time.perf_counter()
    with os.fdopen(reader, "rb") as stream:
        text = stream.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    answer = json.loads(text) if text else {}
    step = struct.unpack("q", position[:8])[0]
    return {"code": code, "step": step, "seconds": time.perf_counter() - begin, **answer}


def _kill(child: int, position: mmap.mmap, step: int) -> None:
    """Kill it when ``step`` steps were taken (-1: at the start), or some time later."""
    while struct.unpack("q", position[:8])[0] < step:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.0002)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


class Victim:
    """The test's side: a server of jobs, alive while the ``with`` block runs."""

    def __enter__(self):
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "TQDM_DISABLE": "1",
        }
        self.server = subprocess.Popen(
            [sys.executable, __file__],
            text=True,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self

    def __exit__(self, *problem):
        self.server.stdin.close()
        self.server.wait(60)
        self.server.stdout.close()

    def run(self, which, folder, seed=1, **job) -> dict:
        """One life: to the end, to the ``n``-th of ``calls``, to ``die`` (a site), to a ``kill``
        from outside (about that step), or to a ``signal`` (step, number, part of the next)."""
        job = {"which": which, "folder": str(folder), "seed": seed, **job}
        self.server.stdin.write(json.dumps(job) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())


def deaths(which: str, number: int, inside: int, random: random.Random, calls: int):
    """``number`` ways to die: ``inside`` of them in a save, the others anywhere in the run.

    Of these every fourth comes from outside, in the midst of whatever C code is running.
    """
    for i in range(inside):
        site, when = SITES[i % len(SITES)]
        saves = STEPS[which] // SAVE_EVERY
        most = {"os.fsync": 2 * saves, "pathlib.Path.unlink": saves - 2}.get(site, saves)
        yield {"die": (site, when, random.randint(1, most))}
    for i in range(number - inside):
        if i % 4 == 3:
            yield {"kill": random.randrange(-1, STEPS[which] - 1)}
        else:
            yield {"calls": random.randint(1, calls)}


def main() -> None:
    import torch

    import gancourse.training  # noqa: F401  (here, once, and not in every child)

    torch.set_num_threads(1)
    torch.optim.Adam([torch.zeros(1)])  # its first use imports half of torch: a second of CPU
    _faces()
    for line in sys.stdin:
        print(json.dumps(_serve(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
