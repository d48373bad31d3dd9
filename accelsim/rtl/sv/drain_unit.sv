// What lies behind the array. As post-pipeline it drains a tile through all the stages that the tile needs at once. As
// function unit (FUNCTION_UNIT) it does one thing at a time: it accumulates together with the array, then makes a pass
// over the tile for each stage.
module drain_unit
  import machine::*;
#(
    parameter int DEPTH = 1024,
    parameter int COLS = 4,
    parameter int PSUM_BITS = 32,
    parameter int OPERAND_BITS = 8,
    parameter int PARAMETER_BITS = 32,
    parameter bit FUNCTION_UNIT = 0,
    parameter bit HAS_BN = 1,
    parameter bit BN_RAW = 0,
    parameter int BN_LANES = 1,
    parameter int BN_LATENCY = 0,
    parameter bit HAS_REQUANTIZER = 0,
    parameter int REQUANTIZE_LANES = 1,
    parameter int REQUANTIZE_LATENCY = 0,
    parameter int ADD_LANES = 1,
    parameter int ADD_LATENCY = 0,
    parameter int POOL_LANES = 1,
    parameter int POOL_LATENCY = 0,
    parameter int ACTIVATE_LANES = 1,
    parameter int ACTIVATE_LATENCY = 0,
    parameter bit COLUMNS_ARE_PIXELS = 0,
    parameter int BN_WORDS = BN_RAW ? 4 : 2
) (
    input  logic                                clk,
    input  logic                                reset,
    input  settings_t                           settings,
    input  logic                                load,
    input  logic              [$bits(drain_t)-1:0] load_data,
    input  tokens_t                             available,
    output tokens_t                             taken,
    output tokens_t                             given,
    output logic                                working,
    output logic                                has_operation,
    output logic [STAGES-1:0][CAUSES-1:0][31:0] stage_cycles,
    output logic [CAUSES-1:0][31:0]             function_unit_cycles,
    input  logic [31:0]                         ifmap_half,
    input  logic                                parameter_half_passed,
    // the array, for a function unit
    output logic                                function_unit_ready,
    input  logic                                array_starting,
    input  logic                                array_ending,
    input  logic                                array_fold_begins,
    input  logic                                array_row,        // leaves its first column
    // buffers
    output logic [COLS*32-1:0]                  ifmap_addresses,
    input  logic [COLS*64-1:0]                  ifmap_data,
    output logic [BN_LANES*BN_WORDS*32-1:0]     bn_addresses,
    input  logic [BN_LANES*BN_WORDS*64-1:0]     bn_data,
    output logic [REQUANTIZE_LANES*32-1:0]      multiplier_addresses,
    input  logic [REQUANTIZE_LANES*64-1:0]      multiplier_data,
    output logic [ADD_LANES*32-1:0]             residual_addresses,
    input  logic [ADD_LANES*64-1:0]             residual_data,
    output logic [ACTIVATE_LANES-1:0]           ofmap_write,
    output logic [ACTIVATE_LANES*32-1:0]        ofmap_addresses,
    output logic [ACTIVATE_LANES*64-1:0]        ofmap_data,
    output logic [31:0]                         ofmap_bits,
    // accumulator
    output logic [31:0]                         psum_row,
    input  logic [COLS*PSUM_BITS-1:0]           psum_data,
    output logic [COLS-1:0]                     psum_write,
    output logic [31:0]                         psum_write_row,
    output logic [COLS*PSUM_BITS-1:0]           psum_results
);
  drain_t drain;
  logic ready, starting, ending, stalled, accumulates, over;
  cause_t missing;
  tokens_t present;
  beat_t beat;
  logic [STAGES-1:0] busy;

  program_memory #($bits(drain_t), DEPTH) drains (
      .clk, .load, .load_data, .reset, .next(ending), .has_operation, .operation(drain)
  );
  assign accumulates = FUNCTION_UNIT && drain.stages[STAGES-1:0] == '0;

  always_comb begin
    present = available;
    present[ARRAY_STREAM] = array_starting;
  end
  operation_control control (
      .clk, .reset, .has_operation, .takes(drain.takes[TOKENS-1:0]), .available(present), .ending,
      .ready, .starting, .working, .stalled, .missing
  );
  always_comb begin
    taken = starting ? drain.takes[TOKENS-1:0] : '0;
    taken[ARRAY_STREAM] = 0;  // a wire, nothing to be counted
  end
  assign given = ending ? drain.gives[TOKENS-1:0] : '0;
  assign function_unit_ready = has_operation && accumulates && ready;

  // The halves that the operation works on.
  logic [31:0] parameter_half, residual_half, ofmap_half, accumulator_half;
  // A half of parameters that the array gives back holds no words but biases: it is passed over.
  half_pointer parameters (
      .clk, .reset, .halves(settings.halves[PARAMETER]), .advance(taken[PARAMETER_FULL] || parameter_half_passed),
      .half(parameter_half)
  );
  half_pointer residual (
      .clk, .reset, .halves(settings.halves[RESIDUAL]), .advance(taken[RESIDUAL_FULL]), .half(residual_half)
  );
  half_pointer ofmap (
      .clk, .reset, .halves(settings.halves[OFMAP]), .advance(taken[OFMAP_FREE]), .half(ofmap_half)
  );
  half_pointer accumulator (
      .clk, .reset, .halves(settings.accumulator_halves), .advance(taken[ACCUMULATOR_FULL]), .half(accumulator_half)
  );

  row_scheduler #(
      COLS, BN_LANES, REQUANTIZE_LANES, ADD_LANES, POOL_LANES, ACTIVATE_LANES, COLUMNS_ARE_PIXELS
  ) scheduler (
      .clk, .working(working && !accumulates), .clear(reset || ending), .drain, .beat, .busy
  );

  drain_datapath #(
      COLS, PSUM_BITS, OPERAND_BITS, PARAMETER_BITS, HAS_BN, BN_RAW, BN_LANES, BN_LATENCY, HAS_REQUANTIZER,
      REQUANTIZE_LANES, REQUANTIZE_LATENCY, ADD_LANES, ADD_LATENCY, POOL_LANES, POOL_LATENCY, ACTIVATE_LANES,
      ACTIVATE_LATENCY, COLUMNS_ARE_PIXELS
  ) datapath (
      .clk, .reset, .settings, .drain, .beat, .over, .ifmap_half, .parameter_half, .residual_half, .ofmap_half,
      .accumulator_half, .ifmap_addresses, .ifmap_data, .bn_addresses, .bn_data, .multiplier_addresses,
      .multiplier_data, .residual_addresses, .residual_data, .ofmap_write, .ofmap_addresses, .ofmap_data, .psum_row,
      .psum_data, .psum_write, .psum_write_row, .psum_results
  );
  assign ofmap_bits = drain.ofmap.bits;

  generate
    if (FUNCTION_UNIT) begin : g_function_unit
      // A pass ends as its results have passed the write-back, flush_cycles behind the last row.
      logic [31:0] flushing;
      assign ending = accumulates ? working && array_ending
          : settings.flush_cycles == 0 ? over : flushing == 1;
      always_ff @(posedge clk) begin
        if (reset) flushing <= '0;
        else if (over) flushing <= settings.flush_cycles;
        else if (flushing != 0) flushing <= flushing - 1;
      end

      // While it accumulates it is busy with the rows that come, and flushes once a fold in cycles in which none comes.
      logic [31:0] to_flush, left_to_flush;
      logic flushes, takes_row;
      assign takes_row = working && accumulates && array_row;
      assign to_flush = left_to_flush + (accumulates && array_fold_begins ? settings.flush_cycles : 0);
      assign flushes = working && accumulates && !array_row && to_flush != 0;
      always_ff @(posedge clk) left_to_flush <= reset ? '0 : to_flush - 32'(flushes);

      activity_counters account (
          .clk, .reset, .busy(working && (!accumulates || takes_row || flushes)),
          .stalled(stalled || (working && accumulates)), .cause(stalled ? missing : cause_t'(ON_CONV_ARRAY)),
          .settled('0), .settled_cause('0), .cycles(function_unit_cycles)
      );
      assign stage_cycles = '0;
      logic unused;
      assign unused = ^busy;
    end else begin : g_post_pipeline
      assign ending = over;
      stage_accounts accounts (
          .clk, .reset, .load, .load_stages(loaded.stages[STAGES-1:0]), .working, .ending, .stalled, .missing,
          .needed(drain.stages[STAGES-1:0]), .feeding(beat.valid), .busy, .cycles(stage_cycles)
      );
      drain_t loaded;
      assign loaded = load_data;
      assign function_unit_cycles = '0;
      logic unused;
      assign unused = ^{array_ending, array_fold_begins, array_row, loaded};
    end
  endgenerate
endmodule
