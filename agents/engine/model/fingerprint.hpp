#pragma once
// Names a model by its content: 64 bits, fast rather than safe against forgery.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace squall::agents {

class Fingerprint {
 public:
  void add(std::span<const std::byte> bytes);
  void add(std::uint64_t number);
  /// 16 hexadecimal digits.
  std::string text() const;

 private:
  std::uint64_t state_ = 0;
};

/// Of files below 64 MiB every byte counts. Of larger ones the length, everything before
/// `data_offset` (header, metadata, tensor table) and 4 KiB at each of 4,096 places spread evenly
/// over the rest count, so that a model of 100 GB costs reading 16 MiB; a change that misses all
/// these places goes unseen.
std::string fingerprint_of_file(std::span<const std::byte> bytes, std::size_t data_offset);

}  // namespace squall::agents
