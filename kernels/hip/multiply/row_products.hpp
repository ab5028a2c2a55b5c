#pragma once
// Several matrices of one format, one input, one launch: blocks are dealt out to them in order.

#include <cstddef>
#include <cstdint>

#include "kernels/hip/gpu_runtime.hpp"

namespace squall::kernels::hip {

constexpr unsigned most_products_of_launch = 4;

struct PackedProduct {
  const std::byte* packs = nullptr;
  float* output = nullptr;  // [batch, rows]
  std::uint32_t rows = 0;
  std::uint32_t first_block = 0xFFFFFFFFU;  // the first of the grid's x that works on it
  float scale = 1.0F;
};

struct PackedProducts {
  PackedProduct products[most_products_of_launch];
  std::uint32_t blocks = 0;  // of all of them
};

/// The product that a block works on. Constant places only: a chosen one would go through memory.
__device__ __forceinline__ PackedProduct product_of_block(const PackedProducts& all,
                                                          std::uint32_t block) {
  PackedProduct chosen = all.products[0];
  if (block >= all.products[1].first_block) chosen = all.products[1];
  if (block >= all.products[2].first_block) chosen = all.products[2];
  if (block >= all.products[3].first_block) chosen = all.products[3];
  return chosen;
}

}  // namespace squall::kernels::hip
