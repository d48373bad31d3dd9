// The accounts of the stages of the post-pipeline. Which stage was the narrowest, and so held the others up, is known
// when an operation is over; until then the cycles in which they waited for it are not settled.
module stage_accounts
  import machine::*;
(
    input  logic                                clk,
    input  logic                                reset,
    input  logic                                load,           // an operation of the program ...
    input  logic [STAGES-1:0]                   load_stages,    // ... and the stages it needs
    input  logic                                working,
    input  logic                                ending,
    input  logic                                stalled,
    input  cause_t                              missing,
    input  logic [STAGES-1:0]                   needed,         // stages that take part in the operation under way
    input  logic                                feeding,        // rows enter; else the pipeline runs empty
    input  logic [STAGES-1:0]                   busy,
    output logic [STAGES-1:0][CAUSES-1:0][31:0] cycles
);
  logic [STAGES-1:0][31:0] left;  // operations, the one under way included
  logic [STAGES-1:0][31:0] was_busy, now_busy;
  logic [31:0] fed, now_fed, most;
  cause_t narrowest;

  initial left = '0;

  always_comb begin
    now_fed = fed + 32'(feeding);
    for (int s = 0; s < STAGES; s++) now_busy[s] = was_busy[s] + 32'(busy[s]);
    narrowest = cause_t'(ON_BN_STAGE);
    most = '0;
    for (int s = 0; s < STAGES; s++) begin
      if (needed[s] && now_busy[s] > most) begin
        most = now_busy[s];
        narrowest = cause_t'(ON_BN_STAGE + s);
      end
    end
  end

  always_ff @(posedge clk) begin
    was_busy <= reset || ending ? '0 : now_busy;
    fed <= reset || ending ? '0 : now_fed;
    for (int s = 0; s < STAGES; s++) begin
      if (load) left[s] <= left[s] + 32'(load_stages[s]);
      else if (ending) left[s] <= left[s] - 32'(needed[s]);
    end
  end

  generate
    for (genvar s = 0; s < STAGES; s++) begin : g_stage
      logic waits;
      cause_t cause;
      always_comb begin
        waits = left[s] != 0 && (stalled || (working && !(needed[s] && feeding)));
        cause = stalled ? missing : cause_t'(needed[s] ? ON_PIPELINE_LATENCY : ON_POST_PIPELINE);
      end
      activity_counters account (
          .clk, .reset, .busy(busy[s]), .stalled(waits), .cause,
          .settled(ending && needed[s] ? now_fed - now_busy[s] : '0), .settled_cause(narrowest), .cycles(cycles[s])
      );
    end
  endgenerate
endmodule
