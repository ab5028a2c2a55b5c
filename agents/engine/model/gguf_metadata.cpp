#include "agents/engine/model/gguf_metadata.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

namespace {

struct TypeFacts {
  std::string_view name;
  std::size_t bytes;
};

constexpr std::array<TypeFacts, 13> type_facts{{{"uint8", 1},
                                                {"int8", 1},
                                                {"uint16", 2},
                                                {"int16", 2},
                                                {"uint32", 4},
                                                {"int32", 4},
                                                {"float32", 4},
                                                {"bool", 1},
                                                {"string", 0},
                                                {"array", 0},
                                                {"uint64", 8},
                                                {"int64", 8},
                                                {"float64", 8}}};

template <typename Number, typename Result>
std::vector<Result> unpack(std::span<const std::byte> packed) {
  std::vector<Result> result(packed.size() / sizeof(Number));
  for (std::size_t i = 0; i < result.size(); ++i) {
    Number number;
    std::memcpy(&number, packed.data() + i * sizeof(Number), sizeof(Number));
    result[i] = static_cast<Result>(number);
  }
  return result;
}

std::string quoted(std::string_view key) { return "'" + std::string(key) + "'"; }

std::string type_in_words(const MetadataValue& value) {
  const auto* array = std::get_if<MetadataArray>(&value.value);
  if (!array) return std::string(name(value.type));
  return "array of " + std::string(name(array->element));
}

}  // namespace

std::string_view name(MetadataType type) {
  return type_facts.at(static_cast<std::size_t>(type)).name;
}

std::size_t size_in_bytes(MetadataType type) {
  return type_facts.at(static_cast<std::size_t>(type)).bytes;
}

bool GgufMetadata::insert(std::string_view key, MetadataValue value) {
  return values_.emplace(key, std::move(value)).second;
}

const MetadataValue& GgufMetadata::require(std::string_view key, std::string_view meaning) const {
  const auto found = values_.find(key);
  if (found == values_.end()) {
    throw ModelError(file_name_ + ": the metadata lack the key " + quoted(key) + " (" +
                     std::string(meaning) + "); convert the model again with a current tool");
  }
  return found->second;
}

const MetadataArray& GgufMetadata::require_array(std::string_view key,
                                                 std::string_view meaning) const {
  const MetadataValue& value = require(key, meaning);
  const auto* array = std::get_if<MetadataArray>(&value.value);
  if (!array) refuse_type(key, value, meaning);
  return *array;
}

void GgufMetadata::refuse_type(std::string_view key, const MetadataValue& value,
                               std::string_view wanted) const {
  throw ModelError(file_name_ + ": metadata key " + quoted(key) + " must be " +
                   std::string(wanted) + " but is " + type_in_words(value) + " (at byte " +
                   std::to_string(value.offset) + "); convert the model again");
}

std::uint64_t GgufMetadata::integer(std::string_view key, IntegerRange range) const {
  require(key, "an integer");
  return *find_integer(key, range);
}

double GgufMetadata::real(std::string_view key) const {
  require(key, "a number");
  return *find_real(key);
}

std::string_view GgufMetadata::text(std::string_view key) const {
  require(key, "a string");
  return *find_text(key);
}

const std::vector<std::string_view>& GgufMetadata::texts(std::string_view key) const {
  const MetadataArray& array = require_array(key, "an array of strings");
  if (array.element != MetadataType::text) {
    refuse_type(key, values_.at(key), "an array of strings");
  }
  return array.texts;
}

std::vector<std::int64_t> GgufMetadata::integers(std::string_view key) const {
  const MetadataArray& array = require_array(key, "an array of integers");
  switch (array.element) {
    case MetadataType::uint8:
      return unpack<std::uint8_t, std::int64_t>(array.packed);
    case MetadataType::int8:
      return unpack<std::int8_t, std::int64_t>(array.packed);
    case MetadataType::uint16:
      return unpack<std::uint16_t, std::int64_t>(array.packed);
    case MetadataType::int16:
      return unpack<std::int16_t, std::int64_t>(array.packed);
    case MetadataType::uint32:
      return unpack<std::uint32_t, std::int64_t>(array.packed);
    case MetadataType::int32:
      return unpack<std::int32_t, std::int64_t>(array.packed);
    case MetadataType::int64:
      return unpack<std::int64_t, std::int64_t>(array.packed);
    default:
      refuse_type(key, values_.at(key), "an array of integers");
  }
}

std::vector<float> GgufMetadata::reals(std::string_view key) const {
  const MetadataArray& array = require_array(key, "an array of float32");
  if (array.element != MetadataType::float32) {
    refuse_type(key, values_.at(key), "an array of float32");
  }
  return unpack<float, float>(array.packed);
}

std::optional<std::uint64_t> GgufMetadata::find_integer(std::string_view key,
                                                        IntegerRange range) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return std::nullopt;
  const auto* positive = std::get_if<std::uint64_t>(&found->second.value);
  const auto* either_sign = std::get_if<std::int64_t>(&found->second.value);
  if (!positive && !either_sign) refuse_type(key, found->second, "an integer");
  const bool negative = either_sign && *either_sign < 0;
  const std::uint64_t number = positive ? *positive : static_cast<std::uint64_t>(*either_sign);
  if (negative || number < range.lowest || number > range.highest) {
    throw ModelError(
        file_name_ + ": metadata key " + quoted(key) + " must be between " +
        std::to_string(range.lowest) + " and " + std::to_string(range.highest) + " but is " +
        (negative ? std::to_string(*either_sign) : std::to_string(number)) + " (at byte " +
        std::to_string(found->second.offset) + "); the file is damaged or made for another engine");
  }
  return number;
}

std::optional<double> GgufMetadata::find_real(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return std::nullopt;
  const auto* number = std::get_if<double>(&found->second.value);
  if (!number) refuse_type(key, found->second, "a floating-point number");
  return *number;
}

std::optional<bool> GgufMetadata::find_boolean(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return std::nullopt;
  const auto* flag = std::get_if<bool>(&found->second.value);
  if (!flag) refuse_type(key, found->second, "a bool");
  return *flag;
}

std::optional<std::string_view> GgufMetadata::find_text(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) return std::nullopt;
  const auto* text = std::get_if<std::string_view>(&found->second.value);
  if (!text) refuse_type(key, found->second, "a string");
  return *text;
}

std::vector<std::pair<std::string_view, const MetadataValue*>> GgufMetadata::entries() const {
  std::vector<std::pair<std::string_view, const MetadataValue*>> all;
  for (const auto& [key, value] : values_) all.emplace_back(key, &value);
  std::ranges::sort(all, {}, [](const auto& entry) { return entry.second->offset; });
  return all;
}

}  // namespace squall::agents
