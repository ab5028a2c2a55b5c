#include "agents/engine/model/synthetic/random_weights.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <thread>
#include <vector>

#include "kernels/formats/float16.hpp"
#include "kernels/formats/k_quant_scales.hpp"

namespace squall::agents {

namespace {

using namespace kernels;

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

using ByteMap = std::array<std::byte, 256>;

/// No quantizer writes -128, and kernels may count on that.
constexpr ByteMap without_least_int8 = [] {
  ByteMap map{};
  for (std::size_t i = 0; i < 256; ++i) map[i] = static_cast<std::byte>(i == 0x80 ? 0 : i);
  return map;
}();

/// Four quants of 2 bits, each 0, 1 or 2: there are 81 such bytes, evenly spread over 256.
constexpr ByteMap four_ternary_quants = [] {
  ByteMap map{};
  for (std::size_t i = 0; i < 256; ++i) {
    std::size_t number = i * 81 / 256;
    std::size_t byte = 0;
    for (std::size_t q = 0; q < 4; ++q, number /= 3) byte |= number % 3 << (2 * q);
    map[i] = static_cast<std::byte>(byte);
  }
  return map;
}();

/// Digits of tq1_0, five to a byte and, in the last bytes, four: 243 and 81 such bytes.
constexpr ByteMap ternary_digits(std::size_t bytes) {
  ByteMap map{};
  for (std::size_t i = 0; i < 256; ++i) {
    const std::size_t number = i * bytes / 256 * (243 / bytes);
    map[i] = static_cast<std::byte>((number * 256 + 242) / 243);
  }
  return map;
}
constexpr ByteMap five_ternary_digits = ternary_digits(243);
constexpr ByteMap four_ternary_digits = ternary_digits(81);

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

/// Blocks that all have the same scales and, in one piece, random quants.
struct BlockFill {
  std::array<std::byte, 256> block{};  // the scales are in place
  std::size_t unit_bytes = 0;          // of the block
  std::size_t quants_at = 0;
  std::size_t quant_bytes = 0;
  const ByteMap* meaning = nullptr;  // what a random byte becomes; null: itself
  std::size_t tail_bytes = 0;        // the last of the quants, of another meaning
  const ByteMap* tail_meaning = nullptr;

