"""accelsim held against others: cycles against SCALE-Sim, folded networks against the networks as they were."""
