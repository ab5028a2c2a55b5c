#include "agents/engine/model/synthetic/random_weights.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <thread>
#include <vector>

#include "kernels/formats/float16.hpp"

namespace squall::agents {

namespace {

using kernels::BlockQ4_0;
using kernels::BlockQ8_0;
using kernels::Format;

/// The SplitMix64 sequence begun at `seed`, at any place: chunks need not know each other.
std::uint64_t random_word(std::uint64_t seed, std::uint64_t place) {
  std::uint64_t z = seed + (place + 1) * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

/// 256 evenly spaced values of mean 0 and standard deviation 1.
double evenly_spaced(std::size_t index) {
  const double step = std::sqrt(12.0 / (256.0 * 256.0 - 1.0));
  return (static_cast<double>(index) - 127.5) * step;
}

template <typename Value>
struct TableFill {
  std::array<Value, 256> table;

  static constexpr std::size_t unit_bytes = 8 * sizeof(Value);  // one random word
  void operator()(std::byte* unit, std::size_t bytes, std::uint64_t place,
                  std::uint64_t seed) const {
    const std::uint64_t word = random_word(seed, place);
    std::array<Value, 8> values;
    for (std::size_t i = 0; i < 8; ++i) values[i] = table[(word >> (8 * i)) & 0xFFU];
    std::memcpy(unit, values.data(), bytes);
  }
};

template <typename Block>
struct BlockFill {
  std::uint16_t scale;

  static constexpr std::size_t unit_bytes = sizeof(Block);
  void operator()(std::byte* unit, std::size_t bytes, std::uint64_t place,
                  std::uint64_t seed) const {
    assert(bytes == sizeof(Block));
    constexpr std::size_t words = (sizeof(Block) - sizeof(scale)) / 8;
    std::array<std::uint64_t, words> quants;
    for (std::size_t i = 0; i < words; ++i) quants[i] = random_word(seed, place * words + i);
    std::memcpy(unit, &scale, sizeof(scale));
    std::memcpy(unit + sizeof(scale), quants.data(), sizeof(quants));
    if constexpr (std::is_same_v<Block, BlockQ8_0>) {
      // No quantizer writes -128, and kernels may count on that.
      std::byte* quant = unit + sizeof(scale);
      for (std::size_t i = 0; i < sizeof(quants); ++i) {
        if (quant[i] == std::byte{0x80}) quant[i] = std::byte{0};
      }
    }
  }
};

/// Calls fill(unit, bytes, place, seed) for all units, on as many threads as are worth it.
template <typename Fill>
void fill_units(std::span<std::byte> bytes, std::uint64_t seed, const Fill& fill) {
  constexpr std::size_t unit_bytes = Fill::unit_bytes;
  constexpr std::size_t least_bytes_of_a_thread = std::size_t{4} << 20;
  const std::size_t units = (bytes.size() + unit_bytes - 1) / unit_bytes;
  const auto fill_range = [&](std::size_t first, std::size_t last) {
    for (std::size_t place = first; place < last; ++place) {
      const std::size_t at = place * unit_bytes;
      fill(bytes.data() + at, std::min(unit_bytes, bytes.size() - at), place, seed);
    }
  };
  const std::size_t threads =
      std::clamp<std::size_t>(bytes.size() / least_bytes_of_a_thread, 1,
                              std::max<std::size_t>(1, std::thread::hardware_concurrency()));
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < threads; ++i) {
    others.emplace_back(fill_range, units * i / threads, units * (i + 1) / threads);
  }
  fill_range(0, units / threads);
}

}  // namespace

void fill_with_random_weights(Format format, std::span<std::byte> bytes, double standard_deviation,
                              std::uint64_t seed) {
  switch (format) {
    case Format::f32: {
      TableFill<float> fill;
      for (std::size_t i = 0; i < 256; ++i) {
        fill.table[i] = static_cast<float>(evenly_spaced(i) * standard_deviation);
      }
      return fill_units(bytes, seed, fill);
    }
    case Format::f16: {
      TableFill<std::uint16_t> fill;
      for (std::size_t i = 0; i < 256; ++i) {
        fill.table[i] =
            kernels::float_to_half(static_cast<float>(evenly_spaced(i) * standard_deviation));
      }
      return fill_units(bytes, seed, fill);
    }
    case Format::q8_0: {
      constexpr double quant_deviation = 73.3;  // of -127..127: sqrt((255^2 - 1) / 12), 0 twice
      const auto scale = static_cast<float>(standard_deviation / quant_deviation);
      return fill_units(bytes, seed, BlockFill<BlockQ8_0>{kernels::float_to_half(scale)});
    }
    case Format::q4_0: {
      constexpr double quant_deviation = 4.61;  // of -8..7: sqrt((16^2 - 1) / 12)
      const auto scale = static_cast<float>(standard_deviation / quant_deviation);
      return fill_units(bytes, seed, BlockFill<BlockQ4_0>{kernels::float_to_half(scale)});
    }
  }
}

}  // namespace squall::agents
