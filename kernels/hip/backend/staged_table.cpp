#include "kernels/hip/backend/staged_table.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace squall::kernels::hip {
namespace {

constexpr std::size_t alignment = 256;
constexpr std::size_t least_bytes = 16 * 1024;

std::size_t aligned(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

}  // namespace

bool StagedTable::has_room_for(std::size_t bytes) const {
  return aligned(bytes) <= on_device_.bytes() - used_;
}

void StagedTable::make_room_for(std::size_t bytes) {
  assert(entries_.empty());
  const std::size_t room = std::max({least_bytes, 2 * on_device_.bytes(), aligned(bytes)});
  on_device_.release();
  on_device_ = DeviceBlock(device_, room);
  host_ = PinnedBlock(room);
}

const std::byte* StagedTable::put(std::span<const std::byte> bytes) {
  for (const Entry& entry : entries_) {
    if (entry.bytes == bytes.size() &&
        std::memcmp(host_.data() + entry.offset, bytes.data(), bytes.size()) == 0) {
      return on_device_.data() + entry.offset;
    }
  }
  assert(has_room_for(bytes.size()));
  const std::size_t offset = used_;
  std::memcpy(host_.data() + offset, bytes.data(), bytes.size());
  entries_.push_back({offset, bytes.size()});
  used_ += aligned(bytes.size());
  return on_device_.data() + offset;
}

void StagedTable::upload() {
  if (uploaded_ == used_) return;
  check(hipMemcpyAsync(on_device_.data() + uploaded_, host_.data() + uploaded_, used_ - uploaded_,
                       hipMemcpyHostToDevice, device_.stream()),
        "copying a table to the device");
  uploaded_ = used_;
}

void StagedTable::clear() {
  entries_.clear();
  used_ = 0;
  uploaded_ = 0;
}

}  // namespace squall::kernels::hip
