// Adds what the array streams out: to what is there, or, where a tile begins, to the bias.
module accumulator #(
    parameter int COLS = 4,
    parameter int PSUM_BITS = 32
) (
    input  logic [COLS-1:0]           initial_sum,
    input  logic [COLS*PSUM_BITS-1:0] bias,
    input  logic [COLS*PSUM_BITS-1:0] stored,
    input  logic [COLS*PSUM_BITS-1:0] psums,
    output logic [COLS*PSUM_BITS-1:0] sums
);
  always_comb begin
    for (int c = 0; c < COLS; c++) begin
      sums[c*PSUM_BITS+:PSUM_BITS] = psums[c*PSUM_BITS+:PSUM_BITS]
          + (initial_sum[c] ? bias[c*PSUM_BITS+:PSUM_BITS] : stored[c*PSUM_BITS+:PSUM_BITS]);
    end
  end
endmodule
