// Behavioural buffer that the DMA fills byte by byte and that units read at any bit: PORTS reads a cycle, of 64 bits
// each. Its banks, and how a machine spreads words over them, are not modelled.
module sram_buffer #(
    parameter int BYTES = 1024,
    parameter int PORTS = 1,
    parameter int BEAT_BYTES = 64
) (
    input  logic                    clk,
    input  logic [31:0]             fill_bytes,
    input  logic [31:0]             fill_address,
    input  logic [BEAT_BYTES*8-1:0] fill_data,
    input  logic [PORTS*32-1:0]     addresses,     // of bits
    output logic [PORTS*64-1:0]     data
);
  localparam int WORDS = (BYTES + 7) / 8;
  localparam int INDEX = WORDS > 1 ? $clog2(WORDS) : 1;
  logic [63:0] memory[WORDS];

  always_comb begin
    for (int p = 0; p < PORTS; p++) begin
      logic [31:0] address;
      logic [INDEX-1:0] word;
      address = addresses[p*32+:32];
      word = INDEX'(address >> 6);
      data[p*64+:64] = 64'({memory[word+INDEX'(1)], memory[word]} >> address[5:0]);
    end
  end

  always_ff @(posedge clk) begin
    if (fill_bytes != 0) begin
      for (int i = 0; i < BEAT_BYTES; i++) begin
        if (i < fill_bytes)
          memory[INDEX'((fill_address+i)>>3)][{3'(fill_address+i), 3'b0}+:8] <= fill_data[i*8+:8];
      end
    end
  end
endmodule
