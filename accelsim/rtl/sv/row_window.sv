// Up to LANES neighbouring psums of a row, from a column on.
module row_window #(
    parameter int COLS = 4,
    parameter int LANES = 1,
    parameter int WIDTH = 32
) (
    input  logic [COLS*WIDTH-1:0]  row,
    input  logic [31:0]            from,
    output logic [LANES*WIDTH-1:0] lanes
);
  logic [(COLS+LANES)*WIDTH-1:0] shifted;
  assign shifted = {{(LANES * WIDTH) {1'b0}}, row} >> (from * WIDTH);
  assign lanes = shifted[LANES*WIDTH-1:0];endmodule
