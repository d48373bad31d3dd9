// Where in the accumulator the psums of a row belong as they leave the array: made for its first column.
module psum_tag
  import machine::*;
#(
    parameter int ROWS = 4,
    parameter int COLS = 4,
    parameter int DATAFLOW = WS
) (
    input  product_t    product,
    input  logic        valid,
    input  fold_t       fold,
    input  logic        last,    // row of the fold
    input  logic [31:0] index,   // ws, is: vector; os: row of the array
    output tag_t        tag
);
  logic [31:0] width, blocks, start, side_by_side, groups_left;
  logic [31:0] image, y, x, down, right, outside_y, outside_x;

  always_comb begin
    groups_left = product.groups - fold.pack * product.side_by_side;
    side_by_side = groups_left < product.side_by_side ? groups_left : product.side_by_side;
    width = DATAFLOW == IS ? product.pixels : product.out_channels * side_by_side;
    blocks = DATAFLOW == IS ? product.pixels : product.out_channels * product.side_by_side;
    blocks = (blocks + COLS - 1) / COLS;
    start = fold.column_block * COLS;

    // raster: the position, less the kernel offset of the fold, is an output or outside.
    image = index / (product.window.grid_height * product.window.grid_width);
    y = index / product.window.grid_width % product.window.grid_height;
    x = index % product.window.grid_width;
    down = fold.offset / product.window.kernel_width * product.window.dilation_y;
    right = fold.offset % product.window.kernel_width * product.window.dilation_x;
    outside_y = y - down;
    outside_x = x - right;

    tag.valid = valid;
    tag.initial_sum = fold.initial_sum;
    tag.last = fold.last && last;
    tag.columns = width - start < COLS ? width - start : COLS;
    tag.keep = 1;
    tag.row = (fold.pack * blocks + fold.column_block) * (DATAFLOW == IS ? product.out_channels : product.pixels);
    tag.channel = DATAFLOW == IS ? fold.pack * product.out_channels + index
        : fold.pack * product.side_by_side * product.out_channels + start;
    if (DATAFLOW == OS) begin
      tag.row += fold.row_block * ROWS + index;
      tag.keep = fold.row_block * ROWS + index < product.pixels;
    end else if (product.raster[0]) begin
      tag.row += (image * product.out_height + outside_y) * product.out_width + outside_x;
      tag.keep = outside_y < product.out_height && outside_x < product.out_width;
    end else begin
      tag.row += index;
    end
  end
endmodule
