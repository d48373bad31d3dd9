// What all units of the machine share: tokens, descriptors, and what travels between them.
// docs/microarchitecture.md is the contract, docs/rtl.md the guide to these files.
package machine;

  localparam int TOKENS = 15;
  localparam int CAUSES = 24;

  // Tokens in the order in which a unit looks at them: a wait is blamed on the lowest one that is missing. Behind
  // them, what else a unit can be stalled on; and last, that it is not stalled but busy.
  typedef logic [4:0] cause_t;
  localparam int ARRAY_STREAM = 0;
  localparam int IFMAP_FULL = 1;
  localparam int WEIGHT_FULL = 2;
  localparam int BIAS_FULL = 3;
  localparam int ACCUMULATOR_FREE = 4;
  localparam int FUNCTION_UNIT_READY = 5;
  localparam int ACCUMULATOR_FULL = 6;
  localparam int PARAMETER_FULL = 7;
  localparam int RESIDUAL_FULL = 8;
  localparam int OFMAP_FREE = 9;
  localparam int OFMAP_FULL = 10;
  localparam int IFMAP_FREE = 11;
  localparam int WEIGHT_FREE = 12;
  localparam int PARAMETER_FREE = 13;
  localparam int RESIDUAL_FREE = 14;
  localparam int ON_BN_STAGE = 15;
  localparam int ON_REQUANTIZER = 16;
  localparam int ON_RESIDUAL_ADD = 17;
  localparam int ON_POOLING = 18;
  localparam int ON_ACTIVATION = 19;
  localparam int ON_PIPELINE_LATENCY = 20;
  localparam int ON_POST_PIPELINE = 21;
  localparam int ON_CONV_ARRAY = 22;
  localparam int BUSY = 23;

  typedef logic [TOKENS-1:0] tokens_t;

  // Buffers, as the DMA knows them.
  localparam int BUFFERS = 5;
  localparam int IFMAP = 0;
  localparam int WEIGHT = 1;
  localparam int PARAMETER = 2;
  localparam int RESIDUAL = 3;
  localparam int OFMAP = 4;

  // Stages of the post-pipeline, in the order in which data passes them.
  localparam int STAGES = 5;
  localparam int BN = 0;
  localparam int REQUANTIZE = 1;
  localparam int ADD = 2;
  localparam int POOL = 3;
  localparam int ACTIVATE = 4;

  localparam int WS = 0;
  localparam int IS = 1;
  localparam int OS = 2;

  // Configuration registers: what of the machine is not built into it.
  typedef struct packed {
    logic [31:0] burst_bytes;
    logic [31:0] flush_cycles;
    logic [31:0] accumulator_halves;
    logic [31:0] accumulator_rows;  // rows of the psum memory in one half
    logic [BUFFERS-1:0][31:0] halves;
    logic [BUFFERS-1:0][31:0] half_bytes;
  } settings_t;

  // A window that moves over what lies in a buffer half: which element is where.
  typedef struct packed {
    logic [31:0] grid_height;  // positions of the window
    logic [31:0] grid_width;
    logic [31:0] kernel_width;
    logic [31:0] stride_y;
    logic [31:0] stride_x;
    logic [31:0] dilation_y;
    logic [31:0] dilation_x;
    logic [31:0] origin_y;     // first position relative to the region that was loaded; negative in padding
    logic [31:0] origin_x;
    logic [31:0] height;       // of that region
    logic [31:0] width;
    logic [31:0] planes;       // channels of an image in the half
    logic [31:0] row_bytes;
    logic [31:0] first_bit;    // at which a row begins in its first byte
    logic [31:0] bits;         // of an element
  } window_t;

  // DMA: images x planes x rows runs of row_bytes contiguous bytes.
  typedef struct packed {
    logic [31:0] takes;
    logic [31:0] gives;
    logic [31:0] write;
    logic [31:0] target;
    logic [31:0] address;
    logic [31:0] row_bytes;
    logic [31:0] rows;
    logic [31:0] row_stride;
    logic [31:0] planes;
    logic [31:0] plane_stride;
    logic [31:0] images;
    logic [31:0] image_stride;
    logic [31:0] masked_bytes;  // a run may be several rows of so many bytes
    logic [31:0] head_mask;  // bits of a row's first and last byte that a write changes
    logic [31:0] tail_mask;
  } transfer_t;

  // Conv array: one ifmap half x one weight half.
  typedef struct packed {
    logic [31:0] takes;
    logic [31:0] gives;
    window_t     window;
    logic [31:0] pixels;            // outputs per channel
    logic [31:0] positions;         // of the window: what ws streams, P or (raster) I
    logic [31:0] raster;            // kernel offsets are folds of their own
    logic [31:0] out_height;        // of the tile; raster drops what lies outside
    logic [31:0] out_width;
    logic [31:0] kernel_positions;
    logic [31:0] in_channels;       // per group
    logic [31:0] out_channels;      // per group
    logic [31:0] groups;
    logic [31:0] side_by_side;      // groups that share a fold
    logic [31:0] has_bias;
    logic [31:0] bias_channel;      // of the parameter half's channels, the tile's first
    logic [31:0] parameter_words;   // per channel
  } product_t;

  // Post-pipeline: one tile through some of the stages. Function unit: one pass, or (no stage) an accumulate.
  typedef struct packed {
    logic [31:0] takes;
    logic [31:0] gives;
    logic [31:0] stages;             // one bit each
    logic [31:0] from_ifmap;         // the source is the ifmap half, else the accumulator
    logic [31:0] to_ofmap;           // the target is the ofmap half, else the accumulator (passes)
    logic [31:0] scratch;            // the accumulator holds no tile but the results of earlier passes
    logic [31:0] outer;              // blocks of rows: groups or packs of groups ...
    logic [31:0] extent;             // ... times what is cut into blocks of up to C columns
    logic [31:0] last_extent;        // in the last group or pack
    logic [31:0] rows;               // of a block
    logic [31:0] window_positions;
    window_t     source;
    window_t     residual;
    window_t     ofmap;
    logic [31:0] parameter_channel;  // of the parameter half's channels, the tile's first
    logic [31:0] parameter_words;    // per channel
    logic [31:0] stage_word;         // the first that belongs to the BN, or the multiplier of the requantizer
    logic [31:0] has_multipliers;    // one per channel; else all have the one that follows
    logic [31:0] multiplier_high;
    logic [31:0] multiplier_low;
    logic [31:0] average;            // pooling: else the maximum
    logic [31:0] reciprocal;         // of the window's positions, in 1/65536
    logic [31:0] rectify;
    logic [31:0] clip;               // at clip_high
    logic [31:0] clip_high;
    logic [31:0] convert;
    logic [31:0] shift;
  } drain_t;

  // A fold: which block of the stationary operand (os: of outputs).
  typedef struct packed {
    logic [31:0] pack;
    logic [31:0] column_block;
    logic [31:0] offset;      // of the kernel, under raster
    logic [31:0] row_block;
    logic        initial_sum; // nothing was accumulated to its outputs before
    logic        last;
  } fold_t;

  // A row of the stationary operand on its way into the array.
  typedef struct packed {
    logic        valid;
    logic [31:0] row;
    fold_t       fold;
  } preload_t;

  // A vector on its way through the array.
  typedef struct packed {
    logic        valid;
    logic        first;  // of its fold
    logic        last;
    logic [31:0] index;
    fold_t       fold;
  } vector_t;

  // What accompanies the psums of a row to the accumulator.
  typedef struct packed {
    logic        valid;
    logic        keep;         // raster: the position is an output
    logic [31:0] row;          // of the psum memory
    logic [31:0] columns;      // that hold psums
    logic [31:0] channel;      // of the first column
    logic        initial_sum;
    logic        last;         // of the operation
  } tag_t;

  // What each stage of the post-pipeline does with a row of psums in one cycle: it takes columns from .. to - 1.
  typedef struct packed {
    logic                    valid;
    logic                    last;      // of the operation
    logic [31:0]             row;       // of the psum memory
    logic [31:0]             pixel;     // of the first column
    logic [31:0]             channel;
    logic [31:0]             position;  // of the pooling window
    logic                    window_first;
    logic [STAGES-1:0][31:0] from;
    logic [STAGES-1:0][31:0] to;
  } beat_t;

endpackage
