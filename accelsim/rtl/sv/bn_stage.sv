// BatchNorm of up to LANES psums a cycle, LATENCY cycles later.
// scale_shift: x * scale / 2^FRACTION + shift. raw: gamma * (x - mean) / floor(sqrt(variance + 1)) + beta.
module bn_stage #(
    parameter int LANES = 1,
    parameter int LATENCY = 0,
    parameter int PSUM_BITS = 32,
    parameter int PARAMETER_BITS = 32,
    parameter bit RAW = 0,
    parameter int FRACTION = PARAMETER_BITS / 2,
    parameter int WORDS = RAW ? 4 : 2
) (
    input  logic                                  clk,
    input  logic                                  reset,
    input  logic [LANES*PSUM_BITS-1:0]            x,
    input  logic [LANES*WORDS*PARAMETER_BITS-1:0] words,  // scale, shift; or gamma, beta, mean, variance
    output logic [LANES*PSUM_BITS-1:0]            y
);
  localparam int WIDER = PSUM_BITS > PARAMETER_BITS ? PSUM_BITS : PARAMETER_BITS;
  localparam int WIDE = PARAMETER_BITS + WIDER + 2;
  logic [LANES*PSUM_BITS-1:0] result;

  generate
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic signed [WIDE-1:0] wide_x;
      logic signed [WIDE-1:0] wide_y;
      assign wide_x = WIDE'($signed(x[l*PSUM_BITS+:PSUM_BITS]));
      if (RAW) begin : g_raw
        logic signed [WIDE-1:0] gamma, beta, mean, deviation;
        assign gamma = WIDE'($signed(words[(l*4+0)*PARAMETER_BITS+:PARAMETER_BITS]));
        assign beta = WIDE'($signed(words[(l*4+1)*PARAMETER_BITS+:PARAMETER_BITS]));
        assign mean = WIDE'($signed(words[(l*4+2)*PARAMETER_BITS+:PARAMETER_BITS]));
        square_root #(PARAMETER_BITS + 2) root (
            .square({2'b0, words[(l*4+3)*PARAMETER_BITS+:PARAMETER_BITS]} + 1'b1),
            .result(deviation[PARAMETER_BITS+1:0])
        );
        assign deviation[WIDE-1:PARAMETER_BITS+2] = '0;
        assign wide_y = (gamma * (wide_x - mean)) / deviation + beta;
      end else begin : g_scale_shift
        logic signed [WIDE-1:0] scale, shift;
        assign scale = WIDE'($signed(words[(l*2+0)*PARAMETER_BITS+:PARAMETER_BITS]));
        assign shift = WIDE'($signed(words[(l*2+1)*PARAMETER_BITS+:PARAMETER_BITS]));
        assign wide_y = ((wide_x * scale) >>> FRACTION) + shift;
      end
      assign result[l*PSUM_BITS+:PSUM_BITS] = wide_y[PSUM_BITS-1:0];
    end
  endgenerate

  delay_line #(LANES * PSUM_BITS, LATENCY) stages (.clk, .reset, .in(result), .out(y));
endmodule
