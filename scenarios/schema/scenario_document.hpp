#pragma once
// A scenario file as a tree of plain values that know their places; it hides the TOML library from
// those who read the tree.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace squall::scenarios {

struct Place {
  unsigned line = 1;    // from 1
  unsigned column = 1;  // from 1, in characters
};

struct DocumentEntry;

/// One value. Only the member that `kind` names has a meaning.
struct DocumentNode {
  enum class Kind { text, integer, real, boolean, date_or_time, array, table };

  Kind kind = Kind::table;
  Place place;
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
  std::vector<DocumentNode> items;
  std::vector<DocumentEntry> entries;

  /// The entry of a table, or null.
  const DocumentEntry* find(std::string_view key) const;
};

struct DocumentEntry {
  std::string key;
  Place key_place;
  DocumentNode value;
};

/// "an integer", "a string", "a table" …
std::string_view kind_name(const DocumentNode& node);

/// The value as the file could write it: 300, "2s", true; tables and arrays by their kind.
std::string shown(const DocumentNode& node);

/// The shortest decimal text that means this number.
std::string shown(double number);

}  // namespace squall::scenarios
