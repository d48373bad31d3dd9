"""Folding BatchNorms into convolutions: which can be (match), the arithmetic (fold), on a graph, on an ONNX model."""
