// The reference machine of docs/microarchitecture.md.
//
// Its program is loaded through one port while it is held in reset, an operation a cycle; what is not built into it comes
// the same way. The memory is outside.
module accelerator
  import machine::*;
#(
    parameter int ROWS = 4,
    parameter int COLS = 4,
    parameter int DATAFLOW = WS,
    parameter bit SHADOW = 0,
    parameter int OPERAND_BITS = 8,
    parameter int WEIGHT_BITS = 8,
    parameter int PSUM_BITS = 32,
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
    parameter int BUFFER_BYTES = 8192,
    parameter int PSUM_ROWS = 65536,
    parameter int OPERATIONS = 4096,
    parameter int BEAT_BYTES = 64,
    parameter int LOAD_WORDS = ($bits(drain_t) + 31) / 32
) (
    input  logic                       clk,
    input  logic                       reset,
    // program
    input  logic                       load,
    input  logic [1:0]                 load_unit,       // DMA, conv array, drain unit, settings
    input  logic [LOAD_WORDS*32-1:0]   load_data,
    // memory
    output logic                       burst,
    output logic                       burst_write,
    output logic [31:0]                burst_address,
    output logic [31:0]                burst_bytes,
    output logic                       burst_final,
    output logic [31:0]                beat_target,
    output logic [31:0]                beat_address,
    output logic [31:0]                beat_gives,
    output logic [BEAT_BYTES*8-1:0]    write_data,
    output logic [BEAT_BYTES*8-1:0]    write_mask,
    input  logic [31:0]                beat_bytes,
    input  logic                       burst_done,
    input  logic [31:0]                return_bytes,
    input  logic [31:0]                return_target,
    input  logic [31:0]                return_address,
    input  logic [31:0]                return_gives,
    input  logic [BEAT_BYTES*8-1:0]    return_data,
    // what it does
    output logic                       working,         // an operation is under way
    output logic                       operations_left,
    input  logic [2:0]                 account,
    output logic [CAUSES*32-1:0]       account_cycles
);
  localparam int IFMAP_PORTS = DATAFLOW == IS ? COLS : ROWS;
  localparam int WEIGHT_PORTS = DATAFLOW == IS ? ROWS : COLS;
  localparam int BN_PORTS = BN_LANES * (BN_RAW ? 4 : 2);
  localparam int PARAMETER_PORTS = COLS + BN_PORTS + REQUANTIZE_LANES;

  settings_t settings;
  always_ff @(posedge clk) if (load && load_unit == 3) settings <= load_data[$bits(settings_t)-1:0];

  // Tokens.
  tokens_t available, taken_by_dma, taken_by_array, taken_by_drain;
  tokens_t given_by_dma, given_by_reads, given_by_array, given_by_drain;
  assign given_by_reads = return_gives[TOKENS-1:0];
  token_counters tokens (
      .clk, .reset, .settings, .taken_by_dma, .taken_by_array, .taken_by_drain, .given_by_dma, .given_by_reads,
      .given_by_array, .given_by_drain, .available
  );

  // Buffers.
  logic [(IFMAP_PORTS+COLS)*32-1:0] ifmap_addresses;
  logic [(IFMAP_PORTS+COLS)*64-1:0] ifmap_data;
  logic [WEIGHT_PORTS*32-1:0] weight_addresses;
  logic [WEIGHT_PORTS*64-1:0] weight_data;
  logic [PARAMETER_PORTS*32-1:0] parameter_addresses;
  logic [PARAMETER_PORTS*64-1:0] parameter_data;
  logic [ADD_LANES*32-1:0] residual_addresses;
  logic [ADD_LANES*64-1:0] residual_data;
  logic [ACTIVATE_LANES-1:0] ofmap_write;
  logic [ACTIVATE_LANES*32-1:0] ofmap_addresses;
  logic [ACTIVATE_LANES*64-1:0] ofmap_data;
  logic [31:0] ofmap_bits, ofmap_read_address;
  logic [BEAT_BYTES*8-1:0] ofmap_read_data;

  sram_buffer #(BUFFER_BYTES, IFMAP_PORTS + COLS, BEAT_BYTES) ifmap (
      .clk, .fill_bytes(return_target == 32'(IFMAP) ? return_bytes : 0), .fill_address(return_address),
      .fill_data(return_data), .addresses(ifmap_addresses), .data(ifmap_data)
  );
  sram_buffer #(BUFFER_BYTES, WEIGHT_PORTS, BEAT_BYTES) weight (
      .clk, .fill_bytes(return_target == 32'(WEIGHT) ? return_bytes : 0), .fill_address(return_address),
      .fill_data(return_data), .addresses(weight_addresses), .data(weight_data)
  );
  sram_buffer #(BUFFER_BYTES, PARAMETER_PORTS, BEAT_BYTES) parameters (
      .clk, .fill_bytes(return_target == 32'(PARAMETER) ? return_bytes : 0), .fill_address(return_address),
      .fill_data(return_data), .addresses(parameter_addresses), .data(parameter_data)
  );
  sram_buffer #(BUFFER_BYTES, ADD_LANES, BEAT_BYTES) residual (
      .clk, .fill_bytes(return_target == 32'(RESIDUAL) ? return_bytes : 0), .fill_address(return_address),
      .fill_data(return_data), .addresses(residual_addresses), .data(residual_data)
  );
  ofmap_buffer #(BUFFER_BYTES, ACTIVATE_LANES, BEAT_BYTES) ofmap (
      .clk, .write(ofmap_write), .addresses(ofmap_addresses), .data(ofmap_data), .bits(ofmap_bits),
      .read_address(ofmap_read_address), .read_data(ofmap_read_data)
  );

  // The ifmap half in use: by the array or by what drains, never by both.
  logic [31:0] ifmap_half;
  half_pointer ifmap_pointer (
      .clk, .reset, .halves(settings.halves[IFMAP]),
      .advance(taken_by_array[IFMAP_FULL] || taken_by_drain[IFMAP_FULL]), .half(ifmap_half)
  );

  // DMA.
  logic dma_working, dma_left;
  logic [CAUSES-1:0][31:0] dma_cycles;
  tokens_t gives;
  assign beat_gives = 32'(gives);
  dma #(OPERATIONS, BEAT_BYTES) dma_engine (
      .clk, .reset, .settings, .load(load && load_unit == 0), .load_data(load_data[$bits(transfer_t)-1:0]),
      .available, .taken(taken_by_dma), .given(given_by_dma), .working(dma_working), .has_operation(dma_left),
      .cycles(dma_cycles), .burst, .burst_write, .burst_address, .burst_bytes, .burst_final, .beat_target,
      .beat_address, .beat_gives(gives), .write_data, .write_mask, .beat_bytes, .burst_done,
      .ofmap_address(ofmap_read_address), .ofmap_data(ofmap_read_data)
  );

  // Conv array.
  logic array_working, array_left, array_starting, array_ending, fold_begins, function_unit_ready;
  logic [CAUSES-1:0][31:0] array_cycles;
  logic [COLS-1:0] psum_valid, psum_keep, psum_initial;
  logic [COLS*32-1:0] psum_rows;
  logic [COLS*PSUM_BITS-1:0] psum_bias, psums;
  conv_array #(
      OPERATIONS, ROWS, COLS, DATAFLOW, SHADOW, OPERAND_BITS, WEIGHT_BITS, PSUM_BITS, PARAMETER_BITS,
      FUNCTION_UNIT
  ) array (
      .clk, .reset, .settings, .load(load && load_unit == 1), .load_data(load_data[$bits(product_t)-1:0]),
      .available, .function_unit_ready, .ifmap_half, .taken(taken_by_array), .given(given_by_array), .starting(array_starting),
      .ending(array_ending), .working(array_working), .has_operation(array_left), .fold_begins,
      .cycles(array_cycles),
      .ifmap_addresses(ifmap_addresses[IFMAP_PORTS*32-1:0]), .ifmap_data(ifmap_data[IFMAP_PORTS*64-1:0]),
      .weight_addresses, .weight_data,
      .bias_addresses(parameter_addresses[COLS*32-1:0]), .bias_data(parameter_data[COLS*64-1:0]),
      .psum_valid, .psum_write(psum_keep), .psum_rows, .psum_initial, .psum_bias, .psums
  );

  // Accumulator.
  logic [COLS*PSUM_BITS-1:0] stored, sums, drain_psums, drain_results;
  logic [31:0] drain_row, drain_write_row;
  logic [COLS-1:0] drain_write;
  accumulator #(COLS, PSUM_BITS) adders (.initial_sum(psum_initial), .bias(psum_bias), .stored, .psums, .sums);
  psum_memory #(COLS, PSUM_BITS, PSUM_ROWS) psum_banks (
      .clk, .array_rows(psum_rows), .array_stored(stored), .array_write(psum_keep), .array_sums(sums), .drain_row,
      .drain_psums, .drain_write, .drain_write_row, .drain_results
  );

  // Post-pipeline or function unit.
  logic drain_working, drain_left;
  logic [STAGES-1:0][CAUSES-1:0][31:0] stage_cycles;
  logic [CAUSES-1:0][31:0] function_unit_cycles;
  drain_unit #(
      OPERATIONS, COLS, PSUM_BITS, OPERAND_BITS, PARAMETER_BITS, FUNCTION_UNIT, HAS_BN, BN_RAW, BN_LANES, BN_LATENCY,
      HAS_REQUANTIZER, REQUANTIZE_LANES, REQUANTIZE_LATENCY, ADD_LANES, ADD_LATENCY, POOL_LANES, POOL_LATENCY,
      ACTIVATE_LANES, ACTIVATE_LATENCY, DATAFLOW == IS
  ) behind_array (
      .clk, .reset, .settings, .load(load && load_unit == 2), .load_data(load_data[$bits(drain_t)-1:0]),
      .available, .taken(taken_by_drain), .given(given_by_drain), .working(drain_working), .has_operation(drain_left),
      .stage_cycles, .function_unit_cycles, .ifmap_half,
      .parameter_half_passed(given_by_array[PARAMETER_FREE]), .function_unit_ready, .array_starting, .array_ending,
      .array_fold_begins(fold_begins), .array_row(psum_valid[0]),
      .ifmap_addresses(ifmap_addresses[IFMAP_PORTS*32+:COLS*32]), .ifmap_data(ifmap_data[IFMAP_PORTS*64+:COLS*64]),
      .bn_addresses(parameter_addresses[COLS*32+:BN_PORTS*32]), .bn_data(parameter_data[COLS*64+:BN_PORTS*64]),
      .multiplier_addresses(parameter_addresses[(COLS+BN_PORTS)*32+:REQUANTIZE_LANES*32]),
      .multiplier_data(parameter_data[(COLS+BN_PORTS)*64+:REQUANTIZE_LANES*64]),
      .residual_addresses, .residual_data, .ofmap_write, .ofmap_addresses, .ofmap_data, .ofmap_bits,
      .psum_row(drain_row), .psum_data(drain_psums), .psum_write(drain_write), .psum_write_row(drain_write_row),
      .psum_results(drain_results)
  );

  assign working = dma_working || array_working || drain_working;
  assign operations_left = dma_left || array_left || drain_left;
  always_comb begin
    case (account)
      0: account_cycles = dma_cycles;
      1: account_cycles = array_cycles;
      2: account_cycles = stage_cycles[BN];
      3: account_cycles = stage_cycles[REQUANTIZE];
      4: account_cycles = stage_cycles[ADD];
      5: account_cycles = stage_cycles[POOL];
      6: account_cycles = stage_cycles[ACTIVATE];
      default: account_cycles = function_unit_cycles;
    endcase
  end
endmodule
