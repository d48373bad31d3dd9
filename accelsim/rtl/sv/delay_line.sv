// The same, some cycles later; with CYCLES = 0 a wire.
module delay_line #(
    parameter int WIDTH = 1,
    parameter int CYCLES = 1
) (
    input  logic             clk,
    input  logic             reset,
    input  logic [WIDTH-1:0] in,
    output logic [WIDTH-1:0] out
);
  generate
    if (CYCLES == 0) begin : g_wire
      assign out = in;
      logic unused;
      assign unused = clk ^ reset;
    end else begin : g_line
      logic [CYCLES*WIDTH-1:0] registers;
      always_ff @(posedge clk) begin
        if (reset) registers <= '0;
        else registers <= (CYCLES * WIDTH)'({registers, in});
      end
      assign out = registers[(CYCLES-1)*WIDTH+:WIDTH];
    end
  endgenerate
endmodule
