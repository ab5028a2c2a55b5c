// The report of a fleet of several kinds of machines.

#include <algorithm>
#include <cmath>

#include "coordinator/plan/output/answer_words.hpp"
#include "coordinator/plan/output/plan_document.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

using Tone = PageCell::Tone;

const CapacityPlan& plan_of(const MixedFleet& mix, const std::string& kind) {
  return *std::ranges::find(mix.plans, kind, &CapacityPlan::machine_kind);
}

PageCell number_cell(std::string text) { return {std::move(text), Tone::plain, true}; }

PageCell money_cell(const std::optional<Money>& money, const std::string& currency) {
  return number_cell(money ? readable_money(*money, currency) : std::string("-"));
}

PageTable kinds_table(const MixedFleet& mix, const std::vector<MeasuredKind>& kinds,
                      const std::string& currency) {
  PageTable table;
  table.caption = "Kinds of machines";
  const LoadKind unit = mix.plans.front().kind;
  table.head = {"kind",         "machines",           "each serves", "together",
                "an hour each", "per million tokens", "confirmed",   "plan"};
  for (const auto& kind : kinds) {
    const CapacityPlan& plan = plan_of(mix, kind.name);
    const bool confirmed = find_capacity(plan).confirmed();
    std::optional<Money> per_million;
    if (kind.price && kind.tokens_per_second && *kind.tokens_per_second > 0)
      per_million = Money{std::llround(static_cast<double>(kind.price->millionths) /
                                       (*kind.tokens_per_second * 3600) * 1e6)};
    table.rows.push_back({{kind.name},
                          number_cell(readable_count(kind.count)),
                          number_cell(plain_load(std::floor(kind.per_machine * 10) / 10, unit)),
                          number_cell(plain_load(kind.per_machine * kind.count, unit)),
                          money_cell(kind.price, currency),
                          money_cell(per_million, currency),
                          {confirmed ? "by a soak" : "no", confirmed ? Tone::good : Tone::doubtful},
                          {plan.id, Tone::quiet}});
  }
  return table;
}

PageTable growth_table(const MixAnswers& answers, LoadKind unit, const std::string& currency,
                       bool priced) {
  PageTable table;
  table.caption = "What to add, by month: one kind or the other";
  table.head = {"month", unit_of(unit)};
  for (const auto& alternative : answers.months.front().alternatives) {
    table.head.push_back("more " + alternative.kind);
    if (priced) table.head.push_back("fleet a month with " + alternative.kind);
  }
  table.head.emplace_back(priced ? "cheapest" : "fewest");
  for (const auto& month : answers.months) {
    std::vector<PageCell> cells{number_cell(month.month == 0 ? "now" : std::to_string(month.month)),
                                number_cell(plain_load(month.load, unit))};
    for (const auto& alternative : month.alternatives) {
      cells.push_back(number_cell(readable_count(alternative.more)));
      if (priced) cells.push_back(money_cell(alternative.cost, currency));
    }
    const MixAlternative& best = month.alternatives[month.best];
    cells.push_back(
        {best.more == 0 ? "none needed" : "+" + readable_count(best.more) + " " + best.kind,
         Tone::good});
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string served_words(const MixAnswers& answers, LoadKind unit, unsigned spare) {
  const auto whole = [&](double load) {
    return readable_load(unit == LoadKind::users ? std::floor(load + 1e-9) : load, unit);
  };
  std::string text = "The fleet serves " + whole(answers.serves);
  if (spare > 0)
    text += "; with the " +
            (spare == 1 ? std::string("most capable machine")
                        : readable_count(spare) + " most capable machines") +
            " out, " + whole(answers.serves_with_spare);
  return text + ".";
}

std::vector<std::string> mix_assumptions(const MixedFleet& mix, const PlanQuestions& questions) {
  std::vector<std::string> all{
      "Each machine takes as much as it was measured to serve: requests are spread by capability, "
      "not evenly. Machines do not slow each other down.",
      "All kinds were measured by scenarios that ask alike; see the plans below.",
      questions.spare == 0 ? "No machine is spare."
                           : "The " + readable_count(questions.spare) +
                                 " most capable machines may be out at any time; spares are paid "
                                 "for."};
  if (questions.growth != 0)
    all.push_back("The load grows by " + readable_share(questions.growth) +
                  " each month, compounded.");
  if (questions.prices) all.emplace_back("A month has 730.5 hours.");
  for (const auto& plan : mix.plans) {
    const CapacityFindings findings = find_capacity(plan);
    all.push_back("'" + plan.machine_kind + "': scenario " + plan.scenario + " (" +
                  plan.scenario_hash + "), model " + plan.system.model + "; planned with " +
                  readable_load(findings.planning_load, plan.kind) + " for " +
                  plural(plan.machines, "machine") +
                  (findings.confirmed() ? ", confirmed by a soak." : ", not confirmed."));
  }
  return all;
}

}  // namespace

std::vector<MeasuredKind> measured_kinds(const MixedFleet& mix, const PlanQuestions& questions) {
  std::vector<MeasuredKind> kinds;
  for (const auto& [name, count] : mix.fleet) {
    const CapacityPlan& plan = plan_of(mix, name);
    const CapacityFindings findings = find_capacity(plan);
    MeasuredKind kind{
        .name = name, .per_machine = findings.planning_load / plan.machines, .count = count};
    kind.price = price_of(plan, questions);
    if (findings.tokens_per_second)
      kind.tokens_per_second = *findings.tokens_per_second / plan.machines;
    kinds.push_back(std::move(kind));
  }
  return kinds;
}

PlanDocument mix_document(const MixedFleet& mix, const PlanQuestions& questions) {
  const auto kinds = measured_kinds(mix, questions);
  const MixAnswers answers = answer_mix(kinds, questions);
  const LoadKind unit = mix.plans.front().kind;
  const std::string currency = questions.prices ? questions.prices->currency : "";
  const bool priced =
      std::ranges::all_of(kinds, [](const auto& kind) { return kind.price.has_value(); });
  PlanDocument document;
  document.title = "Capacity of a fleet of several kinds";
  document.word = "FLEET";
  document.why = served_words(answers, unit, questions.spare);
  for (const auto& plan : mix.plans)
    for (const auto& banner : plan.system.banners)
      document.banners.push_back(plan.machine_kind + ": " + banner);
  DocumentSection section{.id = "answer", .heading = "Answer"};
  section.items.push_back(served_words(answers, unit, questions.spare));
  if (answers.cost)
    section.items.push_back("It costs " + readable_money(*answers.cost, currency) + " a month.");
  if (answers.headroom)
    section.items.push_back(headroom_words(*answers.headroom, unit, questions.growth));
  document.sections.push_back(std::move(section));
  DocumentSection machines{.id = "machines", .heading = "Machines, growth and cost"};
  machines.tables.push_back(kinds_table(mix, kinds, currency));
  if (!answers.months.empty())
    machines.tables.push_back(growth_table(answers, unit, currency, priced));
  document.sections.push_back(std::move(machines));
  DocumentSection assumed{.id = "assumptions", .heading = "Assumptions"};
  assumed.items = mix_assumptions(mix, questions);
  document.sections.push_back(std::move(assumed));
  return document;
}

}  // namespace squall::coordinator
