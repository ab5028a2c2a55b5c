#pragma once
// Where in a page the keys and values of 32 positions lie, for each way to keep them.
//
// A page has one section a head, so that whoever works on a head reads consecutive memory: its
// keys, then its values. Keys lie in groups of 8 positions, dimension by dimension, so that one
// vector holds the same dimension of 8 positions; values lie position by position, in rows padded
// to whole vectors. q8_0 adds a float scale for each position and up to 32 dimensions.
//
//   keys of a group:   | d0: p0 p1 … p7 | d1: p0 … p7 | …     values: | p0: d0 d1 … | p1: d0 …
//   their scales:      | b0: p0 p1 … p7 | b1: p0 … p7 | …     scales: | p0: b0 b1 … | p1: b0 …

#include <cstddef>

#include "kernels/backend.hpp"

namespace squall::kernels {

constexpr std::size_t positions_of_a_group = 8;
constexpr std::size_t dimensions_of_a_scale = 32;

class KvPageLayout {
 public:
  explicit constexpr KvPageLayout(const KvShape& shape)
      : dimension(shape.head_dimension),
        padded_dimension((dimension + 7) / 8 * 8),
        scales((dimension + dimensions_of_a_scale - 1) / dimensions_of_a_scale) {
    const bool quantized = shape.format == KvFormat::q8_0;
    const std::size_t element = quantized ? 1 : shape.format == KvFormat::f16 ? 2 : 4;
    const std::size_t scale_bytes = quantized ? positions_per_page * scales * sizeof(float) : 0;
    key_scales = whole_lines(positions_per_page * dimension * element);
    values = key_scales + whole_lines(scale_bytes);
    value_scales = values + whole_lines(positions_per_page * padded_dimension * element);
    head_bytes = value_scales + whole_lines(scale_bytes);
  }

  std::size_t dimension;
  std::size_t padded_dimension;  // of a value
  std::size_t scales;            // of one position
  // In bytes from the start of a head's section, where its keys are.
  std::size_t key_scales = 0;
  std::size_t values = 0;
  std::size_t value_scales = 0;
  std::size_t head_bytes = 0;

  // In elements from the start of the four.
  constexpr std::size_t key_index(std::size_t position, std::size_t d) const {
    return in_group(position, d, dimension);
  }
  constexpr std::size_t key_scale_index(std::size_t position, std::size_t scale) const {
    return in_group(position, scale, scales);
  }
  constexpr std::size_t value_index(std::size_t position, std::size_t d) const {
    return position * padded_dimension + d;
  }
  constexpr std::size_t value_scale_index(std::size_t position, std::size_t scale) const {
    return position * scales + scale;
  }

 private:
  static constexpr std::size_t whole_lines(std::size_t bytes) { return (bytes + 63) / 64 * 64; }
  static constexpr std::size_t in_group(std::size_t position, std::size_t row, std::size_t rows) {
    return (position / positions_of_a_group * rows + row) * positions_of_a_group +
           position % positions_of_a_group;
  }
};

}  // namespace squall::kernels
