// Output-stationary systolic array. Both operands come skewed; each PE's result leaves as it is complete, over one bus
// per column, on which no two results ever meet.
module array_output #(
    parameter int ROWS = 4,
    parameter int COLS = 4,
    parameter int LEFT_BITS = 8,
    parameter int TOP_BITS = 8,
    parameter int PSUM_BITS = 32
) (
    input  logic                      clk,
    input  logic [ROWS-1:0]           first,
    input  logic [ROWS-1:0]           last,
    input  logic [ROWS*LEFT_BITS-1:0] left,
    input  logic [COLS*TOP_BITS-1:0]  top,
    output logic [COLS*PSUM_BITS-1:0] psums
);
  logic [ROWS*(COLS+1)-1:0]           first_at, last_at;
  logic [ROWS*(COLS+1)*LEFT_BITS-1:0] left_at;
  logic [(ROWS+1)*COLS*TOP_BITS-1:0]  top_at;
  logic [ROWS*COLS*PSUM_BITS-1:0]     result_at;

  generate
    for (genvar r = 0; r < ROWS; r++) begin : g_left
      assign first_at[r*(COLS+1)] = first[r];
      assign last_at[r*(COLS+1)] = last[r];
      assign left_at[r*(COLS+1)*LEFT_BITS+:LEFT_BITS] = left[r*LEFT_BITS+:LEFT_BITS];
    end
    for (genvar c = 0; c < COLS; c++) begin : g_top
      assign top_at[c*TOP_BITS+:TOP_BITS] = top[c*TOP_BITS+:TOP_BITS];
    end
    for (genvar r = 0; r < ROWS; r++) begin : g_row
      for (genvar c = 0; c < COLS; c++) begin : g_col
        pe_output #(LEFT_BITS, TOP_BITS, PSUM_BITS) pe (
            .clk,
            .first_in(first_at[r*(COLS+1)+c]),
            .last_in(last_at[r*(COLS+1)+c]),
            .left_in(left_at[(r*(COLS+1)+c)*LEFT_BITS+:LEFT_BITS]),
            .first_out(first_at[r*(COLS+1)+c+1]),
            .last_out(last_at[r*(COLS+1)+c+1]),
            .left_out(left_at[(r*(COLS+1)+c+1)*LEFT_BITS+:LEFT_BITS]),
            .top_in(top_at[(r*COLS+c)*TOP_BITS+:TOP_BITS]),
            .top_out(top_at[((r+1)*COLS+c)*TOP_BITS+:TOP_BITS]),
            .result(result_at[(r*COLS+c)*PSUM_BITS+:PSUM_BITS])
        );
      end
    end
  endgenerate

  always_comb begin
    psums = '0;
    for (int r = 0; r < ROWS; r++) psums |= result_at[r*COLS*PSUM_BITS+:COLS*PSUM_BITS];
  end

endmodule
