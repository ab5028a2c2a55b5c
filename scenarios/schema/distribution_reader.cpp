#include "scenarios/schema/distribution_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "scenarios/schema/nearest_name.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;
using Shape = Distribution::Shape;

constexpr std::array<std::string_view, 7> shape_names{"constant",  "uniform",     "normal",
                                                      "lognormal", "exponential", "bimodal",
                                                      "empirical"};  // in the order of Shape

// What each shape takes besides 'distribution'; the first `required` of them must be there.
struct ShapeKeys {
  std::array<std::string_view, 6> keys;
  std::size_t count;
  std::size_t required;
};
constexpr std::array<ShapeKeys, 7> shape_keys{{
    {{"distribution", "value"}, 2, 2},
    {{"distribution", "min", "max"}, 3, 3},
    {{"distribution", "mean", "deviation", "min", "max"}, 5, 3},
    {{"distribution", "mean", "deviation", "min", "max"}, 5, 3},
    {{"distribution", "mean", "min", "max"}, 4, 2},
    {{"distribution", "values", "weights", "deviation", "min", "max"}, 6, 2},
    {{"distribution", "values", "weights"}, 3, 2},
}};

constexpr std::size_t most_values = 1000;
constexpr NumberRange token_range{1, 100'000};
constexpr NumberRange turn_range{1, 1000};
constexpr NumberRange seconds_range{0, 30.0 * 24 * 3600};
constexpr NumberRange weight_range{0, 1e9, true};
constexpr double default_longest_seconds = 3600;

NumberRange allowed(DistributionUnit unit) {
  switch (unit) {
    case DistributionUnit::tokens:
      return token_range;
    case DistributionUnit::turns:
      return turn_range;
    case DistributionUnit::seconds:
      break;
  }
  return seconds_range;
}

std::string_view counted(DistributionUnit unit) {
  return unit == DistributionUnit::turns ? "turns" : "tokens";
}

// `whole`: bounds and constants of counts, where a fraction would be silently lost.
std::optional<double> read_value(const DocumentEntry& entry, DistributionUnit unit,
                                 NumberRange range, bool whole, Mistakes& mistakes) {
  if (unit == DistributionUnit::seconds) return read_seconds(entry, range, mistakes);
  const auto number = read_number(entry, range, mistakes);
  if (number && whole && std::floor(*number) != *number) {
    mistakes.add(entry.value.place, quoted(entry.key) + " counts " + std::string(counted(unit)) +
                                        " and must be a whole number; got " + shown(entry.value));
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
                        "one of: constant, uniform, normal, lognormal, exponential, "
                        "bimodal, empirical") == nullptr) {
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
    const bool valid = read_shape();
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

  bool read_shape() {
    switch (result_.shape) {
      case Shape::constant:
        return read_constant();
      case Shape::bimodal:
        return read_values() && read_spread();
      case Shape::empirical:
        if (!read_values()) return false;
        result_ = Distribution::empirical(std::move(result_.values));
        return true;
      default:
        return read_spread();
    }
  }

  // 'values' and, where they are not all alike, 'weights' of as many.
  bool read_values() {
    const auto values = read_array("values", allowed(unit_), unit_);
    if (!values) return false;
    const DocumentEntry& entry = *reader_.find("values");
    if (result_.shape == Shape::bimodal && values->size() != 2) {
      mistakes_.add(entry.value.place,
                    "'values' of a bimodal distribution are two, one a mode; got " +
                        std::to_string(values->size()));
      return false;
    }
    for (const double value : *values) result_.values.push_back({value, 1});
    const DocumentEntry* const weighed = reader_.find("weights");
    if (weighed == nullptr) return true;
    const auto weights = read_array("weights", weight_range, std::nullopt);
    if (!weights) return false;
    if (weights->size() != values->size()) {
      mistakes_.add(weighed->value.place,
                    "'weights' must be as many as 'values': " + std::to_string(values->size()) +
                        "; got " + std::to_string(weights->size()));
      return false;
    }
    for (std::size_t i = 0; i < weights->size(); ++i) result_.values[i].weight = (*weights)[i];
    return true;
  }

  // Without a unit: plain numbers.
  std::optional<std::vector<double>> read_array(std::string_view key, NumberRange range,
                                                std::optional<DistributionUnit> unit) {
    const DocumentEntry* const entry = reader_.find(key);
    if (entry == nullptr) return std::nullopt;
    const std::size_t count = entry->value.items.size();
    if (entry->value.kind != Kind::array || count == 0 || count > most_values) {
      const std::string wanted = "an array of 1 to " + std::to_string(most_values) + " values";
      mistakes_.add(entry->value.place,
                    entry->value.kind == Kind::array
                        ? quoted(key) + " must be " + wanted + "; it has " + std::to_string(count)
                        : wrong_kind(*entry, wanted));
      return std::nullopt;
    }
    std::vector<double> values;
    for (const DocumentNode& item : entry->value.items) {
      const DocumentEntry one{entry->key, item.place, item};
      const auto value = unit ? read_value(one, *unit, range, true, mistakes_)
                              : read_number(one, range, mistakes_);
      if (value) values.push_back(*value);
    }
    return values.size() == count ? std::optional(std::move(values)) : std::nullopt;
  }

  bool read_spread() {
    const NumberRange bounds = allowed(unit_);
    result_.minimum = bounds.lowest;
    result_.maximum = unit_ == DistributionUnit::seconds ? default_longest_seconds : bounds.highest;
    bool valid = read_into("min", bounds, true, result_.minimum);
    valid = read_into("max", bounds, true, result_.maximum) && valid;
    if (result_.shape == Shape::uniform) {
      result_.mean = (result_.minimum + result_.maximum) / 2;
    } else if (result_.shape != Shape::bimodal) {
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
    return result_.shape == Shape::normal || result_.shape == Shape::lognormal ||
           result_.shape == Shape::bimodal;
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
    for (const Distribution::Weighted& mode : result_.values) {
      if (mode.value >= result_.minimum && mode.value <= result_.maximum) continue;
      mistakes_.add(reader_.find("values")->value.place,
                    "'values' must lie within 'min' (" + shown_or("min", result_.minimum) +
                        ") and 'max' (" + shown_or("max", result_.maximum) + ")");
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
    const bool counts = unit != DistributionUnit::seconds;
    mistakes.add(
        entry.value.place,
        wrong_kind(entry, counts ? "a whole number or a distribution table"
                                 : "a duration such as \"300ms\" or a distribution table"));
    return std::nullopt;
  }
  const auto value = read_value(entry, unit, allowed(unit), true, mistakes);
  return value ? std::optional(Distribution::constant(*value)) : std::nullopt;
}

}  // namespace squall::scenarios
