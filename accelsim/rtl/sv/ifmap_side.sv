// One row (ws, os) or column (is) of the array at the side where the ifmap comes in: which element it takes now.
module ifmap_side
  import machine::*;
#(
    parameter int DATAFLOW = WS
) (
    input  product_t    product,
    input  fold_t       fold,
    input  logic [31:0] index,     // ws: vector; is: row of the stationary operand; os: tap
    input  logic [31:0] place,     // ws: row; is: column, os: row: of all blocks
    output logic [31:0] address,
    output logic        used       // else it takes 0
);
  logic [31:0] depth, group, position, channel, tap, offset;
  logic in_region, in_operand;

  always_comb begin
    depth = product.raster[0] ? product.in_channels : product.in_channels * product.kernel_positions;
    if (DATAFLOW == WS) begin
      position = index;
      group = fold.pack * product.side_by_side + place / depth;
      tap = place % depth;
      in_operand = place / depth < product.side_by_side && group < product.groups;
    end else begin
      position = place;
      group = fold.pack;
      tap = index;
      in_operand = place < product.pixels && tap < depth;
    end
    channel = product.raster[0] ? tap : tap / product.kernel_positions;
    offset = product.raster[0] ? '0 : tap % product.kernel_positions;
    used = in_operand && in_region;
  end

  window_address where (
      .window(product.window), .position, .plane(group * product.in_channels + channel), .offset, .address, .in_region
  );
endmodule
