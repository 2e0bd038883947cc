"""What :func:`gancourse.exercises.check` can mark: how (marking), and one file of questions a chapter."""
