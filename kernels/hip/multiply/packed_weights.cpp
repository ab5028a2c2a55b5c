#include "kernels/hip/multiply/packed_weights.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>

#include "kernels/formats/float16.hpp"
#include "kernels/hip/kernel_launches.hpp"

namespace squall::kernels::hip {
namespace {

/// 2^e with which `greatest` comes to lie in [2^14, 2^15): half of what a half can hold.
float factor_for(float greatest) {
  const std::uint32_t exponent = std::bit_cast<std::uint32_t>(greatest) >> 23;
  // At most 2^126, so that the factor's inverse is no subnormal number.
  return std::bit_cast<float>(std::min(268U - exponent, 253U) << 23);
}

/// A pack that is being written: zeros at first.
struct OpenPack {
  UnitShape shape;
  PackLayout layout;
  std::byte* data;

  void put_factor(unsigned row, float greatest) const {
    const float factor = factor_for(greatest);
    std::memcpy(data + row * sizeof factor, &factor, sizeof factor);
  }
  std::byte* code_of_block(unsigned block, unsigned row) const {
    return data + layout.block_codes + (block * rows_per_pack + row) * block_code_bytes(shape);
  }
  std::byte* code_of_unit(unsigned unit, unsigned row) const {
    return data + layout.unit_codes + (unit * rows_per_pack + row) * unit_code_bytes(shape);
  }
  std::byte* bits(unsigned unit, unsigned row) const {
    return data + layout.bits + (unit * rows_per_pack + row) * 4;
  }
  std::byte* pairs(unsigned unit, unsigned row) const {
    return data + layout.pairs + (unit * rows_per_pack + row) * 8;
  }
  std::byte* wide(unsigned unit, unsigned word, unsigned row) const {
    return data + layout.wide +
           ((unit * wide_words(shape) + word) * rows_per_pack + row) * std::size_t{16};
  }
};

/// The 32 quants of a unit, taken apart into the planes' words.
struct UnitPlanes {
  std::uint32_t wide[8] = {};
  std::uint32_t pairs[2] = {};
  std::uint32_t bits = 0;

  /// four: values 4s to 4s + 3, a byte each.
  void add(UnitShape shape, unsigned s, std::uint32_t four) {
    if (shape.bits == 8) {
      wide[s] = four;
      return;
    }
    unsigned bits_below = 0;  // in planes so far
    if (shape.bits >= 4) {
      wide[s / 2] |= (four & 0x0F0F0F0FU) << (s % 2 * 4);
      bits_below = 4;
    }
    if (has_pairs(shape)) {
      pairs[s / 4] |= ((four >> bits_below) & 0x03030303U) << (s % 4 * 2);
      bits_below += 2;
    }
    if (has_bits(shape)) bits |= ((four >> bits_below) & 0x01010101U) << s;
  }

