#include "coordinator/plan/answers/capacity_answers.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

constexpr double rounding = 1e-9;  // so that 300 / 100 is three machines, not four

std::optional<Money> money_of(double amount) {
  const double millionths = std::floor(amount * 1e6 + 0.5);
  if (!(std::abs(millionths) < 9e18)) return std::nullopt;
  return Money{static_cast<std::int64_t>(millionths)};
}

/// Tokens an hour of so much load, in proportion to what was measured.
std::optional<double> tokens_an_hour(const CapacityFindings& findings, double load) {
  if (!findings.tokens_per_second || *findings.tokens_per_second <= 0) return std::nullopt;
  return *findings.tokens_per_second / findings.planning_load * load * 3600;
}

std::optional<Money> per_million(const CapacityFindings& findings, Money price,
                                 std::uint64_t machines, double load) {
  const auto tokens = tokens_an_hour(findings, load);
  if (!tokens) return std::nullopt;
  const double an_hour =
      static_cast<double>(price.millionths) / 1e6 * static_cast<double>(machines);
  return money_of(an_hour / *tokens * 1e6);
}

std::vector<MonthRow> months_of(double load, double per_machine, const CapacityFindings& findings,
                                const PlanQuestions& questions, std::optional<Money> price) {
  std::vector<MonthRow> rows;
  for (unsigned month = 0; month <= questions.months; ++month) {
    MonthRow row;
    row.month = month;
    row.load = grown(load, questions.growth, month);
    row.machines = machines_for_load(row.load, per_machine, questions.spare);
    if (price) {
      row.cost = cost_of(*price, row.machines.total(), hours_a_month);
      row.per_million_tokens = per_million(findings, *price, row.machines.total(), row.load);
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

MachineCount machines_for_load(double load, double per_machine, unsigned spare) {
  assert(per_machine > 0 && load >= 0);
  const double exact = load / per_machine;
  const double whole = std::ceil(exact - rounding * std::max(exact, 1.0));
  return {static_cast<std::uint64_t>(std::max(whole, load > 0 ? 1.0 : 0.0)), spare};
}

Headroom headroom_of(double peak, double serves_with_spare, double growth) {
  Headroom headroom;
  headroom.peak = peak;
  headroom.used = serves_with_spare > 0 ? peak / serves_with_spare : HUGE_VAL;
  headroom.spare = 1 - headroom.used;
  if (growth > 0 && headroom.used > 0 && headroom.used < 1)
    headroom.months_left = std::log(1 / headroom.used) / std::log1p(growth);
  return headroom;
}

double grown(double load, double growth, unsigned months) {
  double result = load;
  for (unsigned month = 0; month < months; ++month) result *= 1 + growth;
  return result;
}

std::optional<Money> price_of(const CapacityPlan& plan, const PlanQuestions& questions) {
  if (!questions.prices) return std::nullopt;
  return questions.prices->of(plan.machine_kind);
}

std::optional<CapacityAnswers> answer(const CapacityPlan& plan, const CapacityFindings& findings,
                                      const PlanQuestions& questions) {
  if (findings.planning_load <= 0) return std::nullopt;
  CapacityAnswers answers;
  answers.per_machine = findings.planning_load / plan.machines;
  const std::uint32_t machines = questions.machines.value_or(plan.machines);
  const std::uint32_t out = std::min(questions.spare, machines);
  answers.fleet = {machines, answers.per_machine * machines,
                   answers.per_machine * (machines - out)};
  if (questions.peak)
    answers.headroom =
        headroom_of(*questions.peak, answers.fleet.serves_with_spare, questions.growth);
  answers.price = price_of(plan, questions);
  const auto load = questions.wanted ? questions.wanted : questions.peak;
  if (load)
    answers.months = months_of(*load, answers.per_machine, findings, questions, answers.price);
  if (answers.price)
    answers.full_per_million_tokens = per_million(findings, *answers.price, 1, answers.per_machine);
  return answers;
}

namespace {

std::string planning_basis(const CapacityPlan& plan, const CapacityFindings& findings) {
  const std::string load = readable_load(findings.planning_load, plan.kind);
  if (findings.confirmed())
    return "Planned with " + load +
           ", the load that a longer soak confirmed: 95 % of the capacity that was found.";
  if (findings.estimate.finding == CapacityEstimate::Finding::at_least ||
      findings.estimate.finding == CapacityEstimate::Finding::tool_limit)
    return "Planned with " + load + ", the highest load that was seen within the limits.";
  return "Planned with " + load +
         ", the lower end of the interval of the capacity: no soak has confirmed it.";
}

void add_load_assumptions(std::vector<std::string>& all, const CapacityPlan& plan) {
  if (plan.kind == LoadKind::users) {
    all.push_back("A user waits for each answer and then thinks for " +
                  readable(std::chrono::nanoseconds(std::llround(plan.think_time * 1e9))) +
                  " on average (closed model, N = X(R + Z)); users who think for longer are more "
                  "users. How many requests a second the same system takes from people who do not "
                  "wait is another question: plan a scenario with [arrivals], or --open.");
  } else {
    all.push_back(
        "Requests come " +
        (plan.arrivals == "poisson" ? std::string("independently of each other (Poisson)")
                                    : "by the process '" + plan.arrivals + "'") +
        " and wait for nobody (open model). How many users who wait for their answers the "
        "same system serves is another question: plan a scenario with [users].");
  }
  all.push_back(
      "Prompts and answers are as long as the scenario's, and each probe asks prompts of its own "
      "(its seed is the scenario's plus the number of the probe): what a server kept of earlier "
      "probes does not help it. Each probe starts with an empty cache where the engine is Squall's "
      "own.");
}

}  // namespace

std::vector<std::string> assumptions_of(const CapacityPlan& plan, const CapacityFindings& findings,
                                        const PlanQuestions& questions) {
  std::vector<std::string> all;
  if (findings.planning_load > 0) all.push_back(planning_basis(plan, findings));
  add_load_assumptions(all, plan);
  all.push_back(plural(plan.machines, "machine") + " of kind '" + plan.machine_kind +
                "' answered together while this was measured. More machines are taken to serve in "
                "proportion: each has the whole model, and requests are spread evenly.");
  const std::string spare = plural(questions.spare, "machine");
  all.push_back(questions.spare == 0
                    ? "No machine is spare: one that fails takes its share of the load with it."
                    : spare + " may be out at any time (N+" + std::to_string(questions.spare) +
                          "); spares are paid for.");
  if (questions.growth != 0)
    all.push_back("The load grows by " + readable_share(questions.growth) +
                  " each month, compounded; prices and software stay as they are.");
  if (questions.prices)
    all.push_back(
        "A month has 730.5 hours, and machines are paid for all of them. Tokens are "
        "output tokens, at the load of the row for all hours.");
  for (const auto& each : plan.left_out)
    all.push_back("The threshold '" + each +
                  "' was left out: more load does not make it harder to keep, or it is about the "
                  "tool.");
  return all;
}

}  // namespace squall::coordinator
