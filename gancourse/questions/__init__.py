"""The questions that :func:`gancourse.exercises.check` can mark, one module per chapter."""
