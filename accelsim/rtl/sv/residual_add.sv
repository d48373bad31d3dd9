// Adds the residual operand to up to LANES psums a cycle, LATENCY cycles later.
module residual_add #(
    parameter int LANES = 1,
    parameter int LATENCY = 0,
    parameter int PSUM_BITS = 32,
    parameter int OPERAND_BITS = 8
) (
    input  logic                          clk,
    input  logic                          reset,
    input  logic [LANES*PSUM_BITS-1:0]    x,
    input  logic [LANES*OPERAND_BITS-1:0] residual,
    output logic [LANES*PSUM_BITS-1:0]    y
);
  logic [LANES*PSUM_BITS-1:0] sum;

  always_comb begin
    for (int l = 0; l < LANES; l++) begin
      sum[l*PSUM_BITS+:PSUM_BITS] = x[l*PSUM_BITS+:PSUM_BITS]
          + PSUM_BITS'($signed(residual[l*OPERAND_BITS+:OPERAND_BITS]));
    end
  end

  delay_line #(LANES * PSUM_BITS, LATENCY) stages (.clk, .reset, .in(sum), .out(y));
endmodule
