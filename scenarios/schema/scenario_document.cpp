#include "scenarios/schema/scenario_document.hpp"

#include <cassert>
#include <charconv>
#include <cmath>

#include "scenarios/schema/nearest_name.hpp"

namespace squall::scenarios {

const DocumentEntry* DocumentNode::find(std::string_view key) const {
  for (const DocumentEntry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

std::string_view kind_name(const DocumentNode& node) {
  switch (node.kind) {
    case DocumentNode::Kind::text:
      return "a string";
    case DocumentNode::Kind::integer:
      return "an integer";
    case DocumentNode::Kind::real:
      return "a number with a fraction";
    case DocumentNode::Kind::boolean:
      return "a boolean";
    case DocumentNode::Kind::date_or_time:
      return "a date or time";
    case DocumentNode::Kind::array:
      return "an array";
    case DocumentNode::Kind::table:
      return "a table";
  }
  assert(false);
  return {};
}

std::string shown(double number) {
  char digits[32];
  // People write 1000000; 1e+06 is for numbers that nobody would write out.
  const bool written_out = std::abs(number) >= 1e-4 && std::abs(number) < 1e15;
  const auto result =
      std::to_chars(digits, digits + sizeof digits, number,
                    written_out ? std::chars_format::fixed : std::chars_format::general);
  assert(result.ec == std::errc{});
  return std::string(digits, result.ptr);
}

std::string shown(const DocumentNode& node) {
  switch (node.kind) {
    case DocumentNode::Kind::text:
      return '"' + visible(node.text) + '"';
    case DocumentNode::Kind::integer:
      return std::to_string(node.integer);
    case DocumentNode::Kind::real:
      return shown(node.real);
    case DocumentNode::Kind::boolean:
      return node.boolean ? "true" : "false";
    default:
      return std::string(kind_name(node));
  }
}

}  // namespace squall::scenarios
