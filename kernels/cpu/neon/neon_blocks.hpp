#pragma once
// Multiplication by weights in blocks of 32 (blocks_layout.hpp) with NEON, for one of two
// instruction sets: whoever includes this defines SQUALL_NEON, the mark of its functions, and has
// `add_fours` in the namespace that it includes this into.
//
// A vector holds one word of 4 rows. Quants are signed, with their offset subtracted. Within a
// block all arithmetic is exact; blocks are added as floats in the order in which they lie,
// whatever the tile.

constexpr std::size_t rows_of_group = 16;
constexpr std::size_t rows_of_vector = 4;
constexpr std::size_t fours_of_block = 8;

/// Memory is read this far ahead: some hundred nanoseconds at the pace of one core.
constexpr std::size_t prefetch_distance = 2048;

SQUALL_NEON inline uint8x16_t load_word(const std::byte* words, std::size_t word,
                                        std::size_t quarter) {
  return vld1q_u8(reinterpret_cast<const std::uint8_t*>(words + word * 64 + quarter * 16));
}

SQUALL_NEON inline float32x4_t load_halves(const std::byte* halves, std::size_t quarter) {
  const auto* address = reinterpret_cast<const std::uint16_t*>(halves) + quarter * rows_of_vector;
  return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(address)));
}

// Formats: `unpack` makes the words of a block in 4 of the 16 rows its quants.

template <const BlockShape& block_shape, int offset>
struct Q4 {
  static constexpr const BlockShape& shape = block_shape;
  SQUALL_NEON static void unpack(const std::byte* words, std::size_t quarter,
                                 int8x16_t (&quants)[fours_of_block]) {
    const int8x16_t subtracted = vdupq_n_s8(offset);
    for (std::size_t j = 0; j < 4; ++j) {
      const uint8x16_t nibbles = load_word(words, j, quarter);
      const uint8x16_t low = vandq_u8(nibbles, vdupq_n_u8(15));
      quants[j] = vsubq_s8(vreinterpretq_s8_u8(low), subtracted);
      quants[4 + j] = vsubq_s8(vreinterpretq_s8_u8(vshrq_n_u8(nibbles, 4)), subtracted);
    }
  }
};

template <const BlockShape& block_shape, int offset>
struct Q5 {
  static constexpr const BlockShape& shape = block_shape;
  SQUALL_NEON static void unpack(const std::byte* words, std::size_t quarter,
                                 int8x16_t (&quants)[fours_of_block]) {
    Q4<block_shape, 0>::unpack(words, quarter, quants);
    const uint8x16_t fifths = load_word(words, 4, quarter);
    for (std::size_t j = 0; j < fours_of_block; ++j) {
      // Bit j of each byte to its bit 4.
      const uint8x16_t moved =
          vshlq_u8(fifths, vdupq_n_s8(static_cast<std::int8_t>(4 - static_cast<int>(j))));
      const uint8x16_t fifth = vandq_u8(moved, vdupq_n_u8(16));
      const int8x16_t whole = vorrq_s8(quants[j], vreinterpretq_s8_u8(fifth));
      quants[j] = vsubq_s8(whole, vdupq_n_s8(offset));
    }
  }
};

struct Q8 {
  static constexpr const BlockShape& shape = shape_of_q8_0;
  SQUALL_NEON static void unpack(const std::byte* words, std::size_t quarter,
                                 int8x16_t (&quants)[fours_of_block]) {
    for (std::size_t j = 0; j < fours_of_block; ++j) {
      quants[j] = vreinterpretq_s8_u8(load_word(words, j, quarter));
    }
  }
};

/// One block of 4 rows and one column, in its scales, added to `sum`.
template <class Format>
SQUALL_NEON inline float32x4_t add_block(const int8x16_t (&quants)[fours_of_block],
                                         float32x4_t scale, float32x4_t least,
                                         const QuantizedActivations& column, std::size_t block,
                                         float32x4_t sum) {
  int32x4_t products = vdupq_n_s32(0);
  const std::int8_t* fours = column.quants + block * activations_per_block;
  for (std::size_t j = 0; j < fours_of_block; ++j) {
    std::int32_t four = 0;
    std::memcpy(&four, fours + j * 4, sizeof four);
    products = add_fours(products, quants[j], vreinterpretq_s8_s32(vdupq_n_s32(four)));
  }
  sum = vfmaq_f32(sum, vcvtq_f32_s32(products), vmulq_n_f32(scale, column.scales[block]));
  if constexpr (Format::shape.halves == 2) {
    sum = vfmaq_f32(sum, least, vdupq_n_f32(column.scaled_sums[block]));
  }
  return sum;
}

/// 4 rows of a group times `Columns` columns from `first` on.
template <class Format, std::size_t Columns>
SQUALL_NEON void multiply_tile(const MultiplyTask& task, const std::byte* group,
                               std::size_t quarter, std::size_t first,
                               float (*result)[rows_of_group]) {
  constexpr BlockShape shape = Format::shape;
  QuantizedActivations columns[Columns];
  float32x4_t sums[Columns];
  for (std::size_t c = 0; c < Columns; ++c) {
    columns[c] = quantized_activations(task.activations + (first + c) * task.activation_stride,
                                       task.columns);
    sums[c] = vdupq_n_f32(0.0F);
  }
  const std::byte* halves = group;
  const std::byte* words = group + shape.words_offset(task.columns);
  for (std::size_t block = 0; block < task.columns / activations_per_block; ++block) {
    int8x16_t quants[fours_of_block];
    Format::unpack(words, quarter, quants);
    if constexpr (Columns == 1) __builtin_prefetch(words + prefetch_distance);
    const float32x4_t scale = load_halves(halves, quarter);
    const float32x4_t least = shape.halves == 2 ? load_halves(halves + 32, quarter) : scale;
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Columns; ++c) {
      sums[c] = add_block<Format>(quants, scale, least, columns[c], block, sums[c]);
    }
    halves += shape.bytes_of_halves();
    words += shape.bytes_of_words();
  }
  for (std::size_t c = 0; c < Columns; ++c) {
    vst1q_f32(result[c] + quarter * rows_of_vector, sums[c]);
  }
}

template <class Format, std::size_t Columns>
void multiply_columns(const MultiplyTask& task, const std::byte* group, std::size_t row,
                      std::size_t& first) {
  float result[Columns][rows_of_group];
  const std::size_t rows = std::min(rows_of_group, task.rows - row);
  for (; first + Columns <= task.batch; first += Columns) {
    for (std::size_t quarter = 0; quarter * rows_of_vector < rows; ++quarter) {
      multiply_tile<Format, Columns>(task, group, quarter, first, result);
    }
    for (std::size_t c = 0; c < Columns; ++c) {
      std::copy_n(result[c], rows, task.output + (first + c) * task.output_stride + row);
    }
  }
}

template <class Format>
void multiply(const MultiplyTask& task) {
  const std::size_t group_bytes = Format::shape.group_bytes(task.columns);
  for (std::size_t row = 0; row < task.rows; row += rows_of_group) {
    const std::byte* group = task.weights + row / rows_of_group * group_bytes;
    std::size_t first = 0;
    multiply_columns<Format, 8>(task, group, row, first);
    multiply_columns<Format, 4>(task, group, row, first);
    multiply_columns<Format, 2>(task, group, row, first);
    multiply_columns<Format, 1>(task, group, row, first);
  }
}