  void write(const OpenPack& pack, unsigned unit, unsigned row) const {
    const UnitShape shape = pack.shape;
    for (unsigned word = 0; word < wide_words(shape); ++word) {
      std::memcpy(pack.wide(unit, word, row), wide + 4 * word, 16);
    }
    if (has_pairs(shape)) std::memcpy(pack.pairs(unit, row), pairs, sizeof pairs);
    if (has_bits(shape)) std::memcpy(pack.bits(unit, row), &bits, sizeof bits);
  }
};

/// What no value of the group exceeds.
float bound_of(UnitShape shape, GroupScale group) {
  const int top = (1 << shape.bits) - 1 - shape.offset;
  const int most = shape.bits == 8 ? 128 : std::max(shape.offset, top);
  return std::abs(group.scale) * static_cast<float>(most) + std::abs(group.least);
}

template <Format format>
void pack_row_of_blocks(const std::byte* source, std::size_t columns, const OpenPack& pack,
                        unsigned row) {
  using Block = typename BlockOf<format>::Type;
  constexpr UnitShape shape = shape_of(format);
  float greatest = 0.0F;
  const auto units = static_cast<unsigned>(columns / values_per_unit);
  Block block;
  for (unsigned unit = 0; unit < units; ++unit) {
    const unsigned in_block = unit % shape.units_of_block;
    const unsigned number = unit / shape.units_of_block;
    if (in_block == 0) {
      std::memcpy(&block, source + number * sizeof block, sizeof block);
      const std::uint32_t code = block_code(block);
      std::memcpy(pack.code_of_block(number, row), &code, block_code_bytes(shape));
    }
    UnitPlanes planes;
    for (unsigned s = 0; s < 8; ++s) {
      std::uint32_t four = 0;
      for (unsigned j = 0; j < 4; ++j) {
        const int value = quant(block, in_block * values_per_unit + 4 * s + j);
        four |= (static_cast<std::uint32_t>(value) & 255U) << (8 * j);
      }
      planes.add(shape, s, four);
    }
    planes.write(pack, unit, row);
    const std::uint32_t code = unit_code(block, in_block);
    std::memcpy(pack.code_of_unit(unit, row), &code, unit_code_bytes(shape));
    const std::uint32_t halves = halves_of_scale(shape.code, code, block_code(block));
    const float first = kernels::half_to_float(static_cast<std::uint16_t>(halves & 0xFFFFU));
    const float second = kernels::half_to_float(static_cast<std::uint16_t>(halves >> 16));
    for (unsigned g = 0; g < shape.groups; ++g) {
      const GroupScale group = group_scale(shape.code, first, second, code, g);
      greatest = std::max(greatest, bound_of(shape, group));
    }
  }
  pack.put_factor(row, greatest);
}

float float_at(Format format, const std::byte* source, std::size_t column) {
  if (format == Format::f32) {
    float value = 0.0F;
    std::memcpy(&value, source + column * sizeof value, sizeof value);
    return value;
  }
  std::uint16_t half = 0;
  std::memcpy(&half, source + column * sizeof half, sizeof half);
  return format == Format::f16 ? kernels::half_to_float(half) : kernels::bfloat16_to_float(half);
}

void pack_row_of_floats(Format format, const std::byte* source, std::size_t columns,
                        const OpenPack& pack, unsigned row) {
  const std::size_t value_bytes = bytes_per_block(format);
  const std::size_t bytes = columns * value_bytes;
  for (std::size_t at = 0; at < bytes; at += 16) {
    const auto word = static_cast<unsigned>(at / 16);
    std::memcpy(pack.wide(word / wide_words(pack.shape), word % wide_words(pack.shape), row),
                source + at, std::min<std::size_t>(16, bytes - at));
  }
  float greatest = 0.0F;
  for (std::size_t c = 0; c < columns; ++c) {
    greatest = std::max(greatest, std::abs(float_at(format, source, c)));
  }
  pack.put_factor(row, std::isfinite(greatest) ? greatest : 1.0F);
}

void pack_row(Format format, const std::byte* source, std::size_t columns, const OpenPack& pack,
              unsigned row) {
  switch (format) {
    case Format::f32:
    case Format::f16:
    case Format::bf16:
      return pack_row_of_floats(format, source, columns, pack, row);
    case Format::q8_0:
      return pack_row_of_blocks<Format::q8_0>(source, columns, pack, row);
    case Format::q4_0:
      return pack_row_of_blocks<Format::q4_0>(source, columns, pack, row);
    case Format::q4_1:
      return pack_row_of_blocks<Format::q4_1>(source, columns, pack, row);
    case Format::q5_0:
      return pack_row_of_blocks<Format::q5_0>(source, columns, pack, row);
    case Format::q5_1:
      return pack_row_of_blocks<Format::q5_1>(source, columns, pack, row);
    case Format::q2_k:
      return pack_row_of_blocks<Format::q2_k>(source, columns, pack, row);
    case Format::q3_k:
      return pack_row_of_blocks<Format::q3_k>(source, columns, pack, row);
    case Format::q4_k:
      return pack_row_of_blocks<Format::q4_k>(source, columns, pack, row);
    case Format::q5_k:
      return pack_row_of_blocks<Format::q5_k>(source, columns, pack, row);
    case Format::q6_k:
      return pack_row_of_blocks<Format::q6_k>(source, columns, pack, row);
    case Format::tq1_0:
      return pack_row_of_blocks<Format::tq1_0>(source, columns, pack, row);
    case Format::tq2_0:
      return pack_row_of_blocks<Format::tq2_0>(source, columns, pack, row);
    case Format::i2_s:
      return pack_row_of_blocks<Format::i2_s>(source, columns, pack, row);
  }
  assert(false && "every format is listed above");
}

PackLayout layout_for(Format format, std::size_t columns) {
  return layout_of(shape_of(format), units_of(static_cast<std::uint32_t>(columns)));
}

}  // namespace

std::size_t packed_bytes(Format format, std::size_t rows, std::size_t columns) {
  const std::size_t packs = (rows + rows_per_pack - 1) / rows_per_pack;
  return packs * layout_for(format, columns).bytes;
}

void pack(const TensorView& weights, std::size_t first, std::size_t last, std::byte* out) {
  assert(first % rows_per_pack == 0 && first <= last && last <= weights.rows);
  assert(last % rows_per_pack == 0 || last == weights.rows);
  const std::size_t row_bytes = bytes_per_row(weights.format, weights.columns);
  OpenPack open{shape_of(weights.format), layout_for(weights.format, weights.columns), out};
  for (std::size_t row = first; row < last; ++row) {
    const auto in_pack = static_cast<unsigned>(row % rows_per_pack);
    if (in_pack == 0) {
      open.data = out + (row - first) / rows_per_pack * open.layout.bytes;
      std::memset(open.data, 0, open.layout.bytes);
    }
    pack_row(weights.format, weights.data + row * row_bytes, weights.columns, open, in_pack);
  }
}

}  // namespace squall::kernels::hip
