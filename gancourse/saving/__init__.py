"""What survives a crash: files that are verified, what goes into them, which are kept."""
