#include "agents/engine/model/fingerprint.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace squall::agents {

namespace {

constexpr std::size_t whole_below = std::size_t{64} << 20;
constexpr std::size_t samples = 4096;
constexpr std::size_t sample_bytes = 4096;

constexpr std::uint64_t odd_constant = 0x9E3779B97F4A7C15U;  // 2^64 divided by the golden ratio

/// A bijection of 64-bit numbers in which every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93U;
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93U;
  return x ^ (x >> 32);
}

std::uint64_t read_word(const std::byte* bytes, std::size_t count) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, count);
  return word;
}

}  // namespace

void Fingerprint::add(std::uint64_t number) { state_ = mix(state_ * odd_constant + number + 1); }

void Fingerprint::add(std::span<const std::byte> bytes) {
  // Four independent chains keep the multiplier busy.
  std::array<std::uint64_t, 4> chains{1, 2, 3, 4};
  std::size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32) {
    for (std::size_t lane = 0; lane < chains.size(); ++lane) {
      const std::uint64_t word = read_word(bytes.data() + at + lane * 8, 8);
      chains[lane] = (chains[lane] ^ word) * odd_constant;
      chains[lane] ^= chains[lane] >> 29;
    }
  }
  for (; at < bytes.size(); at += 8) {
    add(read_word(bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at)));
  }
  for (const std::uint64_t chain : chains) add(chain);
  add(std::uint64_t{bytes.size()});
}

std::string Fingerprint::text() const {
  std::string digits(16, '0');
  for (std::size_t i = 0; i < digits.size(); ++i) {
    digits[i] = "0123456789abcdef"[(state_ >> (60 - 4 * i)) & 15U];
  }
  return digits;
}

std::string fingerprint_of_file(std::span<const std::byte> bytes, std::size_t data_offset) {
  Fingerprint fingerprint;
  if (bytes.size() < whole_below) {
    fingerprint.add(bytes);
    return fingerprint.text();
  }
  fingerprint.add(std::uint64_t{bytes.size()});
  fingerprint.add(bytes.first(data_offset));
  const auto data = bytes.subspan(data_offset);
  const std::size_t last_start = data.size() > sample_bytes ? data.size() - sample_bytes : 0;
  for (std::size_t i = 0; i < samples; ++i) {
    const std::size_t start = last_start / (samples - 1) * i;
    fingerprint.add(data.subspan(start, std::min(sample_bytes, data.size() - start)));
  }
  return fingerprint.text();
}

}  // namespace squall::agents
