#pragma once
// What is thrown for a dataset that cannot be used, and the limits beyond which one cannot.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace squall::scenarios {

/// The message tells file and line (or item), what is wrong, and what to do about it.
struct DatasetError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What is wrong with a line or an item, thrown where its place is not known: whoever knows it
/// makes it a DatasetError.
struct ItemMistake : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Words of a file, as its mistakes repeat them.
inline std::string in_quotes(std::string_view text) {
  return "'" + std::string(text.substr(0, 60)) + "'";
}

/// Far above what any real file holds; below what would take a machine down.
struct DatasetLimits {
  static constexpr std::size_t item_bytes = std::size_t{16} << 20;
  static constexpr std::size_t items = 100'000'000;         // 8 bytes each are kept
  static constexpr std::size_t trace_entries = 50'000'000;  // 24 bytes each
  static constexpr std::size_t trace_blocks = 200'000'000;  // 8 bytes each
  static constexpr std::size_t json_depth = 64;
  static constexpr std::uint64_t tokens = 10'000'000;  // of one prompt or answer
};

}  // namespace squall::scenarios
