"""Naive, independent models that the tests compare accelsim with."""
