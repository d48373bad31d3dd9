"""The machine's units, each a SimPy process, and what connects them."""
