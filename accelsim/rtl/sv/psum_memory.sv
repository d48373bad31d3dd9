// Behavioural memory of the accumulator: a bank for each column of the array, read and written in one cycle. The array
// comes to each bank in its own row; what drains reads (and, in passes, writes) one row across all banks.
module psum_memory #(
    parameter int COLS = 4,
    parameter int PSUM_BITS = 32,
    parameter int DEPTH = 1024
) (
    input  logic                      clk,
    input  logic [COLS*32-1:0]        array_rows,
    output logic [COLS*PSUM_BITS-1:0] array_stored,
    input  logic [COLS-1:0]           array_write,
    input  logic [COLS*PSUM_BITS-1:0] array_sums,
    input  logic [31:0]               drain_row,
    output logic [COLS*PSUM_BITS-1:0] drain_psums,
    input  logic [COLS-1:0]           drain_write,
    input  logic [31:0]               drain_write_row,
    input  logic [COLS*PSUM_BITS-1:0] drain_results
);
  localparam int INDEX = $clog2(DEPTH);
  generate
    for (genvar c = 0; c < COLS; c++) begin : g_bank
      logic [PSUM_BITS-1:0] memory[DEPTH];
      assign array_stored[c*PSUM_BITS+:PSUM_BITS] = memory[INDEX'(array_rows[c*32+:32])];
      assign drain_psums[c*PSUM_BITS+:PSUM_BITS] = memory[INDEX'(drain_row)];
      always_ff @(posedge clk) begin
        if (array_write[c]) memory[INDEX'(array_rows[c*32+:32])] <= array_sums[c*PSUM_BITS+:PSUM_BITS];
        if (drain_write[c]) memory[INDEX'(drain_write_row)] <= drain_results[c*PSUM_BITS+:PSUM_BITS];
      end
    end
  endgenerate
endmodule
