// Maximum or average over a window: one position a cycle for each of up to LANES channels. The result is there with
// the last position, LATENCY cycles later. Padding counts as 0 in an average and never is the maximum.
module pooling #(
    parameter int LANES = 1,
    parameter int LATENCY = 0,
    parameter int PSUM_BITS = 32
) (
    input  logic                       clk,
    input  logic                       reset,
    input  logic                       take,
    input  logic                       window_first,
    input  logic                       average,
    input  logic [31:0]                reciprocal,  // of the window's positions, in 1/65536
    input  logic [LANES*PSUM_BITS-1:0] x,
    input  logic [LANES-1:0]           in_region,      // not padding
    output logic [LANES*PSUM_BITS-1:0] y
);
  localparam logic [PSUM_BITS-1:0] LEAST = {1'b1, {(PSUM_BITS - 1) {1'b0}}};
  logic [LANES*PSUM_BITS-1:0] result;

  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic signed [PSUM_BITS-1:0] value, so_far, pooled;
      logic signed [PSUM_BITS+31:0] mean;
      assign value = in_region[l] ? x[l*PSUM_BITS+:PSUM_BITS] : average ? '0 : LEAST;
      always_comb begin
        if (window_first) pooled = value;
        else if (average) pooled = so_far + value;
        else pooled = value > so_far ? value : so_far;
      end
      always_ff @(posedge clk) if (take) so_far <= pooled;
      assign mean = (PSUM_BITS + 32)'(pooled) * $signed((PSUM_BITS + 32)'(reciprocal)) >>> 16;
      assign result[l*PSUM_BITS+:PSUM_BITS] = average ? mean[PSUM_BITS-1:0] : pooled;    end
  endgenerate

  delay_line #(LANES * PSUM_BITS, LATENCY) stages (.clk, .reset, .in(result), .out(y));
endmodule
