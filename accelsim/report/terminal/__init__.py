"""Records and results as text and tables for the terminal."""
