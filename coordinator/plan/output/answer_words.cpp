#include "coordinator/plan/output/answer_words.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

/// People are counted down, so that nobody is promised who cannot be served.
double served(double load, LoadKind kind) {
  return kind == LoadKind::users ? std::floor(load + 1e-9) : load;
}

std::string one_digit(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string throughput_words(const CapacityPlan& plan, const CapacityFindings& findings) {
  std::string text = "At " + readable_load(findings.planning_load, plan.kind) + " it gives";
  if (findings.requests_per_second)
    text += " " + readable_rate(*findings.requests_per_second) + " answers/s";
  if (findings.tokens_per_second)
    text += std::string(findings.requests_per_second ? " and" : "") + " " +
            readable_rate(*findings.tokens_per_second) + " output tokens/s";
  return text + ".";
}

std::string machines_words(const CapacityAnswers& answers, const CapacityPlan& plan) {
  const auto row_words = [&](const MonthRow& row) {
    return plural(row.machines.total(), "machine") + " (" + readable_count(row.machines.serving) +
           " serving, " + readable_count(row.machines.spare) + " spare)";
  };
  const MonthRow& first = answers.months.front();
  std::string text = readable_load(first.load, plan.kind) + " take " + row_words(first);
  if (answers.months.size() > 1) {
    const MonthRow& last = answers.months.back();
    text += "; in " + plural(last.month, "month") + " " + readable_load(last.load, plan.kind) +
            " take " + row_words(last);
  }
  return text + ".";
}

std::string cost_words(const CapacityAnswers& answers, const PlanQuestions& questions) {
  const std::string& currency = questions.prices->currency;
  const MonthRow& first = answers.months.front();
  std::string text = "That costs " + readable_money(*first.cost, currency) + " a month";
  if (first.per_million_tokens)
    text += ", " + readable_money(*first.per_million_tokens, currency) + " per million tokens";
  if (answers.months.size() > 1) {
    const MonthRow& last = answers.months.back();
    text += "; in the last month " + readable_money(*last.cost, currency);
    Money sum;
    for (std::size_t i = 0; i + 1 < answers.months.size(); ++i) sum = sum + *answers.months[i].cost;
    text += "; " + readable_money(sum, currency) + " for the " +
            plural(answers.months.size() - 1, "month") + " in between";
  }
  return text + ".";
}

}  // namespace

const char* name_of(ProbeJudgement judgement) {
  switch (judgement) {
    case ProbeJudgement::pass:
      return "pass";
    case ProbeJudgement::fail:
      return "fail";
    case ProbeJudgement::undecided:
      return "undecided";
    case ProbeJudgement::invalid:
      break;
  }
  return "invalid";
}

std::string plain_load(double load, LoadKind kind) {
  if (kind == LoadKind::users)
    return readable_count(static_cast<std::uint64_t>(std::llround(std::max(load, 0.0))));
  return readable_rate(load);
}

std::string headroom_words(const Headroom& headroom, LoadKind kind, double growth) {
  std::string text = "Today's peak of " + readable_load(headroom.peak, kind) + " is ";
  if (!std::isfinite(headroom.used))
    return text + "more than the fleet serves with its spares out: nothing would be left.";
  if (headroom.used > 1)
    return text +
           "more than the fleet serves with its spares out: " + readable_share(headroom.used) +
           " of it.";
  text += readable_share(headroom.used) +
          " of what the fleet serves with its spares out: " + readable_share(headroom.spare) +
          " headroom";
  if (headroom.months_left)
    text += "; at " + readable_share(growth) + " a month it is used up in " +
            one_digit(*headroom.months_left) + " months";
  return text + ".";
}

namespace {

/// What so many machines serve, headroom, and what it costs.
std::vector<std::string> fleet_words(const CapacityPlan& plan, const CapacityAnswers& answers,
                                     const PlanQuestions& questions) {
  std::vector<std::string> words;
  const FleetAnswer& fleet = answers.fleet;
  std::string text = plural(fleet.machines, "machine") + " of kind '" + plan.machine_kind + "' " +
                     (fleet.machines == 1 ? "serves " : "serve ") +
                     readable_load(served(fleet.serves, plan.kind), plan.kind);
  if (questions.spare > 0)
    text += "; with " + plural(questions.spare, "machine") + " out, " +
            readable_load(served(fleet.serves_with_spare, plan.kind), plan.kind);
  words.push_back(text + ".");
  if (answers.headroom)
    words.push_back(headroom_words(*answers.headroom, plan.kind, questions.growth));
  if (!answers.months.empty()) words.push_back(machines_words(answers, plan));
  if (questions.prices && !answers.price)
    words.push_back("No cost: " + questions.prices->file + " has no price for machines of kind '" +
                    plan.machine_kind + "' (--kind names it).");
  if (!answers.price) return words;
  if (!answers.months.empty()) words.push_back(cost_words(answers, questions));
  const std::string& currency = questions.prices->currency;
  std::string price = "A machine costs " + readable_money(*answers.price, currency) + " an hour";
  if (answers.full_per_million_tokens)
    price += "; fully used it makes a million output tokens for " +
             readable_money(*answers.full_per_million_tokens, currency);
  words.push_back(price + ".");
  return words;
}

}  // namespace

std::string peak_words(const ScalingLaw& law) {
  const auto peak = law.fitted.peak();
  if (!peak)
    return "Within the law throughput never falls again: no load was seen at which more users cost "
           "more than they bring.";
  std::string text = "Throughput is greatest at N = " + readable_rate(*peak);
  if (law.peak)
    text += " (95 % interval " + readable_rate(law.peak->low) + " to " +
            readable_rate(law.peak->high) + ")";
  if (law.is_extrapolated(*peak))
    text += ", which lies beyond 1.5 times the largest N measured (" + readable_rate(law.largest) +
            ") and is supported by nothing";
  return text + ".";
}

std::string knee_words(const CapacityPlan& plan, const CapacityFindings& findings) {
  std::string text;
  if (findings.knee)
    text = "The knee of the fitted curve is at N = " + readable_rate(*findings.knee) +
           " (an annotation, no limit). ";
  else if (findings.law)
    text = "The fitted curve has no knee between the loads measured. ";
  if (!findings.bound) return text + "What bounds the load is not known: no run says it.";
  return text + "What bounds it, by the run at " + readable_load(findings.bound->load, plan.kind) +
         ": " + findings.bound->sentence;
}

std::vector<std::string> answer_words(const CapacityPlan& plan, const CapacityFindings& findings,
                                      const std::optional<CapacityAnswers>& answers,
                                      const PlanQuestions& questions) {
  std::vector<std::string> words;
  std::string limits;
  for (const auto& limit : plan.limits) limits += (limits.empty() ? "" : "; ") + limit;
  if (!limits.empty()) words.push_back("The limits: " + limits + ".");
  if (!answers) {
    words.push_back("There is no load to plan with.");
    return words;
  }
  const auto fleet = fleet_words(plan, *answers, questions);
  words.insert(words.end(), fleet.begin(), fleet.end());
  words.push_back(throughput_words(plan, findings));
  words.push_back(knee_words(plan, findings));
  return words;
}

}  // namespace squall::coordinator
