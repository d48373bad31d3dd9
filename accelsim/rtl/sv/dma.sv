// DMA engine: transfers in program order, each as bursts on the one port of the memory.
//
// The memory says how many bytes of the burst move in a cycle and when it is over. Each beat carries where its bytes
// go and, with the last of a transfer, which tokens they bring; with the data of a read these come back as the memory's
// latency is over. Meanwhile the port moves on.
module dma
  import machine::*;
#(
    parameter int DEPTH = 1024,
    parameter int BEAT_BYTES = 64
) (
    input  logic                       clk,
    input  logic                       reset,
    input  settings_t                  settings,
    input  logic                       load,
    input  logic      [$bits(transfer_t)-1:0] load_data,
    input  tokens_t                    available,
    output tokens_t                    taken,
    output tokens_t                    given,            // by writes; those of reads come with their data
    output logic                       working,
    output logic                       has_operation,
    output logic [CAUSES-1:0][31:0]    cycles,
    // port of the memory
    output logic                       burst,
    output logic                       burst_write,
    output logic [31:0]                burst_address,
    output logic [31:0]                burst_bytes,
    output logic                       burst_final,      // of its transfer
    output logic [31:0]                beat_target,      // buffer ...
    output logic [31:0]                beat_address,     // ... and byte that the beat's first byte goes to
    output tokens_t                    beat_gives,
    output logic [BEAT_BYTES*8-1:0]    write_data,
    output logic [BEAT_BYTES*8-1:0]    write_mask,
    input  logic [31:0]                beat_bytes,
    input  logic                       burst_done,
    // ofmap buffer
    output logic [31:0]                ofmap_address,
    input  logic [BEAT_BYTES*8-1:0]    ofmap_data
);
  transfer_t transfer;
  logic starting, ending, stalled;
  cause_t missing;
  logic [31:0] image, plane, row, run_offset, moved, buffer_offset;
  logic [BUFFERS-1:0][31:0] half;

  program_memory #($bits(transfer_t), DEPTH) transfers (
      .clk, .load, .load_data, .reset, .next(ending), .has_operation, .operation(transfer)
  );

  operation_control control (
      .clk, .reset, .has_operation, .takes(transfer.takes[TOKENS-1:0]), .available, .ending,
      .ready(), .starting, .working, .stalled, .missing
  );
  assign taken = starting ? transfer.takes[TOKENS-1:0] : '0;
  assign given = ending && transfer.write[0] ? transfer.gives[TOKENS-1:0] : '0;

  generate
    for (genvar b = 0; b < BUFFERS; b++) begin : g_half
      half_pointer pointer (
          .clk, .reset, .halves(settings.halves[b]), .advance(starting && transfer.target == b), .half(half[b])
      );
    end
  endgenerate

  // The current burst.
  logic last_burst_of_run, last_run;
  assign burst = working;
  assign burst_write = transfer.write[0];
  assign burst_address = transfer.address + image * transfer.image_stride + plane * transfer.plane_stride
      + row * transfer.row_stride + run_offset;
  assign last_burst_of_run = transfer.row_bytes - run_offset <= settings.burst_bytes;
  assign burst_bytes = last_burst_of_run ? transfer.row_bytes - run_offset : settings.burst_bytes;
  assign last_run = row + 1 == transfer.rows && plane + 1 == transfer.planes && image + 1 == transfer.images;
  assign burst_final = last_burst_of_run && last_run;
  assign ending = working && burst_done && burst_final;

  // The current beat.
  logic [2:0] target;
  assign target = transfer.target[2:0];
  assign beat_target = transfer.target;
  assign beat_address = half[target] * settings.half_bytes[target] + buffer_offset + moved;
  assign beat_gives = transfer.gives[TOKENS-1:0];
  assign ofmap_address = beat_address;
  assign write_data = ofmap_data;
  always_comb begin
    for (int i = 0; i < BEAT_BYTES; i++) begin
      write_mask[i*8+:8] = '1;
      if ((run_offset + moved + i) % transfer.masked_bytes == 0) write_mask[i*8+:8] &= transfer.head_mask[7:0];
      if ((run_offset + moved + i + 1) % transfer.masked_bytes == 0) write_mask[i*8+:8] &= transfer.tail_mask[7:0];
    end
  end

  always_ff @(posedge clk) begin
    if (reset || ending) begin
      {image, plane, row, run_offset, moved, buffer_offset} <= '0;
    end else if (working) begin
      moved <= burst_done ? '0 : moved + beat_bytes;
      if (burst_done) begin
        buffer_offset <= buffer_offset + burst_bytes;
        run_offset <= last_burst_of_run ? '0 : run_offset + burst_bytes;
        if (last_burst_of_run) begin
          row <= row + 1 == transfer.rows ? '0 : row + 1;
          if (row + 1 == transfer.rows) begin
            plane <= plane + 1 == transfer.planes ? '0 : plane + 1;
            if (plane + 1 == transfer.planes) image <= image + 1;
          end
        end
      end
    end
  end

  activity_counters account (
      .clk, .reset, .busy(working), .stalled, .cause(missing), .settled('0), .settled_cause('0), .cycles
  );
endmodule
