"""Networks from ONNX models: the file, its constants and shapes, and what its operators are to the simulator."""
