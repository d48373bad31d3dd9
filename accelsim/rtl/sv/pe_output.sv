// Processing element of an output-stationary array: both operands stream past, the psum stays until it is complete.
module pe_output #(
    parameter int LEFT_BITS = 8,
    parameter int TOP_BITS = 8,
    parameter int PSUM_BITS = 32
) (
    input  logic                        clk,
    // from left to right
    input  logic                        first_in,
    input  logic                        last_in,
    input  logic signed [LEFT_BITS-1:0] left_in,
    output logic                        first_out,
    output logic                        last_out,
    output logic signed [LEFT_BITS-1:0] left_out,
    // from above to below
    input  logic signed [TOP_BITS-1:0]  top_in,
    output logic signed [TOP_BITS-1:0]  top_out,
    // onto the column's bus as it is complete, else 0
    output logic signed [PSUM_BITS-1:0] result
);
  logic signed [PSUM_BITS-1:0] psum, sum;
  logic signed [LEFT_BITS+TOP_BITS-1:0] product;
  assign product = left_in * top_in;
  assign sum = (first_in ? '0 : psum) + PSUM_BITS'(product);
  assign result = last_in ? sum : '0;

  always_ff @(posedge clk) begin
    psum <= sum;
    first_out <= first_in;
    last_out <= last_in;
    left_out <= left_in;
    top_out <= top_in;
  end
endmodule
