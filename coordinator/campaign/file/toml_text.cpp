#include "coordinator/campaign/file/toml_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

namespace squall::coordinator {

using scenarios::DocumentEntry;
using scenarios::DocumentNode;
using Kind = DocumentNode::Kind;

namespace {

std::string toml_string(const std::string& text) {
  std::string written = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04X", byte);
      written += escape.data();
      continue;
    }
    if (c == '"' || c == '\\') written += '\\';
    written += c;
  }
  return written + "\"";
}

std::string toml_key(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  return bare ? key : toml_string(key);
}

std::string pair(const DocumentEntry& entry) {
  return toml_key(entry.key) + " = " + toml_value(entry.value);
}

std::string list(const DocumentNode& array) {
  std::string text = "[";
  for (const auto& item : array.items) text += (text.size() > 1 ? ", " : "") + toml_value(item);
  return text + "]";
}

std::string inline_table(const DocumentNode& table) {
  std::string text;
  for (const auto* entry : in_order(table)) text += (text.empty() ? " " : ", ") + pair(*entry);
  return "{" + text + (text.empty() ? "}" : " }");
}

bool earlier(const DocumentEntry* one, const DocumentEntry* other) {
  const auto& a = one->key_place;
  const auto& b = other->key_place;
  return a.line != b.line ? a.line < b.line : a.column < b.column;
}

}  // namespace

std::vector<const DocumentEntry*> in_order(const DocumentNode& table) {
  std::vector<const DocumentEntry*> entries;
  for (const auto& entry : table.entries) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(), earlier);
  return entries;
}

std::string toml_value(const DocumentNode& value) {
  switch (value.kind) {
    case Kind::text:
      return toml_string(value.text);
    case Kind::array:
      return list(value);
    case Kind::table:
      return inline_table(value);
    case Kind::date_or_time:
      return "\"a date or time\"";  // no key of a scenario takes one: whoever reads it says so
    default:
      return scenarios::shown(value);
  }
}

std::string toml_document(const DocumentNode& root) {
  std::string text;
  for (const auto* entry : in_order(root))
    if (entry->value.kind != Kind::table) text += pair(*entry) + "\n";
  for (const auto* entry : in_order(root)) {
    if (entry->value.kind != Kind::table) continue;
    text += "\n[" + toml_key(entry->key) + "]\n";
    for (const auto* inner : in_order(entry->value)) text += pair(*inner) + "\n";
  }
  return text;
}

}  // namespace squall::coordinator
