"""Widgets where a kernel answers, and what stands in their place where none does.

This, the explorer and the scrubber run with the ipywidgets that is installed, and once more with
7.7.1, the version of Colab, where the folder named by IPYWIDGETS7 has it:
pip install --target /tmp/ipyw7 ipywidgets==7.7.1 --no-deps, likewise ipython_genutils,
widgetsnbextension~=3.6 and jupyterlab-widgets<2.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from checkout import ROOT
from kernels import kernel_environment

NESTED = "IPYWIDGETS_NESTED" in os.environ


OLD = Path(os.environ.get("IPYWIDGETS7", "/tmp/ipyw7"))


CELLS = """\
import torch
from gancourse.games import NonSaturating
from gancourse.gans import GAN
from gancourse.networks import dcgan
from gancourse.live.scrubber import Recorder, training_scrubber
from gancourse.training import train
from gancourse.live.explorer import latent_explorer
torch.manual_seed(0)
gan = GAN(NonSaturating(), generator=dcgan.generator(16, 3, 8, 4),
          discriminator=dcgan.discriminator(16, 3, 4), latent_dim=8)
recorder = Recorder(4)
train(gan, [(torch.zeros(4, 3, 16, 16),)], 3, watch=recorder, every=1);
----
latent_explorer(gan)
----
training_scrubber(recorder)
"""


def stored(tmp_path, *before, **environment):
    """The outputs of the two widgets in an executed notebook."""
    cells = [*before, *CELLS.split("----\n")]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        store_widget_state=False,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    if NESTED:  # ipywidgets 7 uses what the newer ipykernel here calls deprecated
        environment["PYTHONWARNINGS"] = "default"
    client.execute(env=kernel_environment("smoke") | environment)
    return [[json.loads(json.dumps(o)) for o in c.outputs] for c in notebook.cells[-2:]]


def test_a_stored_notebook_holds_small_still_pictures_and_nothing_that_needs_a_kernel(tmp_path):
    first = stored(tmp_path)
    for outputs in first:
        (data,) = (output["data"] for output in outputs)
        assert set(data) == {"image/png", "text/plain"}
        assert "http" not in data["text/plain"]
    assert len(first[0][0]["data"]["image/png"]) < 30_000
    assert stored(tmp_path) == first  # the same bytes each time


def test_with_a_kernel_there_are_widgets(tmp_path):
    pytest.importorskip("ipywidgets", reason="SKIPPED: ipywidgets is not installed")
    for outputs in stored(tmp_path, GANCOURSE_STATIC="", PYTHONWARNINGS="default"):
        assert any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in outputs)


def test_without_ipywidgets_a_message_and_the_still_picture(tmp_path):
    hide = "import sys\nsys.modules['ipywidgets'] = None"
    for outputs in stored(tmp_path, hide, GANCOURSE_STATIC=""):
        text, picture = outputs
        assert "ipywidgets is not installed" in text["text"] and "%pip" in text["text"]
        assert "image/png" in picture["data"]


@pytest.mark.skipif(
    not (OLD / "ipywidgets").exists() or NESTED,
    reason=f"SKIPPED: no ipywidgets 7.7.1 in {OLD}; see the head of this file",
)
def test_all_of_this_with_the_ipywidgets_of_colab():
    environment = os.environ | {"PYTHONPATH": str(OLD), "IPYWIDGETS_NESTED": "1"}
    version = "import ipywidgets; assert ipywidgets.__version__ == '7.7.1'"
    subprocess.run([sys.executable, "-W", "ignore", "-c", version], env=environment, check=True)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore::DeprecationWarning",
            __file__,
            *(str(ROOT / "tests/live" / f"test_{name}.py") for name in ("explorer", "scrubber")),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.split()[0].strip(".") == "s"  # all passed; skipped is only this one
