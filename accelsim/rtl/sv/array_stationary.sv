// Weight- or input-stationary systolic array. Operands come skewed: row r and column c each a cycle behind the one
// before. The bottom row hands its sums out unregistered; the accumulator is their register.
module array_stationary #(
    parameter int ROWS = 4,
    parameter int COLS = 4,
    parameter int STATIONARY_BITS = 8,
    parameter int STREAM_BITS = 8,
    parameter int PSUM_BITS = 32,
    parameter bit SHADOW = 0
) (
    input  logic                            clk,
    input  logic [COLS-1:0]                 load,
    input  logic [COLS*STATIONARY_BITS-1:0] stationary,
    input  logic [ROWS-1:0]                 swap,
    input  logic [ROWS*STREAM_BITS-1:0]     stream,
    output logic [COLS*PSUM_BITS-1:0]       psums
);
  // What crosses the edges of PE (r, c): from its left (c) to its right (c + 1), from above (r) to below (r + 1).
  logic [ROWS*(COLS+1)-1:0]                 swap_at;
  logic [ROWS*(COLS+1)*STREAM_BITS-1:0]     stream_at;
  logic [(ROWS+1)*COLS-1:0]                 load_at;
  logic [(ROWS+1)*COLS*STATIONARY_BITS-1:0] stationary_at;
  logic [(ROWS+1)*COLS*PSUM_BITS-1:0]       psum_at;
  logic [ROWS*COLS*PSUM_BITS-1:0]           sum_at;

  generate
    for (genvar r = 0; r < ROWS; r++) begin : g_left
      assign swap_at[r*(COLS+1)] = swap[r];
      assign stream_at[r*(COLS+1)*STREAM_BITS+:STREAM_BITS] = stream[r*STREAM_BITS+:STREAM_BITS];
    end
    for (genvar c = 0; c < COLS; c++) begin : g_top
      assign load_at[c] = load[c];
      assign stationary_at[c*STATIONARY_BITS+:STATIONARY_BITS] = stationary[c*STATIONARY_BITS+:STATIONARY_BITS];
      assign psum_at[c*PSUM_BITS+:PSUM_BITS] = '0;
      assign psums[c*PSUM_BITS+:PSUM_BITS] = sum_at[((ROWS-1)*COLS+c)*PSUM_BITS+:PSUM_BITS];
    end
    for (genvar r = 0; r < ROWS; r++) begin : g_row
      for (genvar c = 0; c < COLS; c++) begin : g_col
        pe_stationary #(STATIONARY_BITS, STREAM_BITS, PSUM_BITS, SHADOW) pe (
            .clk,
            .load_in(load_at[r*COLS+c]),
            .stationary_in(stationary_at[(r*COLS+c)*STATIONARY_BITS+:STATIONARY_BITS]),
            .load_out(load_at[(r+1)*COLS+c]),
            .stationary_out(stationary_at[((r+1)*COLS+c)*STATIONARY_BITS+:STATIONARY_BITS]),
            .swap_in(swap_at[r*(COLS+1)+c]),
            .stream_in(stream_at[(r*(COLS+1)+c)*STREAM_BITS+:STREAM_BITS]),
            .swap_out(swap_at[r*(COLS+1)+c+1]),
            .stream_out(stream_at[(r*(COLS+1)+c+1)*STREAM_BITS+:STREAM_BITS]),
            .psum_in(psum_at[(r*COLS+c)*PSUM_BITS+:PSUM_BITS]),
            .sum(sum_at[(r*COLS+c)*PSUM_BITS+:PSUM_BITS]),
            .psum_out(psum_at[((r+1)*COLS+c)*PSUM_BITS+:PSUM_BITS])
        );
      end
    end
  endgenerate

endmodule
