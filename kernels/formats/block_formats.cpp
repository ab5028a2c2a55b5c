#include "kernels/formats/block_formats.hpp"

#include <array>
#include <cassert>

namespace squall::kernels {
namespace {

struct Properties {
  std::string_view name;
  std::size_t values;  // in a block
  std::size_t bytes;   // likewise
};

constexpr std::array<Properties, format_count> formats{{
    {"f32", 1, 4},
    {"f16", 1, 2},
    {"bf16", 1, 2},
    {"q8_0", 32, sizeof(BlockQ8_0)},
    {"q4_0", 32, sizeof(BlockQ4_0)},
    {"q4_1", 32, sizeof(BlockQ4_1)},
    {"q5_0", 32, sizeof(BlockQ5_0)},
    {"q5_1", 32, sizeof(BlockQ5_1)},
    {"q2_k", 256, sizeof(BlockQ2_K)},
    {"q3_k", 256, sizeof(BlockQ3_K)},
    {"q4_k", 256, sizeof(BlockQ4_K)},
    {"q5_k", 256, sizeof(BlockQ5_K)},
    {"q6_k", 256, sizeof(BlockQ6_K)},
    {"tq1_0", 256, sizeof(BlockTQ1_0)},
    {"tq2_0", 256, sizeof(BlockTQ2_0)},
    {"i2_s", 128, sizeof(BlockI2_S)},
}};

const Properties& properties(Format format) {
  const auto index = static_cast<std::size_t>(format);
  assert(index < formats.size());
  return formats[index];
}

}  // namespace

std::size_t values_per_block(Format format) { return properties(format).values; }
std::size_t bytes_per_block(Format format) { return properties(format).bytes; }
std::string_view name(Format format) { return properties(format).name; }

std::optional<Format> format_named(std::string_view name) {
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if (formats[i].name == name) return static_cast<Format>(i);
  }
  return std::nullopt;
}

std::size_t bytes_per_row(Format format, std::size_t columns) {
  assert(columns % values_per_block(format) == 0);
  return columns / values_per_block(format) * bytes_per_block(format);
}

std::size_t bytes_per_matrix(Format format, std::size_t rows, std::size_t columns) {
  const std::size_t extra = format == Format::i2_s ? i2_s_scale_bytes : 0;
  return rows * bytes_per_row(format, columns) + extra;
}

}  // namespace squall::kernels
