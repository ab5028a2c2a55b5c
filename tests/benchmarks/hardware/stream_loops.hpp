#pragma once
// Memory bandwidth as the STREAM benchmark measures it (J. D. McCalpin): whole arrays of doubles,
// far larger than caches, the best of many passes. Written for itself: nothing of the probe is in
// here, which it is compared with.

#include <cstddef>

namespace squall::benchmarks {

/// Bytes per second. As in STREAM, what the processor reads before it overwrites it does not count.
struct StreamRates {
  double read = 0;   // sum += a
  double copy = 0;   // b = a
  double triad = 0;  // c = a + s * b
};

/// So many doubles on large pages where the machine has them, as the probe's buffer is: on small
/// ones processors fetch ahead no further than a page, and read a third less.
class LargeArray {
 public:
  LargeArray(std::size_t count, double value);
  ~LargeArray();
  LargeArray(const LargeArray&) = delete;
  LargeArray& operator=(const LargeArray&) = delete;

  double* data() const { return data_; }
  std::size_t size() const { return count_; }

 private:
  std::size_t count_;
  double* data_;
};

class StreamLoops {
 public:
  /// `doubles`: in each of the three arrays.
  StreamLoops(std::size_t doubles, std::size_t threads);

  /// The best of `passes`.
  StreamRates measure(std::size_t passes);

 private:
  template <class Work>
  double best_seconds(std::size_t passes, const Work& work);

  std::size_t threads_;
  LargeArray a_, b_, c_;
};

}  // namespace squall::benchmarks
