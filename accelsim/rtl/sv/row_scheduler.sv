// Walks the rows of psums of an operation and says what each stage does with them, cycle by cycle.
//
// A row stays until the last stage has taken all of it. Each stage takes as many columns as it has lanes, as soon as
// the stage before has them; a pooling stage takes every position of the window first. A stage is busy in a cycle in
// which it begins another group of columns as wide as its lanes; behind a narrower stage, where columns come fewer at a
// time, it spends the other cycles waiting for the rest of a group.
module row_scheduler
  import machine::*;
#(
    parameter int COLS = 4,
    parameter int BN_LANES = 1,
    parameter int REQUANTIZE_LANES = 1,
    parameter int ADD_LANES = 1,
    parameter int POOL_LANES = 1,
    parameter int ACTIVATE_LANES = 1,
    parameter bit COLUMNS_ARE_PIXELS = 0
) (
    input  logic              clk,
    input  logic              working,
    input  logic              clear,    // the operation ends, or there is none
    input  drain_t            drain,
    output beat_t             beat,
    output logic [STAGES-1:0] busy
);
  localparam logic [STAGES-1:0][31:0] LANES = {
    32'(ACTIVATE_LANES), 32'(POOL_LANES), 32'(ADD_LANES), 32'(REQUANTIZE_LANES), 32'(BN_LANES)
  };

  logic [31:0] outer, start, row, position;
  logic [31:0] extent, columns, blocks;
  logic over, row_over, block_over, outer_over;
  logic [STAGES-1:0][31:0] taken, begun, now_taken, now_begun;

  always_comb begin
    logic [31:0] there, reached;
    reached = '0;
    extent = outer + 1 == drain.outer ? drain.last_extent : drain.extent;
    columns = extent - start < COLS ? extent - start : COLS;
    blocks = (drain.extent + COLS - 1) / COLS;

    there = columns;
    now_taken = taken;
    now_begun = begun;
    for (int s = 0; s < STAGES; s++) begin
      busy[s] = 0;
      if (drain.stages[s]) begin
        reached = there - taken[s] < LANES[s] ? there : taken[s] + LANES[s];
        if (s == 32'(POOL)) begin
          busy[s] = working && !over && taken[s] < there;
          if (position + 1 == drain.window_positions) now_taken[s] = reached;
        end else begin
          now_taken[s] = reached;
          if (reached > begun[s]) begin
            busy[s] = working && !over;
            now_begun[s] = begun[s] + LANES[s];
          end
        end
        there = now_taken[s];
      end
    end
    row_over = there == columns;
    block_over = row_over && row + 1 == drain.rows;
    outer_over = block_over && start + COLS >= extent;

    beat.valid = working && !over;
    beat.last = outer_over && outer + 1 == drain.outer;
    beat.row = (outer * blocks + start / COLS) * drain.rows + row;
    beat.pixel = COLUMNS_ARE_PIXELS ? start : row;
    beat.channel = COLUMNS_ARE_PIXELS ? outer * drain.rows + row : outer * drain.extent + start;
    beat.position = position;
    beat.window_first = position == 0;
    beat.from = taken;
    beat.to = now_taken;
  end

  always_ff @(posedge clk) begin
    if (clear) begin
      {outer, start, row, position} <= '0;
      {taken, begun} <= '0;
      over <= 0;
    end else if (working && !over) begin
      over <= beat.last;
      taken <= row_over ? '0 : now_taken;
      begun <= row_over ? '0 : now_begun;
      if (drain.stages[POOL] && taken[POOL] < columns)
        position <= position + 1 == drain.window_positions ? '0 : position + 1;
      if (row_over) begin
        row <= block_over ? '0 : row + 1;
        if (block_over) begin
          start <= outer_over ? '0 : start + COLS;
          if (outer_over) outer <= outer + 1;
        end
      end
    end
  end
endmodule
