"""Layers cut into tiles that fit the machine."""
