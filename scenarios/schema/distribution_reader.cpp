#include "scenarios/schema/distribution_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "scenarios/schema/nearest_name.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using Shape = Distribution::Shape;

constexpr std::array<std::string_view, 5> shape_names{"constant", "uniform", "normal", "lognormal",
                                                      "exponential"};  // in the order of Shape

// What each shape takes besides 'distribution'; the first `required` of them must be there.
struct ShapeKeys {
  std::array<std::string_view, 5> keys;
  std::size_t count;
  std::size_t required;
};
constexpr std::array<ShapeKeys, 5> shape_keys{{
    {{"distribution", "value"}, 2, 2},
    {{"distribution", "min", "max"}, 3, 3},
    {{"distribution", "mean", "deviation", "min", "max"}, 5, 3},
    {{"distribution", "mean", "deviation", "min", "max"}, 5, 3},
    {{"distribution", "mean", "min", "max"}, 4, 2},
}};

constexpr NumberRange token_range{1, 100'000};
constexpr NumberRange seconds_range{0, 30.0 * 24 * 3600};
constexpr double default_longest_seconds = 3600;

NumberRange allowed(DistributionUnit unit) {
  return unit == DistributionUnit::tokens ? token_range : seconds_range;
}

// `whole`: bounds and constants of token counts, where a fraction would be silently lost.
std::optional<double> read_value(const DocumentEntry& entry, DistributionUnit unit,
                                 NumberRange range, bool whole, Mistakes& mistakes) {
  if (unit == DistributionUnit::seconds) return read_seconds(entry, range, mistakes);
  const auto number = read_number(entry, range, mistakes);
  if (number && whole && std::floor(*number) != *number) {
    mistakes.add(
        entry.value.place,
        quoted(entry.key) + " counts tokens and must be a whole number; got " + shown(entry.value));
    return std::nullopt;
  }
  return number;
}

class DistributionTable {
 public:
  DistributionTable(const DocumentEntry& entry, DistributionUnit unit, Mistakes& mistakes)
      : reader_(entry.value, quoted(entry.key), mistakes), unit_(unit), mistakes_(mistakes) {}

  std::optional<Distribution> read() {
    if (reader_.require("distribution",
                        "one of: constant, uniform, normal, lognormal, exponential") == nullptr) {
      return std::nullopt;
    }
    const auto index = reader_.choice("distribution", shape_names, "distributions");
    if (!index) return std::nullopt;
    result_.shape = static_cast<Shape>(*index);
    const ShapeKeys& takes = shape_keys[*index];
    const std::span<const std::string_view> keys(takes.keys.data(), takes.count);
    reader_.refuse_unknown_keys(keys, {});
    bool complete = true;
    for (const std::string_view key : keys.subspan(1, takes.required - 1)) {
      const std::string need =
          std::string(key) + " = …, which " + std::string(shape_names[*index]) + " needs";
      complete = reader_.require(key, need) != nullptr && complete;
    }
    const bool valid = result_.shape == Shape::constant ? read_constant() : read_spread();
    return complete && valid ? std::optional(result_) : std::nullopt;
  }

 private:
  bool read_constant() {
    const DocumentEntry* const entry = reader_.find("value");
    if (entry == nullptr) return false;
    const auto value = read_value(*entry, unit_, allowed(unit_), true, mistakes_);
    if (value) result_ = Distribution::constant(*value);
    return value.has_value();
  }

  bool read_spread() {
    const NumberRange bounds = allowed(unit_);
    result_.minimum = bounds.lowest;
    result_.maximum = unit_ == DistributionUnit::tokens ? bounds.highest : default_longest_seconds;
    bool valid = read_into("min", bounds, true, result_.minimum);
    valid = read_into("max", bounds, true, result_.maximum) && valid;
    if (result_.shape == Shape::uniform) {
      result_.mean = (result_.minimum + result_.maximum) / 2;
    } else {
      const bool positive = result_.shape != Shape::normal;
      valid = read_into("mean", {bounds.lowest, bounds.highest, positive && bounds.lowest == 0},
                        false, result_.mean) &&
              valid;
    }
    if (takes_deviation()) {
      valid = read_into("deviation", {0, bounds.highest}, false, result_.deviation) && valid;
    }
    return valid && bounds_are_ordered();
  }

  bool takes_deviation() const {
    return result_.shape == Shape::normal || result_.shape == Shape::lognormal;
  }

  // Leaves `value` alone when the key is absent.
  bool read_into(std::string_view key, NumberRange range, bool whole, double& value) {
    const DocumentEntry* const entry = reader_.find(key);
    if (entry == nullptr) return true;
    const auto read = read_value(*entry, unit_, range, whole, mistakes_);
    if (read) value = *read;
    return read.has_value();
  }

  bool bounds_are_ordered() {
    if (result_.minimum > result_.maximum) {
      const DocumentEntry* const at = first_of("min", "max");
      mistakes_.add(at->value.place, "'min' (" + shown_or("min", result_.minimum) +
                                         ") is above 'max' (" + shown_or("max", result_.maximum) +
                                         ")");
      return false;
    }
    const DocumentEntry* const mean = reader_.find("mean");
    if (mean != nullptr && (result_.mean < result_.minimum || result_.mean > result_.maximum)) {
      mistakes_.add(mean->value.place, "'mean' (" + shown(mean->value) + ") lies outside 'min' (" +
                                           shown_or("min", result_.minimum) + ") to 'max' (" +
                                           shown_or("max", result_.maximum) + ")");
      return false;
    }
    return true;
  }

  const DocumentEntry* first_of(std::string_view one, std::string_view other) const {
    const DocumentEntry* const entry = reader_.find(one);
    return entry != nullptr ? entry : reader_.find(other);
  }

  // A bound as the file writes it, or its default.
  std::string shown_or(std::string_view key, double value) const {
    const DocumentEntry* const entry = reader_.find(key);
    if (entry != nullptr) return shown(entry->value);
    return "default " + shown(value) + (unit_ == DistributionUnit::seconds ? "s" : "");
  }

  TableReader reader_;
  DistributionUnit unit_;
  Mistakes& mistakes_;
  Distribution result_;
};

}  // namespace

std::optional<Distribution> read_distribution(const DocumentEntry& entry, DistributionUnit unit,
                                              Mistakes& mistakes) {
  const Kind kind = entry.value.kind;
  if (kind == Kind::table) return DistributionTable(entry, unit, mistakes).read();
  if (kind != Kind::integer && kind != Kind::real && kind != Kind::text) {
    const bool tokens = unit == DistributionUnit::tokens;
    mistakes.add(
        entry.value.place,
        wrong_kind(entry, tokens ? "a whole number or a distribution table"
                                 : "a duration such as \"300ms\" or a distribution table"));
    return std::nullopt;
  }
  const auto value = read_value(entry, unit, allowed(unit), true, mistakes);
  return value ? std::optional(Distribution::constant(*value)) : std::nullopt;
}

}  // namespace squall::scenarios
