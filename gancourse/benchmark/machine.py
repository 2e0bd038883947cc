"""The machine a measurement was made on: what it is, what it can do, and how to measure on it."""

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.nn import functional as F

from gancourse.errors import GanCourseError


def describe(device: torch.device | str = "cpu") -> dict:
    """Processor or GPU, cores, threads in use, operating system and versions: for a JSON file."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    about = {
        "cpu": names[0].strip() if names else platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "capability": torch.backends.cpu.get_cpu_capability(),
    }
    if torch.device(device).type == "cuda":
        about |= {
            "gpu": torch.cuda.get_device_name(device),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "tf32": torch.get_float32_matmul_precision() != "highest",
        }
    return about


def load() -> float | None:
    """How many processes wanted a core on average over the last minute, where the system says."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def clock(device: torch.device) -> Callable[[], float]:
    """The clock to read before and after: processor time, or on a GPU synchronised wall time."""
    if device.type == "cpu":
        return time.process_time

    def synchronised() -> float:
        torch.accelerator.synchronize(device)
        return time.perf_counter()

    return synchronised


def kernels(device: torch.device, side: int = 2048) -> dict[str, tuple[Callable, float]]:
    """Name to (a call of one large kernel, its floating-point operations in 1e9).

    The convolutions are the best case for a convolutional network: many maps, channels last. One
    multiplication with one addition counts as two operations, as in ``torch.utils.flop_counter``.
    """
    found = {}
    for dtype, name in ((torch.float32, "fp32"), (torch.bfloat16, "bf16")):
        a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
        x = torch.randn(16, 128, 32, 32, device=device, dtype=dtype)
        x = x.to(memory_format=torch.channels_last)
        near, halving = (
            torch.randn(*shape, device=device, dtype=dtype).to(memory_format=torch.channels_last)
            for shape in ((128, 128, 3, 3), (256, 128, 4, 4))
        )
        found[f"matmul {side} {name}"] = (lambda a=a, b=b: a @ b, 2 * side**3 / 1e9)
        found[f"conv 3x3 128-128 {name}"] = (
            lambda x=x, w=near: F.conv2d(x, w, padding=1),
            2 * 16 * 32 * 32 * 128 * 128 * 9 / 1e9,
        )
        found[f"conv 4x4 /2 128-256 {name}"] = (
            lambda x=x, w=halving: F.conv2d(x, w, stride=2, padding=1),
            2 * 16 * 16 * 16 * 256 * 128 * 16 / 1e9,
        )
    return found


def peak_memory(device: torch.device | str = "cpu") -> float | None:
    """The most memory, in MB, that this process has held so far (on CUDA: on the GPU)."""
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    status = Path("/proc/self/status")
    if status.exists():  # not getrusage: there a child inherits the peak of its parent
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        if found:
            return int(found[1]) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    units = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units


def memory_of(code: str, device: torch.device | str = "cpu") -> float | None:
    """MB by which the Python ``code`` raises the peak of a fresh process that has torch loaded."""
    if peak_memory() is None:
        return None
    script = (
        "import torch, gancourse.benchmark.measuring\n"
        "from gancourse.benchmark.machine import peak_memory\n"
        f"torch.set_num_threads(1)\nbefore = peak_memory({str(device)!r})\n{code}\n"
        f"print('MB', peak_memory({str(device)!r}) - before)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    found = re.search(r"^MB ([\d.]+)$", run.stdout, re.MULTILINE)
    if not found:
        raise GanCourseError(
            f"a process of its own failed: {run.stderr.strip()[-300:]}", where="measuring memory"
        )
    return round(float(found[1]), 1)
