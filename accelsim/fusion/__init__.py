"""Which BatchNorms fold into the convolution before them, and the network without them."""
