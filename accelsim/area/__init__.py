"""What a machine's datapath and memories take on silicon, with a BatchNorm stage and without."""
