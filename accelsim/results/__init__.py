"""Records as frames, totals and files."""
