#pragma once
// How a multiplication wants its weights when not as they lie in files: rows in groups,
// interleaved.

#include <cstddef>

#include "kernels/tensor_view.hpp"

namespace squall::kernels {

/// Groups follow one another in memory, each `group_bytes` long and aligned to 64 bytes; the last
/// one is as long as the others, its missing rows packed as zeros.
struct PackedLayout {
  std::size_t rows_of_group;
  std::size_t (*group_bytes)(std::size_t columns);  // a multiple of 64
  void (*pack_group)(const TensorView& source, std::size_t first_row, std::byte* packed);
};

}  // namespace squall::kernels