  void operator()(std::byte* unit, std::size_t bytes, std::uint64_t place,
                  std::uint64_t seed) const {
    assert(bytes == unit_bytes);
    const std::size_t words = (quant_bytes + 7) / 8;
    std::memcpy(unit, block.data(), unit_bytes);
    std::byte* quants = unit + quants_at;
    for (std::size_t i = 0; i < words; ++i) {
      const std::uint64_t word = random_word(seed, place * words + i);
      std::memcpy(quants + 8 * i, &word, std::min<std::size_t>(8, quant_bytes - 8 * i));
    }
    if (!meaning) return;
    for (std::size_t i = 0; i < quant_bytes; ++i) {
      const ByteMap& map = i + tail_bytes < quant_bytes ? *meaning : *tail_meaning;
      quants[i] = map[std::to_integer<std::size_t>(quants[i])];
    }
  }
};

/// Calls fill(unit, bytes, place, seed) for all units, on as many threads as are worth it.
template <typename Fill>
void fill_units(std::span<std::byte> bytes, std::uint64_t seed, const Fill& fill) {
  const std::size_t unit_bytes = fill.unit_bytes;
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

/// Tells a BlockFill of a block with the scales set and quants from member `quants` on.
template <typename Block, typename Quants>
BlockFill fill_of(const Block& block, const Quants& quants, std::size_t quant_bytes,
                  const ByteMap* meaning = nullptr) {
  BlockFill fill;
  static_assert(sizeof(Block) <= sizeof fill.block);
  std::memcpy(fill.block.data(), &block, sizeof block);
  fill.unit_bytes = sizeof block;
  fill.quants_at = static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&quants) -
                                            reinterpret_cast<const std::byte*>(&block));
  fill.quant_bytes = quant_bytes;
  fill.meaning = meaning;
  return fill;
}

/// Standard deviation of whole numbers in a row, each as likely as the others.
double deviation_of(double how_many) { return std::sqrt((how_many * how_many - 1.0) / 12.0); }

/// The root of their mean square where they reach one step further down than up; with a group's
/// sign at random that is the deviation.
double lopsided_deviation_of(double how_many) {
  return std::sqrt((how_many * how_many - 1.0) / 12.0 + 0.25);
}

std::uint16_t half(double value) { return float_to_half(static_cast<float>(value)); }

// Multiples of a block's scale that its groups take; as different as in real files, and the same in
// each block. The root of their mean square is what the deviation of the weights grows by.
double root_mean_square(std::span<const int> multiples) {
  double squares = 0.0;
  for (const int multiple : multiples) squares += multiple * multiple;
  return std::sqrt(squares / static_cast<double>(multiples.size()));
}
constexpr std::array<int, 16> multiples_of_4_bits{9, 15, 8, 12, 10, 14, 11, 13,
                                                  8, 15, 9, 13, 12, 10, 14, 11};
constexpr std::array<int, 8> multiples_of_6_bits{40, 63, 35, 52, 47, 58, 33, 61};
// Quants of the symmetric formats reach one step further down than up; signs that change even it
// out.
constexpr std::array<int, 16> signed_multiples{-17, 31, -23, 28, -31, 19, -26, 21,
                                               -30, 16, -18, 25, -29, 27, -22, 24};

BlockFill fill_of_q8_0(double deviation) {
  constexpr double quant_deviation = 73.3;  // of -127..127: sqrt((255^2 - 1) / 12), 0 twice
  BlockQ8_0 block{};
  block.scale = half(deviation / quant_deviation);
  return fill_of(block, block.quants, 32, &without_least_int8);
}

BlockFill fill_of_q4_0(double deviation) {
  constexpr double quant_deviation = 4.61;  // of -8..7: sqrt((16^2 - 1) / 12)
  BlockQ4_0 block{};
  block.scale = half(deviation / quant_deviation);
  return fill_of(block, block.nibbles, 16);
}

BlockFill fill_of_q4_1(double deviation) {
  BlockQ4_1 block{};
  block.scale = half(deviation / deviation_of(16));
  block.least = half(-7.5 * deviation / deviation_of(16));
  return fill_of(block, block.nibbles, 16);
}

BlockFill fill_of_q5_0(double deviation) {
  BlockQ5_0 block{};
  block.scale = half(deviation / deviation_of(32));
  return fill_of(block, block.high_bits, 20);
}

BlockFill fill_of_q5_1(double deviation) {
  BlockQ5_1 block{};
  block.scale = half(deviation / deviation_of(32));
  block.least = half(-15.5 * deviation / deviation_of(32));
  return fill_of(block, block.high_bits, 20);
}

BlockFill fill_of_q2_k(double deviation) {
  const double scale = deviation / deviation_of(4) / root_mean_square(multiples_of_4_bits);
  BlockQ2_K block{};
  block.scale = half(scale);
  block.least = half(1.5 * scale);
  for (std::size_t g = 0; g < 16; ++g) {
    block.scales[g] = static_cast<std::uint8_t>(multiples_of_4_bits[g] * 17);
  }
  return fill_of(block, block.quants, 64);
}

BlockFill fill_of_q3_k(double deviation) {
  BlockQ3_K block{};
  block.scale = half(deviation / lopsided_deviation_of(8) / root_mean_square(signed_multiples));
  SignedGroupScales scales;
  std::copy(signed_multiples.begin(), signed_multiples.end(), scales.scale);
  pack_signed_group_scales(scales, block.scales);
  return fill_of(block, block.high_bits, 96);
}

/// q4_k and q5_k
template <typename Block>
Block block_of_six_bit_scales(double deviation, double quants) {
  const double scale = deviation / deviation_of(quants) / root_mean_square(multiples_of_6_bits);
  Block block{};
  block.scale = half(scale);
  block.least = half((quants - 1.0) / 2.0 * scale);
  GroupScales scales;
  for (std::size_t g = 0; g < 8; ++g) {
    scales.scale[g] = scales.least[g] = static_cast<std::uint8_t>(multiples_of_6_bits[g]);
  }
  pack_group_scales(scales, block.scales);
  return block;
}

BlockFill fill_of_q4_k(double deviation) {
  const auto block = block_of_six_bit_scales<BlockQ4_K>(deviation, 16);
  return fill_of(block, block.nibbles, 128);
}

BlockFill fill_of_q5_k(double deviation) {
  const auto block = block_of_six_bit_scales<BlockQ5_K>(deviation, 32);
  return fill_of(block, block.high_bits, 160);
}

BlockFill fill_of_q6_k(double deviation) {
  BlockQ6_K block{};
  block.scale = half(deviation / lopsided_deviation_of(64) / root_mean_square(signed_multiples));
  std::copy(signed_multiples.begin(), signed_multiples.end(), block.scales);
  return fill_of(block, block.low, 192);
}

BlockFill fill_of_tq1_0(double deviation) {
  BlockTQ1_0 block{};
  block.scale = half(deviation / deviation_of(3));
  BlockFill fill = fill_of(block, block.digits, 52, &five_ternary_digits);
  fill.tail_bytes = sizeof block.last_digits;
  fill.tail_meaning = &four_ternary_digits;
  return fill;
}

BlockFill fill_of_tq2_0(double deviation) {
  BlockTQ2_0 block{};
  block.scale = half(deviation / deviation_of(3));
  return fill_of(block, block.quants, 64, &four_ternary_quants);
}

BlockFill fill_of_i2_s() {
  const BlockI2_S block{};
  return fill_of(block, block.quants, 32, &four_ternary_quants);
}

template <typename Value, typename Convert>
TableFill<Value> table_of(double deviation, Convert convert) {
  TableFill<Value> fill;
  for (std::size_t i = 0; i < 256; ++i) {
    fill.table[i] = convert(static_cast<float>(evenly_spaced(i) * deviation));
  }
  return fill;
}

}  // namespace

