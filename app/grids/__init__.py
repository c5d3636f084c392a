"""What one grid owns: its page, its counts."""
