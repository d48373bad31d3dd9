"""Networks in integers: what the machine's operands, psums and requantiser hold, with BatchNorm and with it folded."""
