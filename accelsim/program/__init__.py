"""Tiles as operations: what every unit executes, in order."""
