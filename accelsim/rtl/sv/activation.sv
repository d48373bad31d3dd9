// Activation function (none, ReLU, clipped ReLU) and conversion to the output width (arithmetic shift, saturation) of
// up to LANES psums a cycle, LATENCY cycles later.
module activation #(
    parameter int LANES = 1,
    parameter int LATENCY = 0,
    parameter int PSUM_BITS = 32
) (
    input  logic                       clk,
    input  logic                       reset,
    input  logic                       rectify,
    input  logic                       clip,
    input  logic [31:0]                clip_high,
    input  logic                       convert,
    input  logic [5:0]                 shift,
    input  logic [6:0]                 bits,       // of an output
    input  logic [LANES*PSUM_BITS-1:0] x,
    output logic [LANES*PSUM_BITS-1:0] y
);
  localparam int WIDE = PSUM_BITS > 64 ? PSUM_BITS + 1 : 65;
  logic [LANES*PSUM_BITS-1:0] result;
  logic signed [WIDE-1:0] high, low, ceiling;
  assign high = (WIDE'(1) << (bits - 1)) - 1;
  assign low = -high - 1;
  assign ceiling = WIDE'($signed(clip_high));

  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic signed [WIDE-1:0] value, active, shifted, narrow;
      assign value = WIDE'($signed(x[l*PSUM_BITS+:PSUM_BITS]));
      assign active = rectify && value < 0 ? '0 : clip && value > ceiling ? ceiling : value;
      assign shifted = active >>> shift;
      assign narrow = shifted > high ? high : shifted < low ? low : shifted;
      assign result[l*PSUM_BITS+:PSUM_BITS] = convert ? narrow[PSUM_BITS-1:0] : active[PSUM_BITS-1:0];
    end
  endgenerate

  delay_line #(LANES * PSUM_BITS, LATENCY) stages (.clk, .reset, .in(result), .out(y));
endmodule
