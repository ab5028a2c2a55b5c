#include "kernels/formats/dequantize.hpp"

#include <cassert>
#include <cstring>

#include "kernels/formats/float16.hpp"

namespace squall::kernels {
namespace {

// Files promise no alignment that would allow to use the structs in place.
template <class Value>
Value load(const std::byte* bytes) {
  Value value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

void dequantize_f16(const std::byte* row, std::span<float> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = half_to_float(load<std::uint16_t>(row + i * sizeof(std::uint16_t)));
  }
}

void dequantize_q8_0(const std::byte* row, std::span<float> values) {
  for (std::size_t start = 0; start < values.size(); start += 32, row += sizeof(BlockQ8_0)) {
    const auto block = load<BlockQ8_0>(row);
    const float scale = half_to_float(block.scale);
    for (std::size_t i = 0; i < 32; ++i) {
      values[start + i] = scale * static_cast<float>(block.quants[i]);
    }
  }
}

void dequantize_q4_0(const std::byte* row, std::span<float> values) {
  for (std::size_t start = 0; start < values.size(); start += 32, row += sizeof(BlockQ4_0)) {
    const auto block = load<BlockQ4_0>(row);
    const float scale = half_to_float(block.scale);
    for (std::size_t i = 0; i < 16; ++i) {
      const int low = (block.nibbles[i] & 0x0F) - 8;
      const int high = (block.nibbles[i] >> 4) - 8;
      values[start + i] = scale * static_cast<float>(low);
      values[start + 16 + i] = scale * static_cast<float>(high);
    }
  }
}

}  // namespace

void dequantize_row(Format format, const std::byte* row, std::span<float> values) {
  assert(values.size() % values_per_block(format) == 0);
  switch (format) {
    case Format::f32:
      std::memcpy(values.data(), row, values.size_bytes());
      return;
    case Format::f16:
      return dequantize_f16(row, values);
    case Format::q8_0:
      return dequantize_q8_0(row, values);
    case Format::q4_0:
      return dequantize_q4_0(row, values);
  }
  assert(false && "every format is listed above");
}

}  // namespace squall::kernels
