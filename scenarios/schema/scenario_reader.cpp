#include "scenarios/schema/scenario_reader.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/thresholds/quantity.hpp"

namespace squall::scenarios {

namespace {

using Kind = DocumentNode::Kind;

constexpr std::string_view duration_wanted = "a duration such as \"300ms\"";
constexpr std::string_view size_wanted = "a size such as \"512MiB\"";

bool is_plain_number(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  return !text.empty() && std::from_chars(text.data(), end, number).ptr == end;
}

bool within(double value, NumberRange range) {
  const bool high_enough = range.above_lowest ? value > range.lowest : value >= range.lowest;
  return high_enough && value <= range.highest;  // false for NaN
}

std::string outside(const DocumentEntry& entry, NumberRange range) {
  const std::string from = range.above_lowest ? "above " + shown(range.lowest) + " and at most "
                                              : shown(range.lowest) + " to ";
  return quoted(entry.key) + " must be " + from + shown(range.highest) + "; got " +
         shown(entry.value);
}

std::string shown_duration(double seconds) {
  if (seconds >= 86400) return shown(seconds / 86400) + " days (" + shown(seconds / 3600) + "h)";
  if (seconds >= 3600) return shown(seconds / 3600) + "h";
  return shown(seconds) + "s";
}

std::string outside_duration(const DocumentEntry& entry, double seconds, NumberRange range) {
  const std::string got = "; got " + shown(entry.value);
  if (seconds > range.highest) {
    return quoted(entry.key) + " must be at most " + shown_duration(range.highest) + got;
  }
  return quoted(entry.key) + (range.above_lowest ? " must be longer than " : " must be at least ") +
         shown_duration(range.lowest) + got;
}

constexpr std::array<std::string_view, 4> size_units{"KiB", "MiB", "GiB", "TiB"};

/// In the largest unit that leaves no fraction.
std::string shown_size(std::uint64_t bytes) {
  std::size_t unit = 0;
  for (bytes /= 1024; bytes % 1024 == 0 && unit + 1 < size_units.size(); ++unit) bytes /= 1024;
  return std::to_string(bytes) + std::string(size_units[unit]);
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

std::string where_else(std::string_view key, std::span<const Section> sections) {
  std::string homes;
  for (const Section& section : sections) {
    if (std::find(section.keys.begin(), section.keys.end(), key) == section.keys.end()) continue;
    if (!homes.empty()) homes += " or ";
    homes += section.title;
  }
  return homes;
}

}  // namespace

void Mistakes::add(Place place, std::string message) {
  mistakes_.push_back({place.line, place.column, std::move(message)});
}

std::string wrong_kind(const DocumentEntry& entry, std::string_view wanted) {
  return quoted(entry.key) + ": expected " + std::string(wanted) + ", found " +
         std::string(kind_name(entry.value));
}

std::optional<double> read_number(const DocumentEntry& entry, NumberRange range,
                                  Mistakes& mistakes) {
  const DocumentNode& value = entry.value;
  if (value.kind != Kind::integer && value.kind != Kind::real) {
    std::string message = wrong_kind(entry, "a number");
    if (value.kind == Kind::text && is_plain_number(value.text)) {
      message += "; write " + visible(value.text) + " without quotes";
    }
    mistakes.add(value.place, std::move(message));
    return std::nullopt;
  }
  const double number = value.kind == Kind::real ? value.real : static_cast<double>(value.integer);
  if (within(number, range)) return number;
  mistakes.add(value.place, outside(entry, range));
  return std::nullopt;
}

std::optional<double> read_seconds(const DocumentEntry& entry, NumberRange range,
                                   Mistakes& mistakes) {
  const DocumentNode& value = entry.value;
  if (value.kind != Kind::text) {
    std::string message = wrong_kind(entry, duration_wanted);
    if (value.kind == Kind::integer || value.kind == Kind::real) {
      const std::string number = shown(value);
      message += "; write \"" + number + "s\" or \"" + number + "ms\"";
    }
    mistakes.add(value.place, std::move(message));
    return std::nullopt;
  }
  try {
    const double seconds = parse_duration(value.text);
    if (within(seconds, range)) return seconds;
    mistakes.add(value.place, outside_duration(entry, seconds, range));
  } catch (const ThresholdError& error) {
    mistakes.add(value.place, quoted(entry.key) + ": " + error.what());
  }
  return std::nullopt;
}

namespace {

/// Whether a key is known but for its number: "weight" where there is "weights".
bool is_number_of(const std::string& key, std::span<const std::string_view> known) {
  return std::ranges::any_of(known, [&](std::string_view each) {
    return each == key + "s" || std::string(each) + "s" == key;
  });
}

}  // namespace

void TableReader::refuse_unknown_keys(std::span<const std::string_view> known,
                                      std::span<const Section> elsewhere) const {
  for (const DocumentEntry& entry : table_.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    const bool is_table = entry.value.kind == Kind::table;
    std::string message = std::string(is_table ? "unknown table " : "unknown key ") +
                          quoted(entry.key) + " in " + title_;
    const std::string home = is_number_of(entry.key, known) ? "" : where_else(entry.key, elsewhere);
    message += home.empty() ? nearest_or_all(entry.key, known, "keys") : "; it belongs in " + home;
    mistakes_.add(entry.key_place, std::move(message));
  }
}

const DocumentEntry* TableReader::require(std::string_view key, std::string_view example) const {
  const DocumentEntry* const entry = table_.find(key);
  if (entry == nullptr) {
    mistakes_.add(table_.place, title_ + " lacks " + quoted(key) + "; add " + std::string(example));
  }
  return entry;
}

const DocumentEntry* TableReader::find_kind(std::string_view key, DocumentNode::Kind kind,
                                            std::string_view wanted) const {
  const DocumentEntry* const entry = table_.find(key);
  if (entry == nullptr || entry->value.kind == kind) return entry;
  std::string message = wrong_kind(*entry, wanted);
  const DocumentNode& value = entry->value;
  const bool could_be_text =
      value.kind == Kind::integer || value.kind == Kind::real || value.kind == Kind::boolean;
  if (kind == Kind::text && could_be_text) {
    message += "; write \"" + shown(value) + "\"";
  } else if (kind == Kind::integer && value.kind == Kind::text && is_plain_number(value.text)) {
    message += "; write " + visible(value.text) + " without quotes";
  } else if (kind == Kind::boolean && (value.text == "true" || value.text == "false")) {
    message += "; write " + value.text + " without quotes";
  }
  mistakes_.add(value.place, std::move(message));
  return nullptr;
}

std::optional<std::string> TableReader::text(std::string_view key) const {
  const DocumentEntry* const entry = find_kind(key, Kind::text, "a string");
  return entry == nullptr ? std::nullopt : std::optional(entry->value.text);
}

std::optional<std::string> TableReader::line(std::string_view key, std::size_t longest) const {
  const DocumentEntry* const entry = find_kind(key, Kind::text, "a string");
  if (entry == nullptr) return std::nullopt;
  const std::string& text = entry->value.text;
  if (text.find_first_not_of(' ') == std::string::npos) {
    mistakes_.add(entry->value.place, quoted(key) + " must not be empty");
  } else if (text.size() > longest) {
    mistakes_.add(entry->value.place, quoted(key) + " must be at most " + std::to_string(longest) +
                                          " bytes long; it has " + std::to_string(text.size()));
  } else if (has_control_characters(text)) {
    mistakes_.add(
        entry->value.place,
        quoted(key) + " must be one line without control characters; got " + shown(entry->value));
  } else {
    return text;
  }
  return std::nullopt;
}

std::optional<bool> TableReader::flag(std::string_view key) const {
  const DocumentEntry* const entry = find_kind(key, Kind::boolean, "true or false");
  return entry == nullptr ? std::nullopt : std::optional(entry->value.boolean);
}

std::optional<std::int64_t> TableReader::whole(std::string_view key, std::int64_t lowest,
                                               std::int64_t highest) const {
  const DocumentEntry* const entry = find_kind(key, Kind::integer, "a whole number");
  if (entry == nullptr) return std::nullopt;
  const std::int64_t value = entry->value.integer;
  if (value >= lowest && value <= highest) return value;
  mistakes_.add(entry->value.place, quoted(key) + " must be " + std::to_string(lowest) + " to " +
                                        std::to_string(highest) + "; got " + std::to_string(value));
  return std::nullopt;
}

std::optional<double> TableReader::number(std::string_view key, NumberRange range) const {
  const DocumentEntry* const entry = table_.find(key);
  return entry == nullptr ? std::nullopt : read_number(*entry, range, mistakes_);
}

std::optional<std::chrono::nanoseconds> TableReader::duration(std::string_view key,
                                                              NumberRange range) const {
  const DocumentEntry* const entry = table_.find(key);
  if (entry == nullptr) return std::nullopt;
  const auto seconds = read_seconds(*entry, range, mistakes_);
  if (!seconds) return std::nullopt;
  // The shortest time that is one: what is longer than nothing must not be rounded to nothing.
  const std::int64_t least = *seconds > 0 ? 1 : 0;
  return std::chrono::nanoseconds(std::max<std::int64_t>(least, std::llround(*seconds * 1e9)));
}

std::optional<std::uint64_t> TableReader::bytes(std::string_view key, std::uint64_t lowest,
                                                std::uint64_t highest) const {
  const DocumentEntry* const entry = table_.find(key);
  if (entry == nullptr) return std::nullopt;
  const DocumentNode& value = entry->value;
  if (value.kind != Kind::text) {
    const bool is_number = value.kind == Kind::integer || value.kind == Kind::real;
    mistakes_.add(value.place, wrong_kind(*entry, size_wanted) +
                                   (is_number ? "; write \"" + shown(value) + "MiB\"" : ""));
    return std::nullopt;
  }
  try {
    const Quantity quantity = parse_quantity(value.text, size_wanted);
    const double size = quantity.number * bytes_in(quantity.unit);
    if (size >= static_cast<double>(lowest) && size <= static_cast<double>(highest)) {
      return static_cast<std::uint64_t>(size);
    }
    const std::string message =
        bytes_in(quantity.unit) == 0
            ? ": " + shown(value) + " lacks a unit of size: KiB, MiB, GiB or TiB"
            : " must be " + shown_size(lowest) + " to " + shown_size(highest) + "; got " +
                  shown(value);
    mistakes_.add(value.place, quoted(key) + message);
  } catch (const ThresholdError& error) {
    mistakes_.add(value.place, quoted(key) + ": " + error.what());
  }
  return std::nullopt;
}

std::optional<std::size_t> TableReader::choice(std::string_view key,
                                               std::span<const std::string_view> choices,
                                               std::string_view plural) const {
  const DocumentEntry* const entry = find_kind(key, Kind::text, "a string");
  if (entry == nullptr) return std::nullopt;
  const std::string& word = entry->value.text;
  const auto found = std::find(choices.begin(), choices.end(), word);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  mistakes_.add(entry->value.place, "unknown " + std::string(key) + " " + quoted(word) +
                                        nearest_or_all(word, choices, plural));
  return std::nullopt;
}

std::vector<const DocumentNode*> TableReader::tables(std::string_view key, std::string_view wanted,
                                                     std::size_t most) const {
  const DocumentEntry* const entry = table_.find(key);
  if (entry == nullptr) return {};
  if (entry->value.kind != Kind::array) {
    mistakes_.add(entry->value.place, wrong_kind(*entry, wanted));
    return {};
  }
  std::vector<const DocumentNode*> items;
  if (entry->value.items.empty()) {
    mistakes_.add(entry->value.place,
                  quoted(key) + " must not be empty; it is " + std::string(wanted));
  } else if (entry->value.items.size() > most) {
    mistakes_.add(entry->value.place, quoted(key) + " takes at most " + std::to_string(most) +
                                          " tables; it has " +
                                          std::to_string(entry->value.items.size()));
    return {};
  }
  for (const DocumentNode& item : entry->value.items) {
    if (item.kind == Kind::table) {
      items.push_back(&item);
    } else {
      mistakes_.add(item.place, quoted(key) + ": expected a table, found " +
                                    std::string(kind_name(item)) + "; it is " +
                                    std::string(wanted));
    }
  }
  return items;
}

}  // namespace squall::scenarios
