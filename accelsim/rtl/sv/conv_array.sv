// The conv array: the systolic array, the sequencer that walks its folds, and the operands' way from the buffers.
//
// No counter says how long an operation takes. The last psum carries a mark, and when that has passed the last column
// the operation is over.
module conv_array
  import machine::*;
#(
    parameter int DEPTH = 1024,
    parameter int ROWS = 4,
    parameter int COLS = 4,
    parameter int DATAFLOW = WS,
    parameter bit SHADOW = 0,
    parameter int OPERAND_BITS = 8,
    parameter int WEIGHT_BITS = 8,
    parameter int PSUM_BITS = 32,
    parameter int PARAMETER_BITS = 32,
    parameter bit FUNCTION_UNIT = 0,
    parameter int IFMAP_PORTS = DATAFLOW == IS ? COLS : ROWS,
    parameter int WEIGHT_PORTS = DATAFLOW == IS ? ROWS : COLS
) (
    input  logic                         clk,
    input  logic                         reset,
    input  settings_t                    settings,
    input  logic                         load,
    input  logic      [$bits(product_t)-1:0] load_data,
    input  tokens_t                      available,
    input  logic                         function_unit_ready,
    input  logic [31:0]                  ifmap_half,
    output tokens_t                      taken,
    output tokens_t                      given,
    output logic                         starting,
    output logic                         ending,
    output logic                         working,
    output logic                         has_operation,
    output logic                         fold_begins,
    output logic [CAUSES-1:0][31:0]      cycles,
    // buffers
    output logic [IFMAP_PORTS*32-1:0]    ifmap_addresses,
    input  logic [IFMAP_PORTS*64-1:0]    ifmap_data,
    output logic [WEIGHT_PORTS*32-1:0]   weight_addresses,
    input  logic [WEIGHT_PORTS*64-1:0]   weight_data,
    output logic [COLS*32-1:0]           bias_addresses,
    input  logic [COLS*64-1:0]           bias_data,
    // accumulator
    output logic [COLS-1:0]              psum_valid,
    output logic [COLS-1:0]              psum_write,
    output logic [COLS*32-1:0]           psum_rows,
    output logic [COLS-1:0]              psum_initial,
    output logic [COLS*PSUM_BITS-1:0]    psum_bias,
    output logic [COLS*PSUM_BITS-1:0]    psums
);
  product_t product;
  logic stalled;
  cause_t missing;
  tokens_t present;

  program_memory #($bits(product_t), DEPTH) products (
      .clk, .load, .load_data, .reset, .next(ending), .has_operation, .operation(product)
  );

  always_comb begin
    present = available;
    present[FUNCTION_UNIT_READY] = FUNCTION_UNIT && function_unit_ready;
  end
  operation_control control (
      .clk, .reset, .has_operation, .takes(product.takes[TOKENS-1:0]), .available(present), .ending,
      .ready(), .starting, .working, .stalled, .missing
  );
  always_comb begin
    taken = starting ? product.takes[TOKENS-1:0] : '0;
    taken[FUNCTION_UNIT_READY] = 0;  // a wire, nothing to be counted
  end
  assign given = ending ? product.gives[TOKENS-1:0] : '0;

  // The halves that the operation works on.
  logic [31:0] weight_half, parameter_half, accumulator_half;
  half_pointer weight (
      .clk, .reset, .halves(settings.halves[WEIGHT]), .advance(taken[WEIGHT_FULL]), .half(weight_half)
  );
  half_pointer parameters (
      .clk, .reset, .halves(settings.halves[PARAMETER]), .advance(taken[BIAS_FULL]), .half(parameter_half)
  );
  half_pointer accumulator (
      .clk, .reset, .halves(settings.accumulator_halves), .advance(taken[ACCUMULATOR_FREE]), .half(accumulator_half)
  );

  // Vectors enter at the first row; each row sees them a cycle after the one above.
  preload_t preload;
  vector_t vector;
  logic array_empty;
  vector_t [ROWS-1:0] vectors;
  preload_t [COLS-1:0] preloads;
  tag_t [COLS-1:0] tags;

  fold_sequencer #(ROWS, COLS, DATAFLOW, SHADOW) sequencer (
      .clk, .working, .clear(reset || ending), .product, .array_empty, .preload, .vector, .fold_begins
  );

  generate
    assign vectors[0] = vector;
    for (genvar r = 1; r < ROWS; r++) begin : g_down
      always_ff @(posedge clk) vectors[r] <= reset ? '0 : vectors[r-1];
    end
    assign preloads[0] = preload;
    for (genvar c = 1; c < COLS; c++) begin : g_right
      if (SHADOW) begin : g_skewed
        always_ff @(posedge clk) preloads[c] <= reset ? '0 : preloads[c-1];
      end else begin : g_at_once
        assign preloads[c] = preload;
      end
      always_ff @(posedge clk) tags[c] <= reset ? '0 : tags[c-1];
    end
  endgenerate

  // Rows that vectors of earlier cycles have reached, and columns that their psums have; row and column 0 know themselves.
  logic [ROWS-1:0] rows_reached;
  logic [COLS-1:0] columns_reached;
  always_ff @(posedge clk) begin
    rows_reached <= reset ? '0 : ROWS'({rows_reached, vector.valid});
    columns_reached <= reset ? '0 : COLS'({columns_reached, tags[0].valid});
  end
  always_comb begin
    array_empty = 1;
    for (int r = 1; r < ROWS; r++) if (rows_reached[r-1]) array_empty = 0;
    for (int c = 1; c < COLS; c++) if (columns_reached[c-1]) array_empty = 0;
  end

  // The operands.
  localparam int LEFT_BITS = DATAFLOW == IS ? WEIGHT_BITS : OPERAND_BITS;
  localparam int TOP_BITS = DATAFLOW == IS ? OPERAND_BITS : WEIGHT_BITS;
  logic [ROWS*LEFT_BITS-1:0] left;
  logic [COLS*TOP_BITS-1:0] top;
  logic [31:0] ifmap_base, weight_base;
  assign ifmap_base = ifmap_half * settings.half_bytes[IFMAP] * 8;
  assign weight_base = weight_half * settings.half_bytes[WEIGHT] * 8;

  generate
    for (genvar r = 0; r < ROWS; r++) begin : g_left
      logic [31:0] address;
      logic used;
      if (DATAFLOW == IS) begin : g_weight
        weight_side #(DATAFLOW, WEIGHT_BITS) side (
            .product, .fold(vectors[r].fold), .index(vectors[r].index),
            .place(vectors[r].fold.row_block * ROWS + r), .address, .used
        );
        assign weight_addresses[r*32+:32] = weight_base + address;
        assign left[r*LEFT_BITS+:LEFT_BITS] = used ? weight_data[r*64+:LEFT_BITS] : '0;
      end else begin : g_ifmap
        ifmap_side #(DATAFLOW) side (
            .product, .fold(vectors[r].fold), .index(vectors[r].index),
            .place(vectors[r].fold.row_block * ROWS + r), .address, .used
        );
        assign ifmap_addresses[r*32+:32] = ifmap_base + address;
        assign left[r*LEFT_BITS+:LEFT_BITS] = used ? ifmap_data[r*64+:LEFT_BITS] : '0;
      end
    end
    for (genvar c = 0; c < COLS; c++) begin : g_top
      logic [31:0] address, index, place;
      fold_t fold;
      logic used;
      if (DATAFLOW == OS) begin : g_streamed
        // Weights stream in from above, skewed like the ifmap from the left: the same taps, a cycle later each column.
        vector_t here;
        if (c == 0) begin : g_first
          assign here = vector;
        end else begin : g_next
          always_ff @(posedge clk) here <= g_top[c-1].g_streamed.here;
        end
        assign index = here.index;
        assign fold = here.fold;
        logic unused_here;
        assign unused_here = ^here;
      end else begin : g_preloaded
        assign index = preloads[c].fold.row_block * ROWS + preloads[c].row;
        assign fold = preloads[c].fold;
      end
      assign place = fold.column_block * COLS + c;
      if (DATAFLOW == IS) begin : g_ifmap
        ifmap_side #(DATAFLOW) side (.product, .fold, .index, .place, .address, .used);
        assign ifmap_addresses[c*32+:32] = ifmap_base + address;
        assign top[c*TOP_BITS+:TOP_BITS] = used ? ifmap_data[c*64+:TOP_BITS] : '0;
      end else begin : g_weight
        weight_side #(DATAFLOW, WEIGHT_BITS) side (.product, .fold, .index, .place, .address, .used);
        assign weight_addresses[c*32+:32] = weight_base + address;
        assign top[c*TOP_BITS+:TOP_BITS] = used ? weight_data[c*64+:TOP_BITS] : '0;
      end
    end
  endgenerate

  // The array, and the tags that go along with its psums from the first column to the last.
  logic [ROWS-1:0] first_vector, last_vector;
  always_comb begin
    for (int r = 0; r < ROWS; r++) begin
      first_vector[r] = vectors[r].valid && vectors[r].first;
      last_vector[r] = vectors[r].valid && vectors[r].last;
    end
  end

  logic tag_valid, tag_last;
  logic [31:0] tag_index;
  fold_t tag_fold;
  generate
    if (DATAFLOW == OS) begin : g_output
      array_output #(ROWS, COLS, LEFT_BITS, TOP_BITS, PSUM_BITS) array (
          .clk, .first(first_vector), .last(last_vector), .left, .top, .psums
      );
      // A row's result is complete as the last vector passes it.
      always_comb begin
        tag_valid = |last_vector;
        tag_last = last_vector[ROWS-1];
        tag_index = '0;
        tag_fold = '0;
        for (int r = 0; r < ROWS; r++) begin
          if (last_vector[r]) begin
            tag_index = r;
            tag_fold = vectors[r].fold;
          end
        end
      end
      logic unused;
      assign unused = ^preloads;
    end else begin : g_stationary
      logic [COLS-1:0] shift;
      always_comb for (int c = 0; c < COLS; c++) shift[c] = preloads[c].valid;
      array_stationary #(ROWS, COLS, TOP_BITS, LEFT_BITS, PSUM_BITS, SHADOW) array (
          .clk, .load(shift), .stationary(top), .swap(first_vector), .stream(left), .psums
      );
      assign tag_valid = vectors[ROWS-1].valid;
      assign tag_last = last_vector[ROWS-1];
      assign tag_index = vectors[ROWS-1].index;
      assign tag_fold = vectors[ROWS-1].fold;
    end
  endgenerate
  psum_tag #(ROWS, COLS, DATAFLOW) first_tag (
      .product, .valid(tag_valid), .fold(tag_fold), .last(tag_last), .index(tag_index), .tag(tags[0])
  );
  assign ending = working && tags[COLS-1].valid && tags[COLS-1].last;

  // To the accumulator.
  always_comb begin
    for (int c = 0; c < COLS; c++) begin
      psum_valid[c] = tags[c].valid;
      psum_write[c] = tags[c].valid && tags[c].keep && c < tags[c].columns;
      psum_rows[c*32+:32] = accumulator_half * settings.accumulator_rows + tags[c].row;
      psum_initial[c] = tags[c].initial_sum;
      bias_addresses[c*32+:32] = parameter_half * settings.half_bytes[PARAMETER] * 8
          + (product.bias_channel + tags[c].channel + (DATAFLOW == IS ? 0 : c)) * product.parameter_words
          * PARAMETER_BITS;
      psum_bias[c*PSUM_BITS+:PSUM_BITS] =
          product.has_bias[0] ? PSUM_BITS'($signed(bias_data[c*64+:PARAMETER_BITS])) : '0;
    end
  end

  activity_counters account (
      .clk, .reset, .busy(working), .stalled, .cause(missing), .settled('0), .settled_cause('0), .cycles
  );
endmodule
