// One column (ws, os) or row (is) of the array at the side where weights come in: which weight it takes now.
module weight_side
  import machine::*;
#(
    parameter int DATAFLOW = WS,
    parameter int WEIGHT_BITS = 8
) (
    input  product_t    product,
    input  fold_t       fold,
    input  logic [31:0] index,     // ws: row of the stationary operand, of all blocks; is: vector; os: tap
    input  logic [31:0] place,     // ws, os: column; is: row: of all blocks
    output logic [31:0] address,
    output logic        used       // else it takes 0
);
  logic [31:0] depth, group, channel, tap;

  always_comb begin
    depth = product.raster[0] ? product.in_channels : product.in_channels * product.kernel_positions;
    if (DATAFLOW == WS) begin
      // Groups that share a fold lie on the diagonal: outside of their blocks the weights are 0.
      group = fold.pack * product.side_by_side + place / product.out_channels;
      channel = place % product.out_channels;
      tap = product.raster[0] ? index % depth * product.kernel_positions + fold.offset : index % depth;
      used = index / depth == place / product.out_channels && place / product.out_channels < product.side_by_side
          && group < product.groups;
    end else begin
      group = fold.pack;
      channel = DATAFLOW == IS ? index : place;
      tap = DATAFLOW == IS ? place : index;
      used = channel < product.out_channels && tap < depth;
    end
  end

  weight_address #(WEIGHT_BITS) where (.product, .group, .channel, .tap, .address);
endmodule
