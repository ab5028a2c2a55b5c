#include "kernels/hip/backend/hip_weights.hpp"

#include <algorithm>
#include <cstring>

namespace squall::kernels::hip {
namespace {

constexpr std::size_t piece_bytes = std::size_t{8} << 20;

}  // namespace

std::byte* Upload::piece_of(std::size_t bytes) {
  if (piece_.bytes() < bytes) piece_ = PinnedBlock(std::max(bytes, piece_bytes));
  return piece_.data();
}

void Upload::send(std::byte* to, std::size_t bytes) {
  check(hipMemcpyAsync(to, piece_.data(), bytes, hipMemcpyHostToDevice, device_.stream()),
        "copying to the device");
  // The piece is filled again. Packing takes longer than copying, so little is lost by waiting.
  device_.wait();
}

DeviceBlock Upload::packed(const TensorView& weights) {
  const auto bytes_of = [&](std::size_t rows) {
    return packed_bytes(weights.format, rows, weights.columns);
  };
  DeviceBlock block(device_, bytes_of(weights.rows));
  const std::size_t packs = std::max<std::size_t>(piece_bytes / bytes_of(rows_per_pack), 1);
  const std::size_t rows = std::min(packs * rows_per_pack, weights.rows);
  piece_of(bytes_of(rows));
  for (std::size_t first = 0; first < weights.rows; first += rows) {
    const std::size_t last = std::min(first + rows, weights.rows);
    pack(weights, first, last, piece_.data());
    send(block.data() + bytes_of(first), bytes_of(last - first));
  }
  return block;
}

DeviceBlock Upload::plain(std::span<const std::byte> bytes) {
  DeviceBlock block(device_, bytes.size());
  copy(bytes, block.data());
  return block;
}

void Upload::copy(std::span<const std::byte> from, std::byte* to) {
  for (std::size_t done = 0; done < from.size();) {
    const std::size_t bytes = std::min(piece_bytes, from.size() - done);
    std::memcpy(piece_of(bytes), from.data() + done, bytes);
    send(to + done, bytes);
    done += bytes;
  }
}

}  // namespace squall::kernels::hip