float fill_with_random_weights(Format format, std::span<std::byte> bytes, double deviation,
                               std::uint64_t seed) {
  const auto fill = [&](const auto& recipe) { fill_units(bytes, seed, recipe); };
  switch (format) {
    case Format::f32:
      fill(table_of<float>(deviation, [](float value) { return value; }));
      break;
    case Format::f16:
      fill(table_of<std::uint16_t>(deviation, float_to_half));
      break;
    case Format::bf16:
      fill(table_of<std::uint16_t>(deviation, float_to_bfloat16));
      break;
    case Format::q8_0:
      fill(fill_of_q8_0(deviation));
      break;
    case Format::q4_0:
      fill(fill_of_q4_0(deviation));
      break;
    case Format::q4_1:
      fill(fill_of_q4_1(deviation));
      break;
    case Format::q5_0:
      fill(fill_of_q5_0(deviation));
      break;
    case Format::q5_1:
      fill(fill_of_q5_1(deviation));
      break;
    case Format::q2_k:
      fill(fill_of_q2_k(deviation));
      break;
    case Format::q3_k:
      fill(fill_of_q3_k(deviation));
      break;
    case Format::q4_k:
      fill(fill_of_q4_k(deviation));
      break;
    case Format::q5_k:
      fill(fill_of_q5_k(deviation));
      break;
    case Format::q6_k:
      fill(fill_of_q6_k(deviation));
      break;
    case Format::tq1_0:
      fill(fill_of_tq1_0(deviation));
      break;
    case Format::tq2_0:
      fill(fill_of_tq2_0(deviation));
      break;
    case Format::i2_s:
      fill(fill_of_i2_s());
      return static_cast<float>(deviation / deviation_of(3));
  }
  return 1.0F;
}

}  // namespace squall::agents
