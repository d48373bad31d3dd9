// A row of psums behind a stage: what the stage delivers in this cycle, and what it has delivered of the row before.
module row_register #(
    parameter int COLS = 4,
    parameter int LANES = 1,
    parameter int WIDTH = 32
) (
    input  logic                   clk,
    input  logic [LANES*WIDTH-1:0] lanes,
    input  logic [31:0]            from,
    input  logic [31:0]            to,
    output logic [COLS*WIDTH-1:0]  row
);
  logic [COLS*WIDTH-1:0] held;

  always_comb begin
    row = held;
    for (int l = 0; l < LANES; l++) begin
      if (from + l < to) row[(from+l)*WIDTH+:WIDTH] = lanes[l*WIDTH+:WIDTH];
    end
  end

  always_ff @(posedge clk) held <= row;
endmodule
