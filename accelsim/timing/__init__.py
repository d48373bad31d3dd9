"""Closed forms: shapes and machine in, cycles out."""
