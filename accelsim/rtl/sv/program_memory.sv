// The operations of one unit, loaded before it starts.
module program_memory #(
    parameter int WIDTH = 32,
    parameter int DEPTH = 1024
) (
    input  logic             clk,
    input  logic             load,
    input  logic [WIDTH-1:0] load_data,
    input  logic             reset,
    input  logic             next,           // the current operation ends
    output logic             has_operation,
    output logic [WIDTH-1:0] operation
);
  logic [WIDTH-1:0] memory[DEPTH];
  logic [31:0] count;
  logic [31:0] index;
  initial count = '0;
  assign has_operation = index < count;
  assign operation = memory[index[$clog2(DEPTH)-1:0]];

  always_ff @(posedge clk) begin
    if (load) begin
      memory[count[$clog2(DEPTH)-1:0]] <= load_data;
      count <= count + 1;
    end
    index <= reset ? '0 : index + 32'(next);
  end
endmodule
