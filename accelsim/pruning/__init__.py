"""Network slimming: which channels BatchNorm blanks out, where they lead, and an ONNX model without them."""
