"""The environment in which every notebook of the book runs: fixed, and strict about warnings."""

import os

# Warnings in a kernel are errors, except those that come from the machinery around the notebook:
ALLOWED = [
    # ipykernel 7.4 complains about its own shutdown function
    "ignore::PendingDeprecationWarning:ipykernel.kernelbase",
]


def kernel_environment(budget):
    """Variables for a kernel: one thread, so that results do not depend on the number of cores."""
    return {
        **os.environ,
        "GANCOURSE_BUDGET": budget,
        "GANCOURSE_STATIC": "1",  # pictures in the place of ipywidgets, which need a kernel
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": ",".join(["error", *ALLOWED]),
        "PYTHONUNBUFFERED": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TQDM_DISABLE": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MATPLOTLIBRC": os.devnull,
    }
