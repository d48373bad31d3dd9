// The way of psums through BN stage, requantizer, residual add, pooling and activation to the ofmap buffer (or, where
// a function unit makes passes, back to the accumulator). Stages that an operation does not need are bypassed, at no
// cost.
module drain_datapath
  import machine::*;
#(
    parameter int COLS = 4,
    parameter int PSUM_BITS = 32,
    parameter int OPERAND_BITS = 8,
    parameter int PARAMETER_BITS = 32,
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
    input  logic                               clk,
    input  logic                               reset,
    input  settings_t                          settings,
    input  drain_t                             drain,
    input  beat_t                              beat,
    output logic                               over,              // the last beat has left the last stage
    // halves
    input  logic [31:0]                        ifmap_half,
    input  logic [31:0]                        parameter_half,
    input  logic [31:0]                        residual_half,
    input  logic [31:0]                        ofmap_half,
    input  logic [31:0]                        accumulator_half,
    // buffers
    output logic [COLS*32-1:0]                 ifmap_addresses,
    input  logic [COLS*64-1:0]                 ifmap_data,
    output logic [BN_LANES*BN_WORDS*32-1:0]    bn_addresses,
    input  logic [BN_LANES*BN_WORDS*64-1:0]    bn_data,
    output logic [REQUANTIZE_LANES*32-1:0]     multiplier_addresses,
    input  logic [REQUANTIZE_LANES*64-1:0]     multiplier_data,
    output logic [ADD_LANES*32-1:0]            residual_addresses,
    input  logic [ADD_LANES*64-1:0]            residual_data,
    output logic [ACTIVATE_LANES-1:0]          ofmap_write,
    output logic [ACTIVATE_LANES*32-1:0]       ofmap_addresses,
    output logic [ACTIVATE_LANES*64-1:0]       ofmap_data,
    // accumulator
    output logic [31:0]                        psum_row,
    input  logic [COLS*PSUM_BITS-1:0]          psum_data,
    output logic [COLS-1:0]                    psum_write,
    output logic [31:0]                        psum_write_row,
    output logic [COLS*PSUM_BITS-1:0]          psum_results
);
  localparam int BEAT = $bits(beat_t);
  localparam int ROW = COLS * PSUM_BITS;

  logic [31:0] accumulator_base;
  assign accumulator_base = drain.scratch[0] ? '0 : accumulator_half * settings.accumulator_rows;

  // Source: a row of the accumulator, or elements of the ifmap half.
  logic [ROW-1:0] source;
  logic [COLS-1:0] in_region;
  logic [ROW-1:0] streamed;
  assign psum_row = accumulator_base + beat.row;
  generate
    for (genvar c = 0; c < COLS; c++) begin : g_source
      logic [31:0] address;
      logic [63:0] raw;
      logic [5:0] spare;
      window_address where (
          .window(drain.source), .position(beat.pixel + (COLUMNS_ARE_PIXELS ? c : 0)),
          .plane(beat.channel + (COLUMNS_ARE_PIXELS ? 0 : c)), .offset(beat.position), .address, .in_region(in_region[c])
      );
      assign ifmap_addresses[c*32+:32] = ifmap_half * settings.half_bytes[IFMAP] * 8 + address;
      assign spare = 6'(64 - drain.source.bits);
      assign raw = ifmap_data[c*64+:64] << spare;
      assign streamed[c*PSUM_BITS+:PSUM_BITS] = PSUM_BITS'($signed(raw) >>> spare);
    end
  endgenerate
  assign source = drain.from_ifmap[0] ? streamed : psum_data;

  logic [31:0] words_base;
  assign words_base = parameter_half * settings.half_bytes[PARAMETER] * 8;

  // BN stage.
  beat_t beat_1;
  logic [ROW-1:0] row_1;
  generate
    if (HAS_BN) begin : g_bn
      beat_t delayed;
      logic [BN_LANES*PSUM_BITS-1:0] x, y;
      logic [BN_LANES*BN_WORDS*PARAMETER_BITS-1:0] words;
      logic [ROW-1:0] row;
      always_comb begin
        for (int l = 0; l < BN_LANES; l++) begin
          for (int w = 0; w < BN_WORDS; w++) begin
            logic [31:0] channel;
            channel = beat.channel + (COLUMNS_ARE_PIXELS ? 0 : beat.from[BN] + l);
            bn_addresses[(l*BN_WORDS+w)*32+:32] = words_base + PARAMETER_BITS
                * ((drain.parameter_channel + channel) * drain.parameter_words + drain.stage_word + w);
            words[(l*BN_WORDS+w)*PARAMETER_BITS+:PARAMETER_BITS] = bn_data[(l*BN_WORDS+w)*64+:PARAMETER_BITS];
          end
        end
      end
      row_window #(COLS, BN_LANES, PSUM_BITS) window (.row(source), .from(beat.from[BN]), .lanes(x));
      bn_stage #(BN_LANES, BN_LATENCY, PSUM_BITS, PARAMETER_BITS, BN_RAW) stage (.clk, .reset, .x, .words, .y);
      delay_line #(BEAT, BN_LATENCY) line (.clk, .reset, .in(beat & {BEAT{drain.stages[BN]}}), .out(delayed));
      row_register #(COLS, BN_LANES, PSUM_BITS) register (
          .clk, .lanes(y), .from(delayed.from[BN]), .to(delayed.to[BN]), .row
      );
      assign beat_1 = drain.stages[BN] ? delayed : beat;
      assign row_1 = drain.stages[BN] ? row : source;
    end else begin : g_no_bn
      assign beat_1 = beat;
      assign row_1 = source;
      assign bn_addresses = '0;
      logic unused;
      assign unused = ^bn_data;
    end
  endgenerate

  // Requantizer: its multipliers come from the parameter buffer, or all are the one of the operation.
  beat_t beat_2;
  logic [ROW-1:0] row_2;
  generate
    if (HAS_REQUANTIZER) begin : g_requantizer
      beat_t delayed;
      logic [REQUANTIZE_LANES*PSUM_BITS-1:0] x, y;
      logic [REQUANTIZE_LANES*PARAMETER_BITS-1:0] multipliers;
      logic [63:0] shared;
      logic [ROW-1:0] row;
      assign shared = {drain.multiplier_high, drain.multiplier_low};
      always_comb begin
        for (int l = 0; l < REQUANTIZE_LANES; l++) begin
          logic [31:0] channel;
          channel = beat_1.channel + (COLUMNS_ARE_PIXELS ? 0 : beat_1.from[REQUANTIZE] + l);
          multiplier_addresses[l*32+:32] = words_base + PARAMETER_BITS
              * ((drain.parameter_channel + channel) * drain.parameter_words + drain.stage_word);
          multipliers[l*PARAMETER_BITS+:PARAMETER_BITS] = drain.has_multipliers[0]
              ? multiplier_data[l*64+:PARAMETER_BITS] : shared[PARAMETER_BITS-1:0];
        end
      end
      row_window #(COLS, REQUANTIZE_LANES, PSUM_BITS) window (.row(row_1), .from(beat_1.from[REQUANTIZE]), .lanes(x));
      requantizer #(REQUANTIZE_LANES, REQUANTIZE_LATENCY, PSUM_BITS, PARAMETER_BITS) stage (
          .clk, .reset, .bits(drain.ofmap.bits[6:0]), .x, .multipliers, .y
      );
      delay_line #(BEAT, REQUANTIZE_LATENCY) line (
          .clk, .reset, .in(beat_1 & {BEAT{drain.stages[REQUANTIZE]}}), .out(delayed)
      );
      row_register #(COLS, REQUANTIZE_LANES, PSUM_BITS) register (
          .clk, .lanes(y), .from(delayed.from[REQUANTIZE]), .to(delayed.to[REQUANTIZE]), .row
      );
      assign beat_2 = drain.stages[REQUANTIZE] ? delayed : beat_1;
      assign row_2 = drain.stages[REQUANTIZE] ? row : row_1;
    end else begin : g_no_requantizer
      assign beat_2 = beat_1;
      assign row_2 = row_1;
      assign multiplier_addresses = '0;
      logic unused;
      assign unused = ^{multiplier_data, words_base};
    end
  endgenerate

  // Residual add.
  beat_t beat_3, delayed_3;
  logic [ROW-1:0] row_3, added;
  logic [ADD_LANES*PSUM_BITS-1:0] add_x, add_y;
  logic [ADD_LANES*OPERAND_BITS-1:0] operand;
  generate
    for (genvar l = 0; l < ADD_LANES; l++) begin : g_add
      logic [31:0] address;
      logic in_tile;
      window_address where (
          .window(drain.residual), .position(beat_2.pixel + (COLUMNS_ARE_PIXELS ? beat_2.from[ADD] + l : 0)),
          .plane(beat_2.channel + (COLUMNS_ARE_PIXELS ? 0 : beat_2.from[ADD] + l)), .offset('0), .address,
          .in_region(in_tile)
      );
      assign residual_addresses[l*32+:32] = residual_half * settings.half_bytes[RESIDUAL] * 8 + address;
      assign operand[l*OPERAND_BITS+:OPERAND_BITS] = residual_data[l*64+:OPERAND_BITS];
      logic unused;
      assign unused = ^{in_tile, residual_data[l*64+:64]};
    end
  endgenerate
  row_window #(COLS, ADD_LANES, PSUM_BITS) add_window (.row(row_2), .from(beat_2.from[ADD]), .lanes(add_x));
  residual_add #(ADD_LANES, ADD_LATENCY, PSUM_BITS, OPERAND_BITS) add_stage (
      .clk, .reset, .x(add_x), .residual(operand), .y(add_y)
  );
  delay_line #(BEAT, ADD_LATENCY) add_line (
      .clk, .reset, .in(beat_2 & {BEAT{drain.stages[ADD]}}), .out(delayed_3)
  );
  row_register #(COLS, ADD_LANES, PSUM_BITS) add_register (
      .clk, .lanes(add_y), .from(delayed_3.from[ADD]), .to(delayed_3.to[ADD]), .row(added)
  );
  assign beat_3 = drain.stages[ADD] ? delayed_3 : beat_2;
  assign row_3 = drain.stages[ADD] ? added : row_2;

  // Pooling. It is the first stage of the operations that have it, so padding is known from the source.
  beat_t beat_4, delayed_4;
  logic [ROW-1:0] row_4, pooled;
  logic [POOL_LANES*PSUM_BITS-1:0] pool_x, pool_y;
  logic [POOL_LANES-1:0] pool_inside;
  row_window #(COLS, POOL_LANES, PSUM_BITS) pool_window (.row(row_3), .from(beat_3.from[POOL]), .lanes(pool_x));
  row_window #(COLS, POOL_LANES, 1) pool_padding (.row(in_region), .from(beat_3.from[POOL]), .lanes(pool_inside));
  pooling #(POOL_LANES, POOL_LATENCY, PSUM_BITS) pool_stage (
      .clk, .reset, .take(beat_3.valid), .window_first(beat_3.window_first), .average(drain.average[0]),
      .reciprocal(drain.reciprocal), .x(pool_x), .in_region(pool_inside), .y(pool_y)
  );
  delay_line #(BEAT, POOL_LATENCY) pool_line (
      .clk, .reset, .in(beat_3 & {BEAT{drain.stages[POOL]}}), .out(delayed_4)
  );
  row_register #(COLS, POOL_LANES, PSUM_BITS) pool_register (
      .clk, .lanes(pool_y), .from(delayed_4.from[POOL]), .to(delayed_4.to[POOL]), .row(pooled)
  );
  assign beat_4 = drain.stages[POOL] ? delayed_4 : beat_3;
  assign row_4 = drain.stages[POOL] ? pooled : row_3;

  // Activation and conversion.
  beat_t beat_5, delayed_5;
  logic [ROW-1:0] activated;
  logic [ACTIVATE_LANES*PSUM_BITS-1:0] activate_x, activate_y;
  row_window #(COLS, ACTIVATE_LANES, PSUM_BITS) activate_window (
      .row(row_4), .from(beat_4.from[ACTIVATE]), .lanes(activate_x)
  );
  activation #(ACTIVATE_LANES, ACTIVATE_LATENCY, PSUM_BITS) activate_stage (
      .clk, .reset, .rectify(drain.rectify[0]), .clip(drain.clip[0]), .clip_high(drain.clip_high),
      .convert(drain.convert[0]), .shift(drain.shift[5:0]), .bits(drain.ofmap.bits[6:0]), .x(activate_x),
      .y(activate_y)
  );
  delay_line #(BEAT, ACTIVATE_LATENCY) activate_line (
      .clk, .reset, .in(beat_4 & {BEAT{drain.stages[ACTIVATE]}}), .out(delayed_5)
  );
  assign beat_5 = drain.stages[ACTIVATE] ? delayed_5 : beat_4;

  // To the ofmap half.
  generate
    for (genvar l = 0; l < ACTIVATE_LANES; l++) begin : g_ofmap
      logic [31:0] address, column;
      logic in_tile;
      assign column = beat_5.from[ACTIVATE] + l;
      window_address where (
          .window(drain.ofmap), .position(beat_5.pixel + (COLUMNS_ARE_PIXELS ? column : 0)),
          .plane(beat_5.channel + (COLUMNS_ARE_PIXELS ? 0 : column)), .offset('0), .address, .in_region(in_tile)
      );
      assign ofmap_addresses[l*32+:32] = ofmap_half * settings.half_bytes[OFMAP] * 8 + address;
      assign ofmap_data[l*64+:64] = 64'($signed(activate_y[l*PSUM_BITS+:PSUM_BITS]));
      assign ofmap_write[l] = beat_5.valid && drain.to_ofmap[0] && column < beat_5.to[ACTIVATE];
      logic unused;
      assign unused = in_tile;
    end
  endgenerate

  // Or back to where the psums came from: what the last stage of the pass delivers.
  row_register #(COLS, ACTIVATE_LANES, PSUM_BITS) activate_register (
      .clk, .lanes(activate_y), .from(delayed_5.from[ACTIVATE]), .to(delayed_5.to[ACTIVATE]), .row(activated)
  );
  assign psum_results = drain.stages[ACTIVATE] ? activated : row_4;
  assign psum_write_row = accumulator_base + beat_5.row;
  always_comb begin
    psum_write = '0;
    for (int c = 0; c < COLS; c++) begin
      for (int s = 0; s < STAGES; s++) begin
        if (beat_5.valid && !drain.to_ofmap[0] && drain.stages[s] && c >= beat_5.from[s] && c < beat_5.to[s])
          psum_write[c] = 1;
      end
    end
  end

  assign over = beat_5.valid && beat_5.last;
endmodule
