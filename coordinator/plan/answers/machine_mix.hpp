#pragma once
// A fleet of machines of several kinds, each measured by a plan of its own: what it serves, and
// what would have to be added for more. Pure arithmetic.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/plan/answers/capacity_answers.hpp"

namespace squall::coordinator {

struct MeasuredKind {
  std::string name;
  double per_machine = 0;  // load
  std::uint32_t count = 0;
  std::optional<Money> price{};               // of an hour
  std::optional<double> tokens_per_second{};  // of one machine at that load
};

/// As many more of one kind as make the fleet serve a load.
struct MixAlternative {
  std::string kind;
  std::uint64_t more = 0;
  std::optional<Money> cost{};  // of the whole fleet, a month
};

struct MixMonth {
  unsigned month = 0;
  double load = 0;
  std::vector<MixAlternative> alternatives{};  // by kind, in the order of the fleet
  /// The cheapest; without prices that of the fewest machines. An index.
  std::size_t best = 0;
};

struct MixAnswers {
  double serves = 0;
  double serves_with_spare = 0;  // when the `spare` most capable machines are out
  std::optional<Money> cost{};   // a month
  std::optional<Headroom> headroom{};
  std::vector<MixMonth> months{};
};

/// `kinds` is not empty; each serves more than nothing.
MixAnswers answer_mix(const std::vector<MeasuredKind>& kinds, const PlanQuestions& questions);

/// What the fleet serves when its so many most capable machines are out.
double serves_without(const std::vector<MeasuredKind>& kinds, unsigned out);

/// "gpu-box=4,cpu-box=10" as names and numbers, in that order. Throws std::invalid_argument saying
/// what is wrong.
std::vector<std::pair<std::string, std::uint32_t>> parse_fleet(const std::string& text);

}  // namespace squall::coordinator
