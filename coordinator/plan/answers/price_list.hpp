#pragma once
// What machines cost, from a TOML file:
//
//   currency = "EUR"
//   [machines.gpu-box]
//   per_hour = 2.40

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/plan/answers/money.hpp"

namespace squall::coordinator {

struct PriceList {
  std::string file;  // as it was named
  std::string currency;
  std::vector<std::pair<std::string, Money>> per_hour;  // by kind of machine, as in the file

  std::optional<Money> of(std::string_view kind) const;
  std::vector<std::string_view> kinds() const;
};

/// Throws scenarios::ScenarioError with every mistake and its place.
PriceList parse_price_list(std::string_view toml, const std::string& file);

}  // namespace squall::coordinator
