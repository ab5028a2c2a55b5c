#include "coordinator/report/formats/hdr_encoding.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <vector>
#include <zlib.h>

namespace squall::coordinator {

namespace {

using Bytes = std::vector<unsigned char>;

// The lowest bits of both say: counts as variable-length integers.
constexpr std::uint32_t plain_cookie = 0x1c849313;
constexpr std::uint32_t compressed_cookie = 0x1c849314;
constexpr std::uint32_t significant_digits = 3;
constexpr std::uint64_t lowest_value = 1;
// 28 * 1024 buckets, as ours: 2048 values, doubled 26 times, less one.
constexpr std::uint64_t highest_value = (std::uint64_t{2048} << 26U) - 1;
static_assert(actors::Histogram::bucket_limit == 28 * 1024);

/// Big endian, as all of the format.
template <class Number>
void append(Bytes& bytes, Number value) {
  for (int shift = static_cast<int>(8 * sizeof value) - 8; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<unsigned char>(value >> shift));
}

/// ZigZag, then seven bits a byte, the lowest first.
void append_variable(Bytes& bytes, std::int64_t value) {
  auto rest = (static_cast<std::uint64_t>(value) << 1U) ^
              (value < 0 ? ~std::uint64_t{0} : std::uint64_t{0});
  for (; rest >= 0x80; rest >>= 7U)
    bytes.push_back(static_cast<unsigned char>(rest & 0x7FU) | 0x80U);
  bytes.push_back(static_cast<unsigned char>(rest));
}

/// Counts up to the last one; a run of empty buckets is minus its length.
Bytes counts_of(const actors::Histogram& histogram) {
  Bytes bytes;
  std::uint32_t next = 0;
  for (const auto& [index, times] : histogram.parts().counts) {
    if (const std::uint32_t empty = index - next; empty == 1)
      append_variable(bytes, 0);
    else if (empty > 1)
      append_variable(bytes, -static_cast<std::int64_t>(empty));
    append_variable(bytes, static_cast<std::int64_t>(times));
    next = index + 1;
  }
  return bytes;
}

Bytes encoded(const actors::Histogram& histogram) {
  const Bytes counts = counts_of(histogram);
  Bytes bytes;
  append(bytes, plain_cookie);
  append(bytes, static_cast<std::uint32_t>(counts.size()));
  append(bytes, std::uint32_t{0});  // normalizing index offset: values were never shifted
  append(bytes, significant_digits);
  append(bytes, lowest_value);
  append(bytes, highest_value);
  append(bytes, std::bit_cast<std::uint64_t>(1.0));  // integer to double: as they are
  bytes.insert(bytes.end(), counts.begin(), counts.end());
  return bytes;
}

Bytes compressed(const Bytes& plain) {
  uLongf size = compressBound(static_cast<uLong>(plain.size()));
  Bytes squeezed(size);
  [[maybe_unused]] const int result =
      compress2(squeezed.data(), &size, plain.data(), static_cast<uLong>(plain.size()),
                Z_DEFAULT_COMPRESSION);
  assert(result == Z_OK);  // the bound is zlib's own; only memory could be short
  squeezed.resize(size);
  Bytes bytes;
  append(bytes, compressed_cookie);
  append(bytes, static_cast<std::uint32_t>(squeezed.size()));
  bytes.insert(bytes.end(), squeezed.begin(), squeezed.end());
  return bytes;
}

std::string base64(const Bytes& bytes) {
  constexpr const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t present = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8U | (k < present ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += k <= present ? digits[group >> (18 - 6 * k) & 0x3FU] : '=';
  }
  return text;
}

}  // namespace

std::string hdr_base64(const actors::Histogram& histogram) {
  return base64(compressed(encoded(histogram)));
}

}  // namespace squall::coordinator
