// Where in a weight buffer half a weight lies: groups x output channels x taps, packed.
module weight_address
  import machine::*;
#(
    parameter int WEIGHT_BITS = 8
) (
    input  product_t    product,
    input  logic [31:0] group,
    input  logic [31:0] channel,
    input  logic [31:0] tap,      // input channel and kernel position, counted through
    output logic [31:0] address   // of a bit, in the half
);
  assign address = ((group * product.out_channels + channel) * product.in_channels * product.kernel_positions + tap)
      * WEIGHT_BITS;
endmodule
