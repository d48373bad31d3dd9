"""What the source document claims of fused BatchNorm, and what is measured of it."""
