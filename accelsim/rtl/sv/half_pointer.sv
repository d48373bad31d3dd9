// Which half of a buffer a unit works on: they are used in turn, and taking the half's token moves on to the next.
module half_pointer (
    input  logic        clk,
    input  logic        reset,
    input  logic [31:0] halves,
    input  logic        advance,
    output logic [31:0] half
);
  logic [31:0] last;

  always_comb begin
    half = last;
    if (advance) half = last + 1 == halves ? '0 : last + 1;
  end

  always_ff @(posedge clk) last <= reset ? halves - 1 : half;
endmodule
