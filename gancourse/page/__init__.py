"""What a live figure is made of: checked settings, self-contained HTML, controls; and tables."""
