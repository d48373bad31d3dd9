// When a unit starts its next operation: in the first cycle in which it is ready and all tokens are there, which is
// the first cycle of work. Until then it is stalled on the first token that is missing.
module operation_control
  import machine::*;
(
    input  logic    clk,
    input  logic    reset,
    input  logic    has_operation,
    input  tokens_t takes,
    input  tokens_t available,
    input  logic    ending,         // the last cycle of work
    output logic    ready,          // no operation is under way from an earlier cycle
    output logic    starting,       // the first cycle of work
    output logic    working,
    output logic    stalled,
    output cause_t  missing
);
  logic running;
  tokens_t lacking;
  assign ready = !reset && !running;
  assign lacking = takes & ~available;
  assign starting = ready && has_operation && lacking == '0;
  assign working = running || starting;
  assign stalled = ready && has_operation && lacking != '0;

  always_comb begin
    missing = '0;
    for (int t = TOKENS - 1; t >= 0; t--) if (lacking[t]) missing = cause_t'(t);
  end

  always_ff @(posedge clk) running <= !reset && working && !ending;
endmodule
