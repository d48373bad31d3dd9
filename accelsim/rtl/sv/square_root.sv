// Integer square root, rounded down: one bit of the root after another, from the top.
module square_root #(
    parameter int WIDTH = 34  // even
) (
    input  logic [WIDTH-1:0] square,
    output logic [WIDTH-1:0] result
);
  always_comb begin
    logic [WIDTH-1:0] rest, one;
    rest = square;
    result = '0;
    for (int bit_pair = WIDTH / 2 - 1; bit_pair >= 0; bit_pair--) begin
      one = WIDTH'(1) << (2 * bit_pair);
      if (rest >= result + one) begin
        rest = rest - (result + one);
        result = (result >> 1) + one;
      end else begin
        result = result >> 1;
      end
    end
  end
endmodule
