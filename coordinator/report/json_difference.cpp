#include "coordinator/report/json_difference.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace squall::coordinator {

using nlohmann::json;

namespace {

class Comparison {
 public:
  explicit Comparison(const std::vector<std::string>& ignored) : ignored_(ignored) {}

  void compare(const std::string& path, const json& stored, const json& computed) {
    if (std::ranges::find(ignored_, path) != ignored_.end()) return;
    if (stored.is_object() && computed.is_object()) return objects(path, stored, computed);
    if (stored.is_array() && computed.is_array()) return arrays(path, stored, computed);
    ++result_.compared;
    if (stored != computed) differ(path, shortened(stored), shortened(computed));
  }

  JsonComparison result() && { return std::move(result_); }

 private:
  void objects(const std::string& path, const json& stored, const json& computed) {
    for (const auto& [key, value] : stored.items()) {
      const std::string at = path + "/" + key;
      if (const auto other = computed.find(key); other != computed.end())
        compare(at, value, *other);
      else
        differ(at, shortened(value), "nothing");
    }
    for (const auto& [key, value] : computed.items())
      if (!stored.contains(key)) differ(path + "/" + key, "nothing", shortened(value));
  }

  void arrays(const std::string& path, const json& stored, const json& computed) {
    if (stored.size() != computed.size())
      differ(path, std::to_string(stored.size()) + " entries",
             std::to_string(computed.size()) + " entries");
    for (std::size_t i = 0; i < std::min(stored.size(), computed.size()); ++i)
      compare(path + "/" + std::to_string(i), stored[i], computed[i]);
  }

  void differ(std::string path, std::string stored, std::string computed) {
    if (std::ranges::find(ignored_, path) != ignored_.end()) return;
    result_.differences.push_back({std::move(path), std::move(stored), std::move(computed)});
  }

  static std::string shortened(const json& value) {
    constexpr std::size_t most = 120;
    std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (text.size() > most) text = text.substr(0, most) + "…";
    return text;
  }

  const std::vector<std::string>& ignored_;
  JsonComparison result_;
};

json parsed(const std::string& text) {
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    throw std::runtime_error("it is no JSON: " + std::string(error.what()));
  }
}

}  // namespace

JsonComparison compare_json(const std::string& stored, const std::string& computed,
                            const std::vector<std::string>& ignored) {
  Comparison comparison(ignored);
  comparison.compare("", parsed(stored), parsed(computed));
  return std::move(comparison).result();
}

}  // namespace squall::coordinator
