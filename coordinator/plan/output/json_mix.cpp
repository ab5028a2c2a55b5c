#include "coordinator/plan/output/json_mix.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

json money(const std::optional<Money>& amount) {
  return amount ? json(plain_money(*amount)) : json(nullptr);
}

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json number(const std::optional<double>& value) { return value ? number(*value) : json(nullptr); }

json to_json(const MixMonth& month) {
  json alternatives = json::array();
  for (const auto& each : month.alternatives)
    alternatives.push_back(
        {{"kind", each.kind}, {"more", each.more}, {"cost_per_month", money(each.cost)}});
  return {{"month", month.month},
          {"load", month.load},
          {"alternatives", std::move(alternatives)},
          {"best", month.alternatives[month.best].kind}};
}

json headroom_json(const std::optional<Headroom>& headroom) {
  if (!headroom) return nullptr;
  return {{"peak", headroom->peak},
          {"used", number(headroom->used)},
          {"headroom", number(headroom->spare)},
          {"months_left", number(headroom->months_left)}};
}

}  // namespace

std::string json_mix(const MixedFleet& mix, const PlanQuestions& questions) {
  const auto kinds = measured_kinds(mix, questions);
  const MixAnswers answers = answer_mix(kinds, questions);
  json out;
  out["schema"] = "squall-fleet-plan/1";
  out["unit"] = unit_of(mix.plans.front().kind);
  bool simulated = false;
  for (const auto& plan : mix.plans) simulated = simulated || plan.system.simulated;
  out["simulated"] = simulated;
  json rows = json::array();
  for (const auto& kind : kinds)
    rows.push_back({{"kind", kind.name},
                    {"machines", kind.count},
                    {"each_serves", kind.per_machine},
                    {"price_per_hour", money(kind.price)},
                    {"tokens_per_second_each", number(kind.tokens_per_second)}});
  out["kinds"] = std::move(rows);
  out["serves"] = answers.serves;
  out["serves_with_spares_out"] = answers.serves_with_spare;
  out["spare"] = questions.spare;
  out["growth"] = questions.growth;
  out["currency"] = questions.prices ? json(questions.prices->currency) : json(nullptr);
  out["cost_per_month"] = money(answers.cost);
  out["headroom"] = headroom_json(answers.headroom);
  json months = json::array();
  for (const auto& month : answers.months) months.push_back(to_json(month));
  out["months"] = std::move(months);
  return out.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace squall::coordinator
