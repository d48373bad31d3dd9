"""accelsim: cycle-accurate simulation of CNN accelerators, with and without fused BatchNorm."""
