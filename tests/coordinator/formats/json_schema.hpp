#pragma once
// Enough of JSON Schema 2020-12 to hold our reports against our schema, and stricter in one thing:
// a key that the schema does not name is a violation, too.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace squall::tests {

class JsonSchema {
 public:
  explicit JsonSchema(nlohmann::json root) : root_(std::move(root)) {}

  /// "/timeline/0/at: is no number", one a violation.
  std::vector<std::string> violations(const nlohmann::json& value) const {
    std::vector<std::string> found;
    check(root_, value, "", found);
    return found;
  }

  /// Paths of everything that the schema describes: "/agents/*/name".
  std::set<std::string> described() const {
    std::set<std::string> paths;
    describe(root_, "", paths);
    return paths;
  }

 private:
  using json = nlohmann::json;
  using Found = std::vector<std::string>;

  const json& resolved(const json& schema) const {
    const auto reference = schema.find("$ref");
    if (reference == schema.end()) return schema;
    return resolved(root_.at(json::json_pointer(reference->get<std::string>().substr(1))));
  }

  static bool is_of(const json& value, const std::string& type) {
    if (type == "null") return value.is_null();
    if (type == "boolean") return value.is_boolean();
    if (type == "string") return value.is_string();
    if (type == "number") return value.is_number();
    if (type == "integer") return value.is_number_integer();
    if (type == "array") return value.is_array();
    if (type == "object") return value.is_object();
    throw std::runtime_error("the schema knows a type " + type);
  }

  static bool is_of_type(const json& value, const json& types) {
    if (types.is_string()) return is_of(value, types);
    for (const json& each : types)
      if (is_of(value, each)) return true;
    return false;
  }

  static void check_keywords(const json& schema) {
    static const std::set<std::string> known{"$schema",
                                             "$id",
                                             "$defs",
                                             "$ref",
                                             "title",
                                             "description",
                                             "type",
                                             "properties",
                                             "required",
                                             "items",
                                             "enum",
                                             "const",
                                             "minItems",
                                             "maxItems",
                                             "minimum",
                                             "exclusiveMinimum",
                                             "exclusiveMaximum",
                                             "additionalProperties"};
    for (const auto& [keyword, value] : schema.items())
      if (!known.contains(keyword))
        throw std::runtime_error("this test does not know the keyword " + keyword);
  }

  void check(const json& unresolved, const json& value, const std::string& path,
             Found& found) const {
    const json& schema = resolved(unresolved);
    check_keywords(schema);
    const auto complain = [&](const std::string& what) { found.push_back(path + ": " + what); };
    if (schema.contains("type") && !is_of_type(value, schema["type"]))
      return complain("is no " + schema["type"].dump() + ": " + value.dump().substr(0, 60));
    if (schema.contains("const") && value != schema["const"]) complain("is another constant");
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
      complain("is none of " + schema["enum"].dump());
    if (value.is_number()) check_range(schema, value.get<double>(), complain);
    if (value.is_array()) check_items(schema, value, path, found);
    if (value.is_object()) check_members(schema, value, path, found);
  }

  template <class Complain>
  static void check_range(const json& schema, double value, const Complain& complain) {
    if (schema.contains("minimum") && value < schema["minimum"]) complain("is too small");
    if (schema.contains("exclusiveMinimum") && value <= schema["exclusiveMinimum"])
      complain("is too small");
    if (schema.contains("exclusiveMaximum") && value >= schema["exclusiveMaximum"])
      complain("is too large");
  }

  void check_items(const json& schema, const json& value, const std::string& path,
                   Found& found) const {
    if (value.size() < schema.value("minItems", std::size_t{0}) ||
        value.size() > schema.value("maxItems", value.size()))
      found.push_back(path + ": has " + std::to_string(value.size()) + " items");
    if (!schema.contains("items")) found.push_back(path + ": its items are not described");
    for (std::size_t i = 0; i < value.size() && schema.contains("items"); ++i)
      check(schema["items"], value[i], path + "/" + std::to_string(i), found);
  }

  void check_members(const json& schema, const json& value, const std::string& path,
                     Found& found) const {
    for (const json& key : schema.value("required", json::array()))
      if (!value.contains(key.get<std::string>()))
        found.push_back(path + ": lacks " + key.get<std::string>());
    const json properties = schema.value("properties", json::object());
    for (const auto& [key, member] : value.items()) {
      if (properties.contains(key))
        check(properties[key], member, path + "/" + key, found);
      else if (schema.contains("additionalProperties"))
        check(schema["additionalProperties"], member, path + "/" + key, found);
      else
        found.push_back(path + "/" + key + ": is not in the schema");
    }
  }

  void describe(const json& unresolved, const std::string& path,
                std::set<std::string>& paths) const {
    const json& schema = resolved(unresolved);
    if (!path.empty()) paths.insert(path);
    const json properties = schema.value("properties", json::object());
    for (const auto& [key, member] : properties.items())
      describe(member, path + "/" + key, paths);
    if (schema.contains("items")) describe(schema["items"], path + "/*", paths);
    if (schema.contains("additionalProperties"))
      describe(schema["additionalProperties"], path + "/*", paths);
  }

  json root_;
};

}  // namespace squall::tests
