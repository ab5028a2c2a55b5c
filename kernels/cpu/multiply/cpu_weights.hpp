#pragma once
// Weights as the CPU's kernels multiply them: packed into memory of their own, or left in place.

#include <cstddef>
#include <functional>
#include <memory>

#include "kernels/backend.hpp"
#include "kernels/cpu/kernel_table.hpp"

namespace squall::kernels {

/// Zeroed memory for packed weights, in large pages where the system has them: chunks much larger
/// than a matrix, handed out piece by piece, since a matrix alone rarely fills a large page. A
/// chunk goes with the last of its pieces. What no piece has touched takes no memory.
class PackedArena {
 public:
  /// Aligned to 64 bytes. Throws std::bad_alloc.
  std::shared_ptr<std::byte> take(std::size_t bytes);

 private:
  std::shared_ptr<std::byte> chunk_;
  std::size_t chunk_bytes_ = 0;
  std::size_t taken_ = 0;
};

class CpuWeightMatrix final : public WeightMatrix {
 public:
  /// Calls work(first, last) for ranges that together cover [0, items), perhaps on many threads.
  using ShareOut =
      std::function<void(std::size_t items, const std::function<void(std::size_t, std::size_t)>&)>;

  /// Left in place.
  explicit CpuWeightMatrix(const TensorView& view) : view_(view) {}
  /// In the kernel's layout, if it has one.
  CpuWeightMatrix(const TensorView& view, const MultiplyKernel& kernel, PackedArena& arena,
                  const ShareOut& share_out);

  std::size_t rows() const override { return view_.rows; }
  std::size_t columns() const override { return view_.columns; }
  bool uses_source() const override { return packed_ == nullptr; }

  const TensorView& view() const { return view_; }
  /// Rows that must stay together when work is shared out.
  std::size_t rows_of_group() const { return rows_of_group_; }
  /// Where a row that begins a group lies.
  const std::byte* group_of(std::size_t row) const {
    return (packed_ != nullptr ? packed_.get() : view_.data) + row / rows_of_group_ * group_bytes_;
  }

 private:
  // Kernels work on a few rows at a time, in place too; whole groups leave no remainders between.
  static constexpr std::size_t rows_in_place = 8;

  TensorView view_;
  std::size_t rows_of_group_ = rows_in_place;
  std::size_t group_bytes_ = rows_in_place * bytes_per_row(view_.format, view_.columns);
  std::shared_ptr<std::byte> packed_;  // null: in place
};

}  // namespace squall::kernels
