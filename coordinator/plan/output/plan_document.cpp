#include "coordinator/plan/output/plan_document.hpp"

#include <cmath>
#include <cstdio>

#include "coordinator/plan/output/answer_words.hpp"
#include "coordinator/plan/output/plan_charts.hpp"
#include "coordinator/plan/output/simulation_section.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

using Tone = PageCell::Tone;

Tone tone_of(const PlanVerdict& verdict) {
  if (verdict.exit_code == 0) return Tone::good;
  return verdict.exit_code == 10 ? Tone::bad : Tone::doubtful;
}

Tone tone_of(ProbeJudgement judgement) {
  switch (judgement) {
    case ProbeJudgement::pass:
      return Tone::good;
    case ProbeJudgement::fail:
      return Tone::bad;
    case ProbeJudgement::undecided:
      return Tone::doubtful;
    case ProbeJudgement::invalid:
      break;
  }
  return Tone::quiet;
}

PageCell number_cell(std::string text) { return {std::move(text), Tone::plain, true}; }

PageCell seconds_cell(const std::optional<double>& seconds) {
  return number_cell(seconds ? readable(nanoseconds(std::llround(*seconds * 1e9)))
                             : std::string("-"));
}

PageCell rate_cell(const std::optional<double>& rate) {
  return number_cell(rate ? readable_rate(*rate) : std::string("-"));
}

const char* name_of(ProbeRole role) {
  switch (role) {
    case ProbeRole::search:
      return "search";
    case ProbeRole::level:
      return "level";
    case ProbeRole::soak:
      break;
  }
  return "soak";
}

DocumentSection probes_section(const CapacityPlan& plan) {
  DocumentSection section{.id = "probes", .heading = "Probes"};
  section.paragraphs.push_back(
      "Each is a run of its own, kept in the store (squall show RUN). Pass and fail are as certain "
      "as the scenario's thresholds ask (99 %); undecided is neither, and goes into the estimate "
      "with what was measured.");
  PageTable table, reasons;
  table.head = {"",         unit_of(plan.kind), "judgement", "answers/s",
                "tokens/s", "ttft p95",         "e2e p95",   "run"};
  reasons.caption = "What decided them";
  reasons.head = {unit_of(plan.kind), "judgement", "why"};
  for (const auto& probe : plan.probes) {
    const PageCell load = number_cell(plain_load(probe.load, plan.kind));
    const PageCell judgement{name_of(probe.judgement), tone_of(probe.judgement)};
    table.rows.push_back({{name_of(probe.role), Tone::quiet},
                          load,
                          judgement,
                          rate_cell(probe.requests_per_second),
                          rate_cell(probe.tokens_per_second),
                          seconds_cell(probe.ttft_p95),
                          seconds_cell(probe.e2e_p95),
                          {probe.run, Tone::quiet}});
    reasons.rows.push_back({load, judgement, {probe.why}});
  }
  section.tables.push_back(std::move(table));
  section.tables.push_back(std::move(reasons));
  return section;
}

std::string signed_share(double share) {
  return (share < 0 ? "-" : "+") + readable_share(std::abs(share));
}

