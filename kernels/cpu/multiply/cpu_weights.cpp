#include "kernels/cpu/multiply/cpu_weights.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <sys/mman.h>

namespace squall::kernels {

namespace {

constexpr std::size_t large_page = 2U << 20;
constexpr std::size_t usual_chunk = 32 * large_page;

std::size_t rounded_up(std::size_t bytes, std::size_t step) {
  return (bytes + step - 1) / step * step;
}

/// Begins at a large page; `bytes` is a multiple of them.
std::shared_ptr<std::byte> map_chunk(std::size_t bytes) {
  const std::size_t mapped = bytes + large_page;
  void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<std::byte*>(memory);
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  std::byte* aligned = begin + (rounded_up(address, large_page) - address);
  madvise(aligned, bytes, MADV_HUGEPAGE);  // a wish: without it all works, only slower
  return {aligned, [begin, mapped](std::byte*) { munmap(begin, mapped); }};
}

}  // namespace

std::shared_ptr<std::byte> PackedArena::take(std::size_t bytes) {
  bytes = rounded_up(bytes, 64);
  if (chunk_ == nullptr || chunk_bytes_ - taken_ < bytes) {
    chunk_bytes_ = std::max(usual_chunk, rounded_up(bytes, large_page));
    chunk_ = map_chunk(chunk_bytes_);
    taken_ = 0;
  }
  std::shared_ptr<std::byte> piece(chunk_, chunk_.get() + taken_);
  taken_ += bytes;
  return piece;
}

CpuWeightMatrix::CpuWeightMatrix(const TensorView& view, const MultiplyKernel& kernel,
                                 PackedArena& arena, const ShareOut& share_out)
    : view_(view) {
  if (kernel.layout == nullptr) return;
  const PackedLayout& layout = *kernel.layout;
  rows_of_group_ = layout.rows_of_group;
  group_bytes_ = layout.group_bytes(view.columns);
  const std::size_t groups = (view.rows + rows_of_group_ - 1) / rows_of_group_;
  packed_ = arena.take(groups * group_bytes_);
  share_out(groups, [&](std::size_t first, std::size_t last) {
    for (std::size_t group = first; group < last; ++group) {
      layout.pack_group(view, group * rows_of_group_, packed_.get() + group * group_bytes_);
    }
  });
  view_.data = nullptr;  // whose memory may go now
}

}  // namespace squall::kernels
