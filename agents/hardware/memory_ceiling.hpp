#pragma once
// How fast this machine's memory can be read at all: what bounds decoding a model larger than
// caches.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace squall::agents {

/// Memory to read, each part of it first written by the thread that will mostly read it, so that
/// on a machine of several sockets it lies near that.
class ReadBuffer {
 public:
  /// Throws std::bad_alloc.
  ReadBuffer(std::size_t bytes, std::size_t threads);
  ~ReadBuffer();
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;

  const std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
  std::byte* data_;
};

/// Bytes per second that `threads` threads read together, each its own part, slice after slice and
/// over and over: the best of at least three slices and of all that begin within `patience`, so
/// that what others do on the machine counts least. Caches do not help a buffer that is several
/// times as large.
double read_rate(const ReadBuffer& buffer, std::size_t threads, std::chrono::nanoseconds patience);

/// The same, of a buffer of its own of `bytes`. Takes about a second.
double read_ceiling(std::size_t bytes, std::size_t threads);

}  // namespace squall::agents
