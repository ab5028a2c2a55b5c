#include "coordinator/report/html/report_reading.hpp"
#include "coordinator/report/html/run_sections.hpp"
#include "scenarios/schema/metric.hpp"

namespace squall::coordinator {

namespace {

/// What other tools mean by the same, and by the same word: docs/measurement.md, section 1.
std::string called_elsewhere(scenarios::Metric metric) {
  switch (metric) {
    case scenarios::Metric::ttft:
      return "MLPerf LoadGen: TTFT. vLLM, AIPerf and GuideLLM mean ttft_service by that word.";
    case scenarios::Metric::ttft_service:
      return "vLLM, AIPerf, GuideLLM: TTFT.";
    case scenarios::Metric::e2e_service:
      return "vLLM: E2EL; AIPerf, GuideLLM: request latency.";
    case scenarios::Metric::tpot:
      return "vLLM: TPOT; AIPerf, GuideLLM: ITL. Undefined for one token, never 0.";
    case scenarios::Metric::ntpot:
      return "GuideLLM, Veeksha: TPOT.";
    case scenarios::Metric::icl:
      return "vLLM: ITL.";
    case scenarios::Metric::dispatch_delay:
      return "The load generator's own error; others rarely tell it.";
    case scenarios::Metric::goodput:
      return "vLLM: request goodput.";
    default:
      return {};
  }
}

}  // namespace

void add_origin(const Json& report, Page& page) {
  const Json& run = part(report, {"run"});
  const Json& scenario = part(report, {"scenario"});
  const Json& target = part(report, {"target"});
  page.section("origin", "Scenario, and how to run it again");
  PageTable table;
  const auto row = [&](const char* name, const std::string& text) {
    if (!text.empty()) table.rows.push_back({{name}, {text}});
  };
  row("run", text_in(run, "id"));
  row("started", text_in(run, "started_at"));
  row("squall", text_in(run, "tool_version"));
  row("report", text_in(report, "schema"));
  row("scenario", text_in(scenario, "file"));
  row("scenario's hash", text_in(scenario, "hash"));
  if (const Json& seed = part(scenario, {"seed"}); seed.is_number()) row("seed", seed.dump());
  row("load", text_in(scenario, "load"));
  const Json& phases = part(scenario, {"phases"});
  if (phases.is_object())
    row("phases", "warm-up " + duration_text(number_in(phases, "warm_up")) + ", measure " +
                      duration_text(number_in(phases, "measure")) + ", drain " +
                      duration_text(number_in(phases, "drain")));
  row("target", text_in(target, "kind") +
                    (true_in(report, "simulated") ? ": SIMULATED, nothing was inferred" : ""));
  row("target's address", text_in(target, "origin"));
  row("model",
      text_in(target, "model").empty() ? text_in(scenario, "model") : text_in(target, "model"));
  row("prompt tokens", text_in(target, "token_counts"));
  row("journal", text_in(part(report, {"campaign"}), "journal"));
  page.table(table);
  if (const std::string text = text_in(scenario, "text"); !text.empty())
    page.preformatted("The scenario as it was run", text);
}

void add_glossary(Page& page) {
  page.section("glossary", "What the words mean");
  page.paragraph(
      "Latency counts from the intended start of a request, so that a target that "
      "stalls cannot hide its stall; the _service metrics show the target alone.");
  std::vector<std::pair<std::string, std::string>> terms;
  for (const auto& metric : scenarios::metric_table) {
    std::string meaning(metric.meaning);
    const std::string elsewhere = called_elsewhere(metric.metric);
    if (!elsewhere.empty()) meaning += ". " + elsewhere;
    terms.emplace_back(std::string(metric.name), std::move(meaning));
  }
  page.glossary(terms);
}

}  // namespace squall::coordinator
