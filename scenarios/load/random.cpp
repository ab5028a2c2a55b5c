#include "scenarios/load/random.hpp"

#include <cassert>
#include <cmath>

#include "scenarios/load/portable_math.hpp"

namespace squall::scenarios {

namespace {

constexpr std::uint64_t golden_gamma = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio, odd

}  // namespace

std::uint64_t mix_bits(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

Random::Random(std::uint64_t seed, std::uint64_t purpose, std::uint64_t index)
    : state_(mix_bits(seed + golden_gamma)) {
  // One mixing a name: neighbouring seeds, purposes and indices land far apart on the one cycle.
  state_ = mix_bits(state_ ^ mix_bits(purpose + 2 * golden_gamma));
  state_ = mix_bits(state_ + mix_bits(index + 3 * golden_gamma));
}

std::uint64_t Random::next() {
  state_ += golden_gamma;
  return mix_bits(state_);
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

double Random::exponential() {
  return -portable_log(1 - uniform());  // 1 - uniform() lies in (0, 1]
}

double Random::normal() {
  // The polar form needs no sine or cosine; on average it takes 1.27 turns.
  for (;;) {
    const double x = 2 * uniform() - 1;
    const double y = 2 * uniform() - 1;
    const double square = x * x + y * y;
    if (square >= 1 || square < 0x1p-1000) continue;
    return x * std::sqrt(-2 * portable_log(square) / square);
  }
}

double Random::gamma(double shape) {
  assert(shape > 0);
  // A variable of shape a is one of shape a + 1 times the a-th root of a uniform one.
  if (shape < 1) return gamma(shape + 1) * portable_exp(portable_log(1 - uniform()) / shape);
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double cube = root * root * root;
    const double u = 1 - uniform();
    // Nearly always true, and spares the logarithms.
    if (u < 1 - 0.0331 * (x * x) * (x * x)) return d * cube;
    if (portable_log(u) < x * x / 2 + d * (1 - cube + portable_log(cube))) return d * cube;
  }
}

}  // namespace squall::scenarios
