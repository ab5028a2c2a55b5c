#pragma once
// The key-value part of a GGUF file: typed look-ups whose errors name the key and what was found.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace squall::agents {

/// Numbered as in the file.
enum class MetadataType : std::uint32_t {
  uint8,
  int8,
  uint16,
  int16,
  uint32,
  int32,
  float32,
  boolean,
  text,
  array,
  uint64,
  int64,
  float64,
};

std::string_view name(MetadataType type);
/// 0 for texts and arrays, whose size differs from value to value.
std::size_t size_in_bytes(MetadataType type);

struct MetadataArray {
  MetadataType element = MetadataType::uint8;
  std::uint64_t count = 0;
  std::span<const std::byte> packed;    // the elements, little-endian, when they are not texts
  std::vector<std::string_view> texts;  // the elements, when they are
};

struct MetadataValue {
  MetadataType type = MetadataType::uint8;
  std::size_t offset = 0;  // of the value in the file
  std::variant<std::uint64_t, std::int64_t, double, bool, std::string_view, MetadataArray> value;
};

struct IntegerRange {
  std::uint64_t lowest = 0;
  std::uint64_t highest = UINT64_MAX;
};

/// Keys and texts point into the file's bytes, which must outlive this. All look-ups throw
/// ModelError when the key's value has another type or is out of range; integer types of every
/// width and sign stand for each other.
class GgufMetadata {
 public:
  explicit GgufMetadata(std::string file_name) : file_name_(std::move(file_name)) {}

  /// False when the key is there already.
  bool insert(std::string_view key, MetadataValue value);
  const std::string& file_name() const { return file_name_; }
  bool has(std::string_view key) const { return values_.count(key) != 0; }

  std::uint64_t integer(std::string_view key, IntegerRange range) const;
  double real(std::string_view key) const;
  std::string_view text(std::string_view key) const;
  const std::vector<std::string_view>& texts(std::string_view key) const;
  std::vector<std::int64_t> integers(std::string_view key) const;
  std::vector<float> reals(std::string_view key) const;

  /// All keys and values in the file's order.
  std::vector<std::pair<std::string_view, const MetadataValue*>> entries() const;

  std::optional<std::uint64_t> find_integer(std::string_view key, IntegerRange range) const;
  std::optional<double> find_real(std::string_view key) const;
  std::optional<bool> find_boolean(std::string_view key) const;
  std::optional<std::string_view> find_text(std::string_view key) const;

 private:
  const MetadataValue& require(std::string_view key, std::string_view meaning) const;
  const MetadataArray& require_array(std::string_view key, std::string_view meaning) const;
  [[noreturn]] void refuse_type(std::string_view key, const MetadataValue& value,
                                std::string_view wanted) const;

  std::string file_name_;
  std::unordered_map<std::string_view, MetadataValue> values_;
};

}  // namespace squall::agents
