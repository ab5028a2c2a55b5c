#pragma once
// A table that the host fills and kernels read: pinned on the host, at one address on the device
// from step to step, so that launches that use it stay the same.

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/hip/backend/device.hpp"

namespace squall::kernels::hip {

/// put() as often as wanted, upload() before the kernels run, clear() once they have.
class StagedTable {
 public:
  explicit StagedTable(Device& device) : device_(device) {}

  bool has_room_for(std::size_t bytes) const;
  /// Only while no kernel and no list refers to the table. Throws DeviceOutOfMemory.
  void make_room_for(std::size_t bytes);
  /// Where the bytes will be on the device; what was put before and is the same is not put again.
  const std::byte* put(std::span<const std::byte> bytes);
  void upload();
  void clear();

 private:
  struct Entry {
    std::size_t offset;
    std::size_t bytes;
  };
  Device& device_;
  PinnedBlock host_;
  DeviceBlock on_device_;
  std::vector<Entry> entries_;
  std::size_t used_ = 0;
  std::size_t uploaded_ = 0;
};

}  // namespace squall::kernels::hip
