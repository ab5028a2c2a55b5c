#pragma once
// Typed reading of a scenario file's tables: every read either gives a valid value or notes a
// mistake and gives nothing, so that one pass finds all mistakes of a file.

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/schema/scenario_document.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::scenarios {

/// A table that a scenario may have: what messages call it and the keys it takes.
struct Section {
  std::string_view title;  // "[target]"
  std::span<const std::string_view> keys;
};

class Mistakes {
 public:
  void add(Place place, std::string message);
  bool empty() const { return mistakes_.empty(); }
  std::vector<ScenarioMistake> take() { return std::move(mistakes_); }

 private:
  std::vector<ScenarioMistake> mistakes_;
};

/// Inclusive at both ends, but for `above_lowest`.
struct NumberRange {
  double lowest;
  double highest;
  bool above_lowest = false;
};

/// A value that is wrong in itself is noted as a mistake at its place.
std::optional<double> read_number(const DocumentEntry& entry, NumberRange range,
                                  Mistakes& mistakes);
std::optional<double> read_seconds(const DocumentEntry& entry, NumberRange range,
                                   Mistakes& mistakes);

/// Reads the keys of one table. An absent key is no mistake: it reads as nothing.
class TableReader {
 public:
  /// `table` must be of the kind table and outlive the reader, as must `mistakes`.
  TableReader(const DocumentNode& table, std::string title, Mistakes& mistakes)
      : table_(table), title_(std::move(title)), mistakes_(mistakes) {}

  /// Notes keys that are not in `known`. `elsewhere` is every section of a scenario: a key that
  /// another one takes is named with it.
  void refuse_unknown_keys(std::span<const std::string_view> known,
                           std::span<const Section> elsewhere) const;

  /// The entry, or null and a mistake at the table that says what to add.
  const DocumentEntry* require(std::string_view key, std::string_view example) const;
  const DocumentEntry* find(std::string_view key) const { return table_.find(key); }

  std::optional<std::string> line(std::string_view key, std::size_t longest) const;  // not empty
  std::optional<std::string> text(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;
  std::optional<std::int64_t> whole(std::string_view key, std::int64_t lowest,
                                    std::int64_t highest) const;
  std::optional<double> number(std::string_view key, NumberRange range) const;
  std::optional<std::chrono::nanoseconds> duration(std::string_view key, NumberRange range) const;

  /// Of a size such as "512MiB", in bytes.
  std::optional<std::uint64_t> bytes(std::string_view key, std::uint64_t lowest,
                                     std::uint64_t highest) const;

  /// The index of the word among `choices`. `plural` names them: "devices".
  std::optional<std::size_t> choice(std::string_view key, std::span<const std::string_view> choices,
                                    std::string_view plural) const;

  /// The tables of an array of tables; empty when the key is absent or holds anything else.
  std::vector<const DocumentNode*> tables(std::string_view key, std::string_view wanted,
                                          std::size_t most) const;

  Place place() const { return table_.place; }
  const DocumentNode& table() const { return table_; }
  const std::vector<DocumentEntry>& entries() const { return table_.entries; }
  Mistakes& mistakes() const { return mistakes_; }

 private:
  const DocumentEntry* find_kind(std::string_view key, DocumentNode::Kind kind,
                                 std::string_view wanted) const;

  const DocumentNode& table_;
  std::string title_;
  Mistakes& mistakes_;
};

/// "'count': expected a whole number, found a string; write 8 without quotes".
std::string wrong_kind(const DocumentEntry& entry, std::string_view wanted);

}  // namespace squall::scenarios