std::string coefficient(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

PageTable coefficients_table(const ScalingLaw& law) {
  PageTable table;
  table.caption = "X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))";
  table.head = {"", "value", "95 % interval", "meaning"};
  const auto row = [&](const char* name, double value, const Interval& interval,
                       const char* meaning) {
    table.rows.push_back(
        {{name},
         number_cell(coefficient(value)),
         number_cell(coefficient(interval.low) + " to " + coefficient(interval.high)),
         {meaning}});
  };
  row("lambda", law.fitted.lambda, law.lambda, "answers per second at N = 1");
  row("sigma", law.fitted.sigma, law.sigma, "contention: the share that waits for its turn");
  row("kappa", law.fitted.kappa, law.kappa, "what each pair costs: above 0 throughput falls again");
  return table;
}

PageTable residuals_table(const ScalingLaw& law) {
  PageTable table;
  table.caption = "Residuals";
  table.head = {"N", "answers/s", "fitted", "95 % band", "residual"};
  for (std::size_t i = 0; i < law.points.size(); ++i) {
    const auto& point = law.points[i];
    const Interval band = law.band(point.users);
    table.rows.push_back({number_cell(readable_rate(point.users)),
                          number_cell(readable_rate(point.throughput)),
                          number_cell(readable_rate(law.fitted.throughput(point.users))),
                          number_cell(readable_rate(band.low) + " to " + readable_rate(band.high)),
                          number_cell(signed_share(law.residuals[i]))});
  }
  return table;
}

DocumentSection law_section(const CapacityPlan& plan, const CapacityFindings& findings) {
  DocumentSection section{.id = "scaling", .heading = "How it scales"};
  if (!findings.law) {
    section.paragraphs.push_back("No scaling law was fitted: " + findings.why_no_law + ".");
  } else {
    const ScalingLaw& law = *findings.law;
    section.paragraphs.push_back(
        std::string("The universal scalability law, fitted by non-negative least squares; N is ") +
        (plan.kind == LoadKind::users ? "users" : "the mean of requests in flight") +
        ". It describes what was measured and is no law of the engine. Intervals are from " +
        readable_count(law.resamples.size()) + " bootstrap resamples.");
    section.paragraphs.push_back(peak_words(law));
    section.tables.push_back(coefficients_table(law));
    section.tables.push_back(residuals_table(law));
  }
  section.paragraphs.push_back(knee_words(plan, findings));
  return section;
}

PageTable months_table(const CapacityAnswers& answers, const PlanQuestions& questions,
                       LoadKind kind) {
  PageTable table;
  table.caption = "Machines by month";
  table.head = {"month", unit_of(kind), "machines", "serving", "spare"};
  const bool priced = answers.price.has_value();
  const std::string currency = questions.prices ? questions.prices->currency : "";
  if (priced) {
    table.head.push_back("cost of the month");
    table.head.push_back("per million tokens");
  }
  for (const auto& row : answers.months) {
    std::vector<PageCell> cells{number_cell(row.month == 0 ? "now" : std::to_string(row.month)),
                                number_cell(plain_load(row.load, kind)),
                                number_cell(readable_count(row.machines.total())),
                                number_cell(readable_count(row.machines.serving)),
                                number_cell(readable_count(row.machines.spare))};
    if (priced) {
      const auto money = [&](const std::optional<Money>& amount) {
        return number_cell(amount ? readable_money(*amount, currency) : std::string("-"));
      };
      cells.push_back(money(row.cost));
      cells.push_back(money(row.per_million_tokens));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

/// What the answers say month by month.
DocumentSection machines_section(const CapacityPlan& plan, const CapacityAnswers& answers,
                                 const PlanQuestions& questions) {
  DocumentSection section{.id = "machines", .heading = "Machines, growth and cost"};
  section.tables.push_back(months_table(answers, questions, plan.kind));
  return section;
}

DocumentSection system_section(const CapacityPlan& plan) {
  DocumentSection section{.id = "system", .heading = "What was measured"};
  PageTable table;
  table.head = {"", ""};
  const auto row = [&](const char* name, const std::string& value) {
    if (!value.empty()) table.rows.push_back({{name, Tone::quiet}, {value}});
  };
  row("plan", plan.id + (plan.started_at.empty() ? "" : ", begun " + plan.started_at));
  row("scenario", plan.scenario + " (" + plan.scenario_file + ")");
  row("scenario hash", plan.scenario_hash);
  row("seed", std::to_string(plan.seed));
  for (const auto& setting : plan.settings) row("changed", setting);
  row("target", plan.system.target_kind +
                    (plan.system.target_origin.empty() ? "" : ", " + plan.system.target_origin));
  row("model", plan.system.model);
  row("agents",
      plural(plan.system.agents, "agent") + " on " + plural(plan.system.hosts, "machine"));
  for (const auto& machine : plan.system.machines) row("processor", machine);
  row("hardware fingerprint", plan.system.hardware_fingerprint);
  row("each probe", "warm-up " + readable(nanoseconds(std::llround(plan.warm_up * 1e9))) +
                        ", measured " + readable(nanoseconds(std::llround(plan.measure * 1e9))));
  row("squall", plan.tool_version);
  section.tables.push_back(std::move(table));
  if (!plan.scenario_text.empty()) section.texts.emplace_back("Scenario", plan.scenario_text);
  return section;
}

std::vector<std::pair<std::string, std::string>> glossary() {
  return {
      {"capacity", "the highest load at which all limits are kept, as the probes together say"},
      {"95 % interval", "where the capacity lies with a probability of 95 %, given the probes"},
      {"soak", "a longer run at 95 % of the capacity: it must pass for the answer to be confirmed"},
      {"undecided", "too few samples to say pass or fail with 99 % confidence"},
      {"unstable", "requests in flight grow while the load is held (slope > 0, p < 0.01)"},
      {"knee", "where the fitted curve of throughput bends most (Kneedle); a hint, not a limit"},
      {"N+1", "machines that carry the load, and one more that may be out"},
      {"ttft", "time to first token, from the intended start of the request"},
      {"e2e", "time to the last token, from the intended start of the request"}};
}

}  // namespace

PlanDocument plan_document(const CapacityPlan& plan, const PlanQuestions& questions,
                           const std::optional<SimulatedPlan>& simulated) {
  const CapacityFindings findings = find_capacity(plan);
  const PlanVerdict verdict = verdict_of(plan, findings);
  const auto answers = answer(plan, findings, questions);
  PlanDocument document;
  document.title = "Capacity of " + plan.scenario;
  document.tone = tone_of(verdict);
  document.word = verdict.word;
  document.why = verdict.sentence;
  document.banners = plan.system.banners;
  if (plan.system.simulated && document.banners.empty())
    document.banners.emplace_back("SIMULATED TARGET: a law of service times, no inference");
  DocumentSection summary{.id = "answer", .heading = "Answer"};
  summary.items = answer_words(plan, findings, answers, questions);
  document.sections.push_back(std::move(summary));
  if (answers && !answers->months.empty())
    document.sections.push_back(machines_section(plan, *answers, questions));
  DocumentSection curves{.id = "curves", .heading = "Curves"};
  curves.charts = plan_charts(plan, findings, questions.extrapolate);
  if (!curves.charts.empty()) document.sections.push_back(std::move(curves));
  document.sections.push_back(probes_section(plan));
  document.sections.push_back(law_section(plan, findings));
  if (simulated) document.sections.push_back(simulation_section(plan, *simulated, questions));
  DocumentSection assumed{.id = "assumptions", .heading = "Assumptions"};
  assumed.items = assumptions_of(plan, findings, questions);
  document.sections.push_back(std::move(assumed));
  document.sections.push_back(system_section(plan));
  DocumentSection terms{.id = "glossary", .heading = "Terms"};
  terms.terms = glossary();
  document.sections.push_back(std::move(terms));
  return document;
}

}  // namespace squall::coordinator
