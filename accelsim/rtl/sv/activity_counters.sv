// The account of one unit: cycles in which it was busy, and in which it was stalled, by cause.
module activity_counters
  import machine::*;
(
    input  logic                    clk,
    input  logic                    reset,
    input  logic                    busy,
    input  logic                    stalled,
    input  cause_t                  cause,
    input  logic [31:0]             settled,        // cycles whose cause is known only now
    input  cause_t                  settled_cause,
    output logic [CAUSES-1:0][31:0] cycles
);
  always_ff @(posedge clk) begin
    if (reset) cycles <= '0;
    else begin
      if (busy) cycles[BUSY] <= cycles[BUSY] + 1;
      else if (stalled) cycles[cause] <= cycles[cause] + 1;
      if (settled != 0) cycles[settled_cause] <= cycles[settled_cause] + settled;
    end
  end
endmodule
