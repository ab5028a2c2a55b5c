#pragma once
// The one source of chance: a small generator whose stream is named by (seed, purpose, index), so
// that every request's random choices are its own and do not depend on who draws them first.
//
// SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

#include <cstdint>

namespace squall::scenarios {

/// SplitMix64's finalizer: a bijection of 64 bits in which every input bit moves every output bit.
std::uint64_t mix_bits(std::uint64_t value);

class Random {
 public:
  /// Streams with any differing argument are independent for all practical purposes.
  explicit Random(std::uint64_t seed, std::uint64_t purpose = 0, std::uint64_t index = 0);

  std::uint64_t next();  // uniform over all 64-bit values
  double uniform();      // [0, 1)
  double exponential();  // mean 1
  double normal();       // mean 0, deviation 1 (Box-Muller in Marsaglia's polar form)

  /// A gamma variable of this shape (above 0) and scale 1, whose mean and variance are `shape`.
  /// Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
  double gamma(double shape);

 private:
  std::uint64_t state_;
};

}  // namespace squall::scenarios
