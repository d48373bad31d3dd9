"""The machine in SystemVerilog, and its co-simulation with the model: both must agree on every cycle and number."""
