#include "coordinator/plan/commands/plan_options.hpp"

#include <charconv>
#include <cmath>

#include "coordinator/commands/run_options.hpp"
#include "scenarios/thresholds/threshold.hpp"

namespace squall::coordinator {

double share_of(const std::string& text, const char* option) {
  const bool percent = text.ends_with('%');
  const std::size_t length = text.size() - (percent ? 1 : 0);
  double value = 0;
  const char* const end = text.data() + length;
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end || !std::isfinite(value))
    throw UsageError(std::string(option) + " takes a share such as 8%; got '" + text + "'");
  return percent ? value / 100 : value;
}

double seconds_of(const std::string& text, const char* option) {
  if (text.empty()) return 0;
  try {
    const double seconds = scenarios::parse_duration(text);
    if (seconds > 0) return seconds;
  } catch (const scenarios::ThresholdError&) {
  }
  throw UsageError(std::string(option) + " takes a duration such as 30s; got '" + text + "'");
}

PlanQuestions questions_of(const QuestionOptions& options, LoadKind kind) {
  PlanQuestions questions;
  if (options.users && kind == LoadKind::requests)
    throw UsageError(
        "the plan is of requests per second, and --users asks for users, who wait for their "
        "answers; ask --requests, or plan a scenario with [users]");
  if (options.requests && kind == LoadKind::users)
    throw UsageError(
        "the plan is of users, and --requests asks for requests that wait for nobody; ask --users, "
        "or plan a scenario with [arrivals]");
  questions.wanted = options.users ? options.users : options.requests;
  questions.peak = options.peak;
  for (const auto& load : {questions.wanted, questions.peak})
    if (load && !(*load > 0 && *load <= 1e12))
      throw UsageError("a load to be served must be above 0 and at most a million million");
  if (!options.growth.empty()) {
    questions.growth = share_of(options.growth, "--growth");
    if (questions.growth <= -1 || questions.growth > 10)
      throw UsageError("--growth is per month, above -100% and at most 1000%; got " +
                       options.growth);
  }
  const bool grows = !options.growth.empty() || options.months > 0;
  if (grows && !questions.wanted && !questions.peak)
    throw UsageError("growth of what? Give --users (or --requests), or --peak with today's load");
  questions.months = options.months;
  questions.spare = options.spare;
  questions.machines = options.machines;
  questions.extrapolate = options.extrapolate;
  if (!options.prices.empty())
    questions.prices = parse_price_list(
        read_text_file(options.prices, "cannot read prices",
                       "a list of prices has [machines.NAME] with per_hour = 2.40"),
        options.prices);
  return questions;
}

}  // namespace squall::coordinator
