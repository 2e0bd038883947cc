"""A process that trains, to be killed and asked again."""

import pytest


@pytest.fixture(scope="module")
def victim():
    """A process that trains, to be killed and asked again."""
    from victim import Victim

    with Victim() as server:
        yield server
