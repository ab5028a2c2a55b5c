#pragma once
// Chooses a format for each tensor so that a model fits a size with the least error.
//
// Noise in a matrix's weights disturbs its products by the same share, whatever its size, so the
// error of a choice is the sum of the matrices' relative squared errors, |w - w'|^2 / |w|^2.

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/formats/block_formats.hpp"
#include "kernels/tensor_view.hpp"

namespace squall::agents {

struct FormatOption {
  kernels::Format format = kernels::Format::f16;
  std::uint64_t bytes = 0;  // of the whole tensor
  double error = 0;         // relative, squared
};

/// What `matrix` loses in each of the formats that fit its rows, measured on at most some 500,000
/// values spread over it. By size, the smallest first.
std::vector<FormatOption> measure_formats(const kernels::TensorView& matrix,
                                          std::span<const kernels::Format> candidates);

/// For each tensor the index of its option. Steps along the lower convex hull of each tensor's
/// sizes and errors, always where a byte gains most, as long as `budget` bytes suffice. The
/// smallest of all where not even those fit.
std::vector<std::size_t> choose_formats(std::span<const std::vector<FormatOption>> tensors,
                                        std::uint64_t budget);

}  // namespace squall::agents
