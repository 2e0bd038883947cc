"""Our loop against a textbook one, on the machine at hand."""
