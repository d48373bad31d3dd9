// Behavioural buffer that the activation fills element by element, at any bit, and that the DMA empties.
module ofmap_buffer #(
    parameter int BYTES = 1024,
    parameter int PORTS = 1,
    parameter int BEAT_BYTES = 64
) (
    input  logic                    clk,
    input  logic [PORTS-1:0]        write,
    input  logic [PORTS*32-1:0]     addresses,     // of bits
    input  logic [PORTS*64-1:0]     data,
    input  logic [31:0]             bits,          // of an element
    input  logic [31:0]             read_address,  // of a byte
    output logic [BEAT_BYTES*8-1:0] read_data
);
  localparam int INDEX = $clog2(BYTES);
  logic [7:0] memory[BYTES];

  always_comb begin
    for (int i = 0; i < BEAT_BYTES; i++) read_data[i*8+:8] = memory[INDEX'(read_address+i)];
  end

  always_ff @(posedge clk) begin
    for (int p = 0; p < PORTS; p++) begin
      if (write[p]) begin
        for (int b = 0; b < 64; b++) begin
          if (b < bits)
            memory[INDEX'((addresses[p*32+:32]+b)>>3)][3'(addresses[p*32+:32]+b)] <= data[p*64+b];
        end
      end
    end
  end
endmodule
