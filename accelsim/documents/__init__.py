"""Plain YAML documents: read, checked against a model, and every fault named with its line."""
