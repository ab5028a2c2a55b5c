#pragma once
// Weights on a device: brought there in pieces through pinned memory, packed on the way.

#include <functional>

#include "kernels/backend.hpp"
#include "kernels/hip/backend/device.hpp"

namespace squall::kernels::hip {

class HipWeights final : public WeightMatrix {
 public:
  /// before_release: called before the memory goes, since work put off may still read it.
  HipWeights(DeviceBlock block, const DeviceMatrix& matrix, std::function<void()> before_release)
      : block_(std::move(block)), matrix_(matrix), before_release_(std::move(before_release)) {}
  ~HipWeights() override { before_release_(); }

  std::size_t rows() const override { return matrix_.rows; }
  std::size_t columns() const override { return matrix_.columns; }
  bool uses_source() const override { return false; }
  const DeviceMatrix& matrix() const { return matrix_; }

 private:
  DeviceBlock block_;
  DeviceMatrix matrix_;
  std::function<void()> before_release_;
};

/// Brings the host's bytes to a device.
class Upload {
 public:
  explicit Upload(Device& device) : device_(device) {}

  /// As pack() lays them out. Throws DeviceOutOfMemory, DeviceError.
  DeviceBlock packed(const TensorView& weights);
  /// As they are.
  DeviceBlock plain(std::span<const std::byte> bytes);
  void copy(std::span<const std::byte> from, std::byte* to);

 private:
  std::byte* piece_of(std::size_t bytes);
  void send(std::byte* to, std::size_t bytes);

  Device& device_;
  PinnedBlock piece_;
};

}  // namespace squall::kernels::hip
