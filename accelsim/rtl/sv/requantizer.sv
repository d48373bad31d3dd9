// Requantises up to LANES psums a cycle, LATENCY cycles later: x * mantissa / 2^shift, a half rounded up, clipped to
// the width that the tile is stored in. A multiplier word holds the shift in its lowest SHIFT_BITS, and above them the
// mantissa, which is signed.
module requantizer #(
    parameter int LANES = 1,
    parameter int LATENCY = 0,
    parameter int PSUM_BITS = 32,
    parameter int PARAMETER_BITS = 32,
    parameter int SHIFT_BITS = PARAMETER_BITS < 12 ? PARAMETER_BITS / 2 : 6
) (
    input  logic                            clk,
    input  logic                            reset,
    input  logic [6:0]                      bits,         // of an output
    input  logic [LANES*PSUM_BITS-1:0]      x,
    input  logic [LANES*PARAMETER_BITS-1:0] multipliers,
    output logic [LANES*PSUM_BITS-1:0]      y
);
  localparam int PRODUCT_BITS = PSUM_BITS + PARAMETER_BITS - SHIFT_BITS;
  localparam logic [5:0] SHIFT_MASK = 6'((1 << SHIFT_BITS) - 1);
  logic [LANES*PSUM_BITS-1:0] result;

  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic signed [PARAMETER_BITS-1:0] multiplier;
      logic signed [PRODUCT_BITS-1:0] product;
      assign multiplier = multipliers[l*PARAMETER_BITS+:PARAMETER_BITS];
      assign product = PRODUCT_BITS'($signed(x[l*PSUM_BITS+:PSUM_BITS])) * PRODUCT_BITS'(multiplier >>> SHIFT_BITS);
      rounding_shift #(PRODUCT_BITS, PSUM_BITS) scale (
          .bits, .shift(6'(multiplier) & SHIFT_MASK), .product, .y(result[l*PSUM_BITS+:PSUM_BITS])
      );
    end
  endgenerate

  delay_line #(LANES * PSUM_BITS, LATENCY) stages (.clk, .reset, .in(result), .out(y));
endmodule
