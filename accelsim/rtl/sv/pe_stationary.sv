// Processing element of a weight- or input-stationary array: keeps one operand, multiplies what streams past with it.
module pe_stationary #(
    parameter int STATIONARY_BITS = 8,
    parameter int STREAM_BITS = 8,
    parameter int PSUM_BITS = 32,
    parameter bit SHADOW = 0        // a second register to preload into
) (
    input  logic                              clk,
    // stationary operand, from above to below
    input  logic                              load_in,
    input  logic signed [STATIONARY_BITS-1:0] stationary_in,
    output logic                              load_out,
    output logic signed [STATIONARY_BITS-1:0] stationary_out,
    // streamed operand, from left to right; the first vector of a fold brings the preloaded operand into use
    input  logic                              swap_in,
    input  logic signed [STREAM_BITS-1:0]     stream_in,
    output logic                              swap_out,
    output logic signed [STREAM_BITS-1:0]     stream_out,
    // psum, from above to below
    input  logic signed [PSUM_BITS-1:0]       psum_in,
    output logic signed [PSUM_BITS-1:0]       sum,       // in the same cycle: what the bottom row hands on
    output logic signed [PSUM_BITS-1:0]       psum_out
);
  logic signed [STATIONARY_BITS-1:0] stationary;

  generate
    if (SHADOW) begin : g_shadow
      // The preload is skewed like the data: this PE shifts a cycle later than the one above, hence a register between.
      logic signed [STATIONARY_BITS-1:0] active, shadow;
      assign stationary = swap_in ? shadow : active;
      always_ff @(posedge clk) begin
        if (load_in) begin
          shadow <= stationary_in;
          stationary_out <= shadow;
        end
        active <= stationary;
        load_out <= load_in;
        swap_out <= swap_in;
      end
    end else begin : g_plain
      // All PEs of a column shift at once while nothing streams.
      logic signed [STATIONARY_BITS-1:0] held;
      assign stationary = held;
      assign stationary_out = held;
      assign load_out = load_in;
      assign swap_out = swap_in;
      always_ff @(posedge clk) if (load_in) held <= stationary_in;
    end
  endgenerate

  logic signed [STATIONARY_BITS+STREAM_BITS-1:0] product;
  assign product = stationary * stream_in;
  assign sum = psum_in + PSUM_BITS'(product);

  always_ff @(posedge clk) begin
    stream_out <= stream_in;
    psum_out <= sum;
  end
endmodule
