"""Shapes as types: what games, penalties and gans take and return, said in their signatures.

An annotation says; the tests hold it to its word (``tests/shapes_checked.py`` turns these into the
checked types of jaxtyping, so the package itself needs nothing for them).
"""

from typing import Annotated

from torch import Tensor

#: One raw score per sample; an ensemble puts a member axis in front.
Scores = Annotated[Tensor, "*members batch"]
#: One loss, or one for each member.
Losses = Annotated[Tensor, "*members"]
#: The slope of every sample's score, flattened.
Slopes = Annotated[Tensor, "*members batch features"]
