// A product divided by a power of two, a half rounded up, and clipped to a width that is set (or to PSUM_BITS, if those
// are fewer). It stays a module of its own in synthesis, which does not come to an end where it is mapped together
// with the multiplier before it.
(* keep_hierarchy *)
module rounding_shift #(
    parameter int PRODUCT_BITS = 58,
    parameter int PSUM_BITS = 32
) (
    input  logic        [6:0]              bits,     // of the result
    input  logic        [5:0]              shift,
    input  logic signed [PRODUCT_BITS-1:0] product,
    output logic        [PSUM_BITS-1:0]    y
);
  localparam int WIDE = PRODUCT_BITS + 1;
  logic signed [WIDE-1:0] scaled, rounded;
  logic [WIDE-1:0] high, sign;

  // Twice the product is shifted, so that one bit behind the point is left to round by, also where the shift is 0.
  assign scaled = $signed({product, 1'b0}) >>> shift;
  assign rounded = (scaled + WIDE'(1)) >>> 1;

  // It fits if all bits above the width are its sign; what does not becomes the largest number with that sign.
  assign high = (WIDE'(1) << ((bits < 7'(PSUM_BITS) ? bits : 7'(PSUM_BITS)) - 1)) - WIDE'(1);
  assign sign = {WIDE{rounded[WIDE-1]}};
  assign y = PSUM_BITS'(((rounded ^ sign) & ~high) != '0 ? high ^ sign : rounded);
endmodule
