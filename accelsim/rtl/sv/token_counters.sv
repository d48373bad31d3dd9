// The counters by which units wait for one another. What is given at the end of a cycle can be taken in the next.
module token_counters
  import machine::*;
(
    input  logic      clk,
    input  logic      reset,
    input  settings_t settings,
    input  tokens_t   taken_by_dma,
    input  tokens_t   taken_by_array,
    input  tokens_t   taken_by_drain,
    input  tokens_t   given_by_dma,
    input  tokens_t   given_by_reads,
    input  tokens_t   given_by_array,
    input  tokens_t   given_by_drain,
    output tokens_t   available
);
  logic [TOKENS-1:0][31:0] count;
  logic [TOKENS-1:0][31:0] initially;

  always_comb begin
    initially = '0;
    initially[IFMAP_FREE] = settings.halves[IFMAP];
    initially[WEIGHT_FREE] = settings.halves[WEIGHT];
    initially[PARAMETER_FREE] = settings.halves[PARAMETER];
    initially[RESIDUAL_FREE] = settings.halves[RESIDUAL];
    initially[OFMAP_FREE] = settings.halves[OFMAP];
    initially[ACCUMULATOR_FREE] = settings.accumulator_halves;
    for (int t = 0; t < TOKENS; t++) available[t] = count[t] != 0;
  end

  always_ff @(posedge clk) begin
    for (int t = 0; t < TOKENS; t++) begin
      if (reset) count[t] <= initially[t];
      else
        count[t] <= count[t]
            + 32'(given_by_dma[t]) + 32'(given_by_reads[t]) + 32'(given_by_array[t]) + 32'(given_by_drain[t])
            - 32'(taken_by_dma[t]) - 32'(taken_by_array[t]) - 32'(taken_by_drain[t]);
    end
  end
endmodule
