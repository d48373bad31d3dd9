"""Figures of a result, drawn on matplotlib's axes."""
