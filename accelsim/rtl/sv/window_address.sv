// Where in a buffer half an element lies that a window meets: at one of its positions, one of its kernel's offsets.
// It divides, where a machine would count along.
module window_address
  import machine::*;
(
    input  window_t     window,
    input  logic [31:0] position,  // of the window: images, rows and columns, counted through
    input  logic [31:0] plane,
    input  logic [31:0] offset,    // of the kernel, counted through
    output logic [31:0] address,   // of a bit, in the half
    output logic        in_region     // else it is padding
);
  logic [31:0] image, y, x;

  always_comb begin
    image = position / (window.grid_height * window.grid_width);
    y = window.origin_y + position / window.grid_width % window.grid_height * window.stride_y
        + offset / window.kernel_width * window.dilation_y;
    x = window.origin_x + position % window.grid_width * window.stride_x
        + offset % window.kernel_width * window.dilation_x;
    // A negative position is, unsigned, a large one.
    in_region = y < window.height && x < window.width;
    address = ((image * window.planes + plane) * window.height + y) * window.row_bytes * 8
        + window.first_bit + x * window.bits;
  end
endmodule
