// Walks the folds of an operation: preloads the stationary operand of one, streams vectors past it, and so on. Without
// shadow registers a preload waits until the array is empty; with them it waits only for the one before to be in use.
module fold_sequencer
  import machine::*;
#(
    parameter int ROWS = 4,
    parameter int COLS = 4,
    parameter int DATAFLOW = WS,
    parameter bit SHADOW = 0
) (
    input  logic     clk,
    input  logic     working,
    input  logic     clear,        // the operation ends, or there is none
    input  product_t product,
    input  logic     array_empty,  // nothing that entered it in an earlier cycle is still in it
    output preload_t preload,
    output vector_t  vector,
    output logic     fold_begins
);
  // How the operation falls into folds.
  logic [31:0] depth, rows, columns, vectors;
  logic [31:0] packs, column_blocks, offsets, row_blocks;
  always_comb begin
    depth = product.raster[0] ? product.in_channels : product.in_channels * product.kernel_positions;
    rows = DATAFLOW == OS ? product.pixels : depth * product.side_by_side;
    columns = DATAFLOW == IS ? product.pixels : product.out_channels * product.side_by_side;
    vectors = DATAFLOW == WS ? product.positions : DATAFLOW == IS ? product.out_channels : depth;
    packs = (product.groups + product.side_by_side - 1) / product.side_by_side;
    column_blocks = (columns + COLS - 1) / COLS;
    offsets = product.raster[0] ? product.kernel_positions : 1;
    row_blocks = (rows + ROWS - 1) / ROWS;
  end

  // The fold to be begun next.
  fold_t fold;
  logic [31:0] pack, column_block, offset, row_block;
  logic folds_over, next_fold;
  always_comb begin
    fold.pack = pack;
    fold.column_block = column_block;
    fold.offset = offset;
    fold.row_block = row_block;
    fold.initial_sum = product.takes[ACCUMULATOR_FREE] && (DATAFLOW == OS || (offset == 0 && row_block == 0));
    fold.last = pack + 1 == packs && column_block + 1 == column_blocks && offset + 1 == offsets
        && row_block + 1 == row_blocks;
  end
  always_ff @(posedge clk) begin
    if (clear) begin
      {pack, column_block, offset, row_block} <= '0;
      folds_over <= 0;
    end else if (next_fold) begin
      folds_over <= fold.last;
      row_block <= row_block + 1 == row_blocks ? '0 : row_block + 1;
      if (row_block + 1 == row_blocks) begin
        offset <= offset + 1 == offsets ? '0 : offset + 1;
        if (offset + 1 == offsets) begin
          column_block <= column_block + 1 == column_blocks ? '0 : column_block + 1;
          if (column_block + 1 == column_blocks) pack <= pack + 1;
        end
      end
    end
  end

  // Streaming.
  logic streaming, stream_begins, loaded;
  logic [31:0] index;
  fold_t loaded_fold, streamed_fold;
  always_comb begin
    vector.valid = stream_begins || streaming;
    vector.first = stream_begins;
    vector.index = stream_begins ? '0 : index;
    vector.last = vector.index + 1 == vectors;
    vector.fold = stream_begins ? loaded_fold : streamed_fold;
  end
  always_ff @(posedge clk) begin
    streaming <= !clear && vector.valid && !vector.last;
    index <= vector.index + 1;
    streamed_fold <= vector.fold;
  end

  generate
    if (DATAFLOW == OS) begin : g_no_preload
      assign loaded = working && !folds_over && array_empty;
      assign loaded_fold = fold;
      assign stream_begins = loaded && !streaming;
      assign next_fold = stream_begins;
      assign fold_begins = stream_begins;
      assign preload = '0;
    end else begin : g_preload
      logic [31:0] rows_loaded;
      assign stream_begins = working && loaded && !streaming;
      always_comb begin
        preload.valid = working && !folds_over && (SHADOW ? !loaded || stream_begins : !loaded && array_empty && !streaming);
        preload.row = ROWS - 1 - rows_loaded;  // what is shifted in first ends up at the bottom
        preload.fold = fold;
      end
      assign next_fold = preload.valid && preload.row == 0;
      assign fold_begins = preload.valid && rows_loaded == 0;
      always_ff @(posedge clk) begin
        if (clear) begin
          loaded <= 0;
          rows_loaded <= '0;
        end else begin
          if (next_fold) begin
            loaded <= 1;
            loaded_fold <= fold;
          end else if (stream_begins) loaded <= 0;
          if (preload.valid) rows_loaded <= preload.row == 0 ? '0 : rows_loaded + 1;
        end
      end
    end
  endgenerate
endmodule
