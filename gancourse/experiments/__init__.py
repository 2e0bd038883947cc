"""Experiments too long for a page: a script and the JSON that it has measured."""
