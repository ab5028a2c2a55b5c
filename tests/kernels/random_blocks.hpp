#pragma once
// Matrices of k-quants and ternary weights out of random bytes: every quant and every scale of a
// group occurs, scales of blocks are as extreme as a test wants.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/formats/dequantize.hpp"
#include "kernels/formats/float16.hpp"
#include "kernels/tensor_view.hpp"

namespace squall::kernels {

constexpr Format k_quants_and_ternary[] = {Format::q2_k,  Format::q3_k, Format::q4_k,
                                           Format::q5_k,  Format::q6_k, Format::tq1_0,
                                           Format::tq2_0, Format::i2_s};

/// Where a block keeps its scale and its least value, if it has them.
inline std::vector<std::size_t> offsets_of_halves(Format format) {
  switch (format) {
    case Format::q2_k:
      return {offsetof(BlockQ2_K, scale), offsetof(BlockQ2_K, least)};
    case Format::q3_k:
      return {offsetof(BlockQ3_K, scale)};
    case Format::q4_k:
      return {offsetof(BlockQ4_K, scale), offsetof(BlockQ4_K, least)};
    case Format::q5_k:
      return {offsetof(BlockQ5_K, scale), offsetof(BlockQ5_K, least)};
    case Format::q6_k:
      return {offsetof(BlockQ6_K, scale)};
    case Format::tq1_0:
      return {offsetof(BlockTQ1_0, scale)};
    case Format::tq2_0:
      return {offsetof(BlockTQ2_0, scale)};
    default:
      return {};
  }
}

class RandomBlocks {
 public:
  /// `halves`: what scales and least values are drawn from.
  RandomBlocks(Format format, std::size_t rows, std::size_t columns, std::uint32_t seed,
               std::size_t misalignment, const std::vector<float>& halves)
      : RandomBlocks(format, rows, columns, misalignment) {
    std::mt19937 generator(seed);
    for (std::byte& byte : bytes_) byte = static_cast<std::byte>(generator() & 255U);
    set_halves([&] { return halves[generator() % halves.size()]; });
  }

  /// All bytes the same, all scales and least values 1.
  RandomBlocks(Format format, std::size_t rows, std::size_t columns, std::byte byte)
      : RandomBlocks(format, rows, columns, 0) {
    std::memset(bytes_.data(), static_cast<int>(byte), bytes_.size());
    set_halves([] { return 1.0F; });
  }

  TensorView view() const {
    return {.format = format_,
            .rows = rows_,
            .columns = columns_,
            .data = bytes_.data() + misalignment_,
            .scale = format_ == Format::i2_s ? 0.75F : 1.0F};
  }

  std::vector<float> row(std::size_t r) const {
    std::vector<float> values(columns_);
    dequantize_row(view(), r, values);
    return values;
  }

  /// The greatest absolute value that a block of row `r` has among its least values.
  double greatest_least(std::size_t r) const {
    const auto offsets = offsets_of_halves(format_);
    if (offsets.size() < 2) return 0.0;
    float greatest = 0.0F;
    const std::byte* row = view().data + r * bytes_per_row(format_, columns_);
    for (std::size_t at = 0; at < bytes_per_row(format_, columns_);
         at += bytes_per_block(format_)) {
      std::uint16_t half = 0;
      std::memcpy(&half, row + at + offsets[1], sizeof half);
      greatest = std::max(greatest, std::abs(half_to_float(half)));
    }
    return static_cast<double>(greatest);
  }

 private:
  RandomBlocks(Format format, std::size_t rows, std::size_t columns, std::size_t misalignment)
      : format_(format),
        rows_(rows),
        columns_(columns),
        misalignment_(misalignment),
        bytes_(misalignment + rows * bytes_per_row(format, columns)) {}

  template <class Draw>
  void set_halves(const Draw& draw) {
    for (const std::size_t offset : offsets_of_halves(format_)) {
      for (std::size_t at = misalignment_; at < bytes_.size(); at += bytes_per_block(format_)) {
        const std::uint16_t half = float_to_half(draw());
        std::memcpy(bytes_.data() + at + offset, &half, sizeof half);
      }
    }
  }

  Format format_;
  std::size_t rows_;
  std::size_t columns_;
  std::size_t misalignment_;
  std::vector<std::byte> bytes_;
};

}  // namespace squall::kernels
