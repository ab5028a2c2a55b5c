#include "coordinator/plan/output/json_plan.hpp"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "coordinator/plan/capacity_findings.hpp"

namespace squall::coordinator {

// Keys keep the order in which they are written here: a person reads these files too.
using json = nlohmann::ordered_json;

namespace {

constexpr const char* schema = "squall-plan/1";

constexpr std::array<const char*, 2> kinds{"users", "requests"};
constexpr std::array<const char*, 3> roles{"search", "level", "soak"};
constexpr std::array<const char*, 4> judgements{"pass", "fail", "undecided", "invalid"};
constexpr std::array<const char*, 7> findings_names{"unknown",    "undecided", "none", "at_least",
                                                    "tool_limit", "imprecise", "found"};

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json number(const std::optional<double>& value) { return value ? number(*value) : json(nullptr); }

template <class Names>
std::size_t index_of(const Names& names, const json& value) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (value == names[i]) return i;
  throw PlanUnreadable("has the word " + value.dump() + ", which this release does not know");
}

json to_json(const ProbeLimit& limit) {
  return {{"threshold", limit.text},
          {"status", limit.status},
          {"measured", number(limit.measured)},
          {"limit", number(limit.limit)},
          {"at_least", limit.at_least},
          {"explanation", limit.explanation}};
}

json to_json(const Excess& excess) {
  return {{"log_odds", number(excess.value)},
          {"error", number(excess.error)},
          {"beyond", excess.beyond}};
}

json to_json(const LoadProbe& probe) {
  json limits = json::array();
  for (const auto& limit : probe.limits) limits.push_back(to_json(limit));
  return {{"role", roles[static_cast<std::size_t>(probe.role)]},
          {"load", probe.load},
          {"run", probe.run},
          {"judgement", judgements[static_cast<std::size_t>(probe.judgement)]},
          {"why", probe.why},
          {"excess", probe.excess ? to_json(*probe.excess) : json(nullptr)},
          {"in_flight_growth", probe.stability.asked
                                   ? json{{"unstable", probe.stability.unstable},
                                          {"per_second", number(probe.stability.slope)},
                                          {"p", number(probe.stability.p)}}
                                   : json(nullptr)},
          {"limits", std::move(limits)},
          {"window", number(probe.window)},
          {"usual_window", number(probe.usual_window)},
          {"took", number(probe.took)},
          {"answers", probe.answers},
          {"tokens_per_second", number(probe.tokens_per_second)},
          {"requests_per_second", number(probe.requests_per_second)},
          {"mean_in_flight", number(probe.mean_in_flight)},
          {"ttft_p50", number(probe.ttft_p50)},
          {"ttft_p95", number(probe.ttft_p95)},
          {"e2e_p50", number(probe.e2e_p50)},
          {"e2e_p95", number(probe.e2e_p95)},
          {"bottleneck", probe.bottleneck},
          {"bottleneck_sentence", probe.bottleneck_sentence}};
}

json asked_json(const CapacityPlan& plan) {
  return {{"unit", unit_of(plan.kind)},
          {"kind", kinds[static_cast<std::size_t>(plan.kind)]},
          {"arrivals", plan.arrivals},
          {"think_time", plan.think_time},
          {"conversations", plan.conversations},
          {"settings", plan.settings},
          {"run_options", plan.passed_on},
          {"warm_up", plan.warm_up},
          {"measure", plan.measure},
          {"start", plan.rules.start},
          {"lowest", plan.rules.lowest},
          {"highest", plan.rules.highest},
          {"probes_at_most", plan.rules.at_most},
          {"precision", plan.rules.precision},
          {"levels", plan.with_levels},
          {"soak", plan.soak_seconds},
          {"machine_kind", plan.machine_kind},
          {"machines", plan.machines}};
}

json system_json(const ProbedSystem& system) {
  return {{"target", system.target_kind}, {"origin", system.target_origin},
          {"model", system.model},        {"hardware_fingerprint", system.hardware_fingerprint},
          {"machines", system.machines},  {"agents", system.agents},
          {"hosts", system.hosts},        {"tool_version", system.tool_version},
          {"banners", system.banners}};
}

json interval_json(const Interval& interval) {
  return {{"low", number(interval.low)}, {"high", number(interval.high)}};
}

json law_json(const ScalingLaw& law) {
  json points = json::array();
  for (std::size_t i = 0; i < law.points.size(); ++i)
    points.push_back({{"n", law.points[i].users},
                      {"requests_per_second", law.points[i].throughput},
                      {"fitted", number(law.fitted.throughput(law.points[i].users))},
                      {"residual", number(law.residuals[i])}});
  const auto coefficient = [](double value, const Interval& interval) {
    json both = interval_json(interval);
    both["value"] = number(value);
    return both;
  };
  return {{"formula", "X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))"},
          {"lambda", coefficient(law.fitted.lambda, law.lambda)},
          {"sigma", coefficient(law.fitted.sigma, law.sigma)},
          {"kappa", coefficient(law.fitted.kappa, law.kappa)},
          {"peak", number(law.fitted.peak())},
          {"peak_interval", law.peak ? interval_json(*law.peak) : json(nullptr)},
          {"largest_measured", law.largest},
          {"residual_spread", number(law.spread)},
          {"points", std::move(points)}};
}

json bound_json(const CapacityFindings& findings) {
  if (!findings.bound) return nullptr;
  return {{"limit", findings.bound->limit.empty() ? json(nullptr) : json(findings.bound->limit)},
          {"sentence", findings.bound->sentence},
          {"run", findings.bound->run},
          {"load", findings.bound->load}};
}

json confirmation_json(const CapacityFindings& findings) {
  if (!findings.confirmation) return nullptr;
  const Confirmation& soak = *findings.confirmation;
  return {{"load", soak.load},
          {"judgement", judgements[static_cast<std::size_t>(soak.judgement)]},
          {"run", soak.run},
          {"window", number(soak.window)},
          {"why", soak.why}};
}

json findings_json(const CapacityFindings& findings) {
  const CapacityEstimate& estimate = findings.estimate;
  const bool any = estimate.capacity > 0;
  return {{"finding", findings_names[static_cast<std::size_t>(estimate.finding)]},
          {"capacity", any ? number(estimate.capacity) : json(nullptr)},
          {"low", any ? number(estimate.low) : json(nullptr)},
          {"high", estimate.high > 0 ? number(estimate.high) : json(nullptr)},
          {"probes", findings.probed},
          {"search_ended", findings.why_search_ended},
          {"confirmation", confirmation_json(findings)},
          {"planning_load", number(findings.planning_load)},
          {"tokens_per_second", number(findings.tokens_per_second)},
          {"requests_per_second", number(findings.requests_per_second)},
          {"scaling_law", findings.law ? law_json(*findings.law) : json(nullptr)},
          {"no_scaling_law_because", findings.law ? json(nullptr) : json(findings.why_no_law)},
          {"knee", number(findings.knee)},
          {"bound", bound_json(findings)}};
}

json money_json(const std::optional<Money>& money) {
  return money ? json(plain_money(*money)) : json(nullptr);
}

json months_json(const std::vector<MonthRow>& months) {
  json rows = json::array();
  for (const auto& row : months)
    rows.push_back({{"month", row.month},
                    {"load", number(row.load)},
                    {"machines", row.machines.total()},
                    {"serving", row.machines.serving},
                    {"spare", row.machines.spare},
                    {"cost_per_month", money_json(row.cost)},
                    {"cost_per_million_tokens", money_json(row.per_million_tokens)}});
  return rows;
}

json headroom_json(const std::optional<Headroom>& headroom) {
  if (!headroom) return nullptr;
  return {{"peak", headroom->peak},
          {"used", number(headroom->used)},
          {"headroom", number(headroom->spare)},
          {"months_left", number(headroom->months_left)}};
}

json answers_json(const CapacityAnswers& answers, const PlanQuestions& questions) {
  const bool priced = answers.price && questions.prices;
  return {{"per_machine", number(answers.per_machine)},
          {"fleet",
           {{"machines", answers.fleet.machines},
            {"serves", number(answers.fleet.serves)},
            {"serves_with_spares_out", number(answers.fleet.serves_with_spare)}}},
          {"headroom", headroom_json(answers.headroom)},
          {"currency", priced ? json(questions.prices->currency) : json(nullptr)},
          {"price_per_machine_hour", money_json(answers.price)},
          {"cost_per_million_tokens_fully_used", money_json(answers.full_per_million_tokens)},
          {"months", months_json(answers.months)}};
}

json questions_json(const PlanQuestions& questions) {
  return {{"wanted", number(questions.wanted)},
          {"peak", number(questions.peak)},
          {"growth", questions.growth},
          {"months", questions.months},
          {"spare", questions.spare},
          {"machines", questions.machines ? json(*questions.machines) : json(nullptr)},
          {"prices", questions.prices ? json(questions.prices->file) : json(nullptr)}};
}

json simulation_json(const SimulatedPlan& simulated) {
  json loads = json::array();
  for (const auto& each : simulated.loads)
    loads.push_back({{"load", each.load},
                     {"measured_tokens_per_second", number(each.measured_tokens)},
                     {"predicted_tokens_per_second", number(each.predicted_tokens)},
                     {"measured_ttft_p95", number(each.measured_ttft)},
                     {"predicted_ttft_p95", number(each.predicted_ttft)}});
  return {{"simulated", true},
          {"law", simulated.law_file},
          {"model", simulated.model},
          {"synthetic_weights", simulated.synthetic_weights},
          {"loads", std::move(loads)},
          {"wanted", number(simulated.wanted)},
          {"machines", simulated.machines ? json(*simulated.machines) : json(nullptr)},
          {"machines_looked_at", simulated.looked_at}};
}

// ---- reading

std::optional<double> read_number(const json& from, const char* key) {
  const auto found = from.find(key);
  if (found == from.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

LoadProbe probe_of(const json& from) {
  LoadProbe probe;
  probe.role = static_cast<ProbeRole>(index_of(roles, from.at("role")));
  probe.load = from.at("load").get<double>();
  if (!(probe.load > 0)) throw PlanUnreadable("has a probe without a load");
  probe.run = from.at("run").get<std::string>();
  probe.judgement = static_cast<ProbeJudgement>(index_of(judgements, from.at("judgement")));
  probe.why = from.at("why").get<std::string>();
  if (const json& excess = from.at("excess"); !excess.is_null())
    probe.excess =
        Excess{read_number(excess, "log_odds").value_or(0),
               read_number(excess, "error").value_or(1), excess.at("beyond").get<bool>()};
  if (const json& growth = from.at("in_flight_growth"); !growth.is_null())
    probe.stability = {true, growth.at("unstable").get<bool>(),
                       read_number(growth, "per_second").value_or(0),
                       read_number(growth, "p").value_or(1)};
  for (const json& limit : from.at("limits"))
    probe.limits.push_back(
        {limit.at("threshold").get<std::string>(), limit.at("status").get<std::string>(),
         read_number(limit, "measured"), read_number(limit, "limit").value_or(0),
         limit.at("at_least").get<bool>(), limit.at("explanation").get<std::string>()});
  probe.window = read_number(from, "window").value_or(0);
  probe.usual_window = read_number(from, "usual_window").value_or(0);
  probe.took = read_number(from, "took").value_or(0);
  probe.answers = from.at("answers").get<std::uint64_t>();
  probe.tokens_per_second = read_number(from, "tokens_per_second");
  probe.requests_per_second = read_number(from, "requests_per_second");
  probe.mean_in_flight = read_number(from, "mean_in_flight");
  probe.ttft_p50 = read_number(from, "ttft_p50");
  probe.ttft_p95 = read_number(from, "ttft_p95");
  probe.e2e_p50 = read_number(from, "e2e_p50");
  probe.e2e_p95 = read_number(from, "e2e_p95");
  probe.bottleneck = from.at("bottleneck").get<std::string>();
  probe.bottleneck_sentence = from.at("bottleneck_sentence").get<std::string>();
  return probe;
}

void read_asked(CapacityPlan& plan, const json& asked) {
  plan.kind = static_cast<LoadKind>(index_of(kinds, asked.at("kind")));
  plan.arrivals = asked.at("arrivals").get<std::string>();
  plan.think_time = asked.at("think_time").get<double>();
  plan.conversations = asked.at("conversations").get<bool>();
  plan.settings = asked.at("settings").get<std::vector<std::string>>();
  plan.passed_on = asked.at("run_options").get<std::vector<std::string>>();
  plan.warm_up = asked.at("warm_up").get<double>();
  plan.measure = asked.at("measure").get<double>();
  plan.rules.start = asked.at("start").get<double>();
  plan.rules.lowest = asked.at("lowest").get<double>();
  plan.rules.highest = asked.at("highest").get<double>();
  plan.rules.whole = plan.kind == LoadKind::users;
  plan.rules.at_most = asked.at("probes_at_most").get<std::size_t>();
  plan.rules.precision = asked.at("precision").get<double>();
  plan.with_levels = asked.at("levels").get<bool>();
  plan.soak_seconds = asked.at("soak").get<double>();
  plan.machine_kind = asked.at("machine_kind").get<std::string>();
  plan.machines = asked.at("machines").get<std::uint32_t>();
  const bool sound = plan.rules.lowest > 0 && plan.rules.lowest <= plan.rules.highest &&
                     plan.rules.start > 0 && plan.rules.precision > 0 && plan.machines > 0 &&
                     plan.measure > 0;
  if (!sound) throw PlanUnreadable("has rules that no plan has");
}

void read_system(ProbedSystem& system, const json& from, bool simulated) {
  system.target_kind = from.at("target").get<std::string>();
  system.target_origin = from.at("origin").get<std::string>();
  system.model = from.at("model").get<std::string>();
  system.hardware_fingerprint = from.at("hardware_fingerprint").get<std::string>();
  system.machines = from.at("machines").get<std::vector<std::string>>();
  system.agents = from.at("agents").get<std::size_t>();
  system.hosts = from.at("hosts").get<std::size_t>();
  system.tool_version = from.at("tool_version").get<std::string>();
  system.banners = from.at("banners").get<std::vector<std::string>>();
  system.simulated = simulated;
}

CapacityPlan read(const json& from) {
  CapacityPlan plan;
  const json& identity = from.at("plan");
  plan.id = identity.at("id").get<std::string>();
  plan.started_at = identity.at("started_at").get<std::string>();
  plan.tool_version = identity.at("tool_version").get<std::string>();
  plan.finished = identity.at("finished").get<bool>();
  plan.ending = identity.at("ending").get<std::string>();
  const json& scenario = from.at("scenario");
  plan.scenario = scenario.at("name").get<std::string>();
  plan.scenario_file = scenario.at("file").get<std::string>();
  plan.scenario_hash = scenario.at("hash").get<std::string>();
  plan.scenario_text = scenario.at("text").get<std::string>();
  plan.seed = scenario.at("seed").get<std::uint64_t>();
  read_asked(plan, from.at("asked"));
  read_system(plan.system, from.at("system"), from.at("simulated").get<bool>());
  plan.limits = from.at("limits").get<std::vector<std::string>>();
  plan.left_out = from.at("left_out").get<std::vector<std::string>>();
  for (const json& probe : from.at("probes")) plan.probes.push_back(probe_of(probe));
  return plan;
}

}  // namespace

std::string json_plan(const CapacityPlan& plan, const PlanQuestions& questions,
                      const std::optional<SimulatedPlan>& simulated) {
  const CapacityFindings findings = find_capacity(plan);
  const PlanVerdict verdict = verdict_of(plan, findings);
  const auto answers = answer(plan, findings, questions);
  json out;
  out["schema"] = schema;
  out["simulated"] = plan.system.simulated;
  out["plan"] = {{"id", plan.id},
                 {"started_at", plan.started_at},
                 {"tool_version", plan.tool_version},
                 {"finished", plan.finished},
                 {"ending", plan.ending}};
  out["verdict"] = {
      {"word", verdict.word}, {"sentence", verdict.sentence}, {"exit_code", verdict.exit_code}};
  out["findings"] = findings_json(findings);
  out["questions"] = questions_json(questions);
  out["answers"] = answers ? answers_json(*answers, questions) : json(nullptr);
  out["simulation"] = simulated ? simulation_json(*simulated) : json(nullptr);
  out["assumptions"] = assumptions_of(plan, findings, questions);
  out["scenario"] = {{"name", plan.scenario},
                     {"file", plan.scenario_file},
                     {"hash", plan.scenario_hash},
                     {"seed", plan.seed},
                     {"text", plan.scenario_text}};
  out["asked"] = asked_json(plan);
  out["system"] = system_json(plan.system);
  out["limits"] = plan.limits;
  out["left_out"] = plan.left_out;
  json probes = json::array();
  for (const auto& probe : plan.probes) probes.push_back(to_json(probe));
  out["probes"] = std::move(probes);
  // Names and errors come from elsewhere and may not be UTF-8: replaced rather than refused.
  return out.dump(2, ' ', false, json::error_handler_t::replace);
}

CapacityPlan plan_of_json(const std::string& text) {
  try {
    const json from = json::parse(text);
    if (!from.is_object() || !from.contains("schema") || from.at("schema") != schema)
      throw PlanUnreadable(
          "is no capacity plan of schema squall-plan/1; `squall plan SCENARIO "
          "--json FILE` writes one");
    return read(from);
  } catch (const json::exception& error) {
    throw PlanUnreadable(std::string("is no capacity plan, or is damaged: ") + error.what());
  }
}

}  // namespace squall::coordinator
