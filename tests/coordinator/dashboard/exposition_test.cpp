#include "coordinator/dashboard/exposition.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "tests/coordinator/sample_runs.hpp"

namespace {

using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;
using squall::actors::Phase;
using squall::scenarios::Metric;

std::string exposition_of(const RunRecord& record, std::optional<int> exit_code = {}) {
  LiveMoment moment;
  moment.stage = exit_code ? RunStage::finished : RunStage::measuring;
  moment.elapsed = 20s;
  moment.agents_wanted = moment.agents_alive = record.agents.size();
  return exposition(run_totals(record), make_live_status(record, moment), exit_code);
}

/// Each sample by its name and labels, those of the run left out. Checks the format on the way.
std::map<std::string, double> samples_of(const std::string& text) {
  static const std::regex line(
      R"re(([a-z_0-9]+)\{scenario="(?:[^"\\]|\\.)*",run="[^"]*"(?:,([^}]*))?\} (\S+))re");
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  std::string family, type;
  std::set<std::string> families;
  for (std::string each; std::getline(lines, each);) {
    if (each.starts_with("# HELP ")) {
      family = each.substr(7, each.find(' ', 7) - 7);
      BOOST_TEST(families.insert(family).second, family << " comes twice");
      continue;
    }
    if (each.starts_with("# TYPE ")) {
      BOOST_TEST(each.starts_with("# TYPE " + family + " "));
      continue;
    }
    std::smatch match;
    BOOST_REQUIRE_MESSAGE(std::regex_match(each, match, line), each);
    BOOST_TEST(match[1].str().starts_with(family), match[1] << " in the family " << family);
    const std::string key = match[1].str() + "{" + match[2].str() + "}";
    BOOST_TEST(samples.emplace(key, std::stod(match[3])).second, key << " comes twice");
  }
  return samples;
}

}  // namespace

BOOST_AUTO_TEST_CASE(totals_are_those_of_the_record_for_every_outcome_and_phase) {
  for (const RunRecord& record : {healthy_record(), varied_record(), troubled_record()}) {
    const auto samples = samples_of(exposition_of(record));
    for (const auto& [phase, word] :
         {std::pair{Phase::warm_up, "warm_up"}, std::pair{Phase::measure, "measure"}}) {
      const auto& total = record.timeline.total(phase);
      const std::string labels = std::string("phase=\"") + word + "\"";
      const auto outcome = [&](const char* name) {
        return samples.at("squall_run_requests_total{" + labels + ",outcome=\"" + name + "\"}");
      };
      BOOST_TEST(outcome("ok") == static_cast<double>(total.ledger.ok));
      BOOST_TEST(outcome("error") == static_cast<double>(total.ledger.error));
      BOOST_TEST(outcome("timeout") == static_cast<double>(total.ledger.timeout));
      BOOST_TEST(outcome("open_at_end") == static_cast<double>(total.ledger.open_at_end));
      BOOST_TEST(outcome("dropped_late") == static_cast<double>(total.ledger.dropped_late));
      BOOST_TEST(samples.at("squall_run_output_tokens_total{" + labels + "}") ==
                 static_cast<double>(total.output_tokens));
      BOOST_TEST(samples.at("squall_run_retried_total{" + labels + "}") ==
                 static_cast<double>(total.retried));
      double errors = 0, expected = 0;
      for (const auto& [key, value] : samples)
        if (key.starts_with("squall_run_errors_total{" + labels)) errors += value;
      for (const auto& [what, count] : total.errors) expected += static_cast<double>(count);
      BOOST_TEST(errors == expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(buckets_count_up_to_everything_and_agree_with_the_histogram) {
  const RunRecord record = healthy_record();
  const auto samples = samples_of(exposition_of(record));
  const auto& ttft =
      record.timeline.total(Phase::measure).durations[static_cast<std::size_t>(Metric::ttft)];
  const auto bucket = [&](const std::string& bound) {
    return samples.at("squall_run_ttft_seconds_bucket{phase=\"measure\",le=\"" + bound + "\"}");
  };
  BOOST_TEST(bucket("+Inf") == 600);
  BOOST_TEST(bucket("100") == 600);
  BOOST_TEST(bucket("0.001") == 0);
  // First tokens come after 50 to 70 ms.
  BOOST_TEST(bucket("0.05") < 30);
  BOOST_TEST(bucket("0.07") == static_cast<double>(ttft.count() - ttft.count_above(70ms)));
  double before = 0;
  for (const char* bound : {"0.001", "0.0015", "0.03", "0.05", "0.07", "0.1", "+Inf"}) {
    BOOST_TEST(bucket(bound) >= before);
    before = bucket(bound);
  }
  BOOST_TEST(samples.at("squall_run_ttft_seconds_count{phase=\"measure\"}") == 600);
  BOOST_TEST(samples.at("squall_run_ttft_seconds_sum{phase=\"measure\"}") == in_seconds(ttft.sum()),
             boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(the_end_is_told_with_its_exit_code_and_not_before) {
  const auto during = samples_of(exposition_of(healthy_record()));
  BOOST_TEST(during.at("squall_run_finished{}") == 0);
  BOOST_TEST(!during.contains("squall_run_exit_code{}"));
  BOOST_TEST(during.at("squall_run_stage{stage=\"measuring\"}") == 1);
  const auto after = samples_of(exposition_of(healthy_record(), 10));
  BOOST_TEST(after.at("squall_run_finished{}") == 1);
  BOOST_TEST(after.at("squall_run_exit_code{}") == 10);
  BOOST_TEST(after.at("squall_run_stage{stage=\"measuring\"}") == 0);
  BOOST_TEST(after.at("squall_run_stage{stage=\"finished\"}") == 1);
}

BOOST_AUTO_TEST_CASE(thresholds_are_told_by_how_they_stand) {
  const auto samples = samples_of(exposition_of(healthy_record()));
  BOOST_TEST(samples.at("squall_run_threshold{threshold=\"ttft p95 < 300ms\"}") == 1);
  RunRecord slow = record_of({.completed = {{80ms, 400}, {350ms, 120}}}, "ttft p95 < 300ms");
  const auto missed = samples_of(exposition_of(slow));
  BOOST_TEST(missed.at("squall_run_threshold{threshold=\"ttft p95 < 300ms\"}") == 3);
}

BOOST_AUTO_TEST_CASE(what_others_wrote_cannot_break_the_exposition) {
  RunRecord record = record_of({.completed = {{80ms, 40}}}, "ttft p95 < 300ms");
  record.scenario.name = "a\"} 1\nsquall_run_elapsed_seconds 666 \\";
  squall::actors::MetricsSnapshot errors = moment_in_window();
  // Two of them look alike once they can be printed.
  errors[Phase::measure].errors = {{"\xff\"\\\n", 2}, {"\xfe\"\\\n", 3}, {"plain", 1}};
  add_batch(record, 0, errors);
  const auto samples = samples_of(exposition_of(record));
  BOOST_TEST(samples.at("squall_run_errors_total{phase=\"measure\",class=\"?\\\"\\\\?\"}") == 5);
  BOOST_TEST(samples.at("squall_run_errors_total{phase=\"measure\",class=\"plain\"}") == 1);
  BOOST_TEST(samples.at("squall_run_elapsed_seconds{}") == 20);
}

BOOST_AUTO_TEST_CASE(a_server_that_invents_errors_makes_no_endless_exposition) {
  RunRecord record = record_of({.completed = {{80ms, 40}}}, "ttft p95 < 300ms");
  squall::actors::MetricsSnapshot errors = moment_in_window();
  for (int i = 0; i < 5000; ++i) errors[Phase::measure].errors["error " + std::to_string(i)] = 2;
  add_batch(record, 0, errors);
  const std::string text = exposition_of(record);
  const auto samples = samples_of(text);
  BOOST_TEST(samples.at("squall_run_errors_total{phase=\"measure\",class=\"others\"}") == 9800);
  BOOST_TEST(text.size() < 100u << 10);
}

BOOST_AUTO_TEST_CASE(every_metric_of_the_table_is_told_and_no_other) {
  // The planned load is told while there is some, the exit code at the end.
  const std::string during = exposition_of(healthy_record());
  const std::string after = exposition_of(healthy_record(), 0);
  std::set<std::string> told;
  for (const std::string& text : {during, after})
    for (const auto& [key, value] : samples_of(text)) told.insert(key.substr(0, key.find('{')));
  std::set<std::string> expected;
  for (const MetricFamily& family : metric_families()) {
    const std::string name(family.name);
    const std::string type = "# TYPE " + name + " " + std::string(family.type) + "\n";
    BOOST_TEST((during + after).find(type) != std::string::npos, name);
    if (family.type == "histogram")
      expected.insert({name + "_bucket", name + "_sum", name + "_count"});
    else if (name != "squall_run_errors_total")  // there were none
      expected.insert(name);
  }
  BOOST_TEST(told == expected, boost::test_tools::per_element());
}

namespace {

/// Each word in a file that looks like one of our metrics.
std::set<std::string> metrics_in(const std::string& path) {
  std::ifstream file(path);
  BOOST_REQUIRE_MESSAGE(file, path);
  std::ostringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  static const std::regex name("squall_run_[a-z_0-9]+");
  return {std::sregex_token_iterator(all.begin(), all.end(), name), std::sregex_token_iterator()};
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_expression_of_the_grafana_dashboard_asks_for_what_is_told) {
  std::set<std::string> known;
  for (const MetricFamily& family : metric_families()) {
    known.insert(std::string(family.name));
    if (family.type == "histogram") known.insert(std::string(family.name) + "_bucket");
  }
  const auto asked = metrics_in("deploy/grafana/squall.json");
  BOOST_TEST(asked.size() > 15u);
  for (const std::string& name : asked) BOOST_TEST(known.contains(name), name);

  std::ifstream file("deploy/grafana/squall.json");
  const auto dashboard = nlohmann::json::parse(file);
  std::size_t expressions = 0;
  for (const auto& panel : dashboard["panels"])
    for (const auto& target : panel["targets"]) {
      ++expressions;
      const auto expression = target["expr"].get<std::string>();
      BOOST_TEST(expression.find("{scenario=~\"$scenario\",run=~\"$run\"") != std::string::npos);
      BOOST_TEST(target["datasource"]["uid"] == "${datasource}");
    }
  BOOST_TEST(expressions > 20u);
  BOOST_TEST(dashboard["templating"]["list"][0]["type"] == "datasource");
}

BOOST_AUTO_TEST_CASE(the_documentation_names_every_metric_and_invents_none) {
  std::set<std::string> known;
  for (const MetricFamily& family : metric_families()) known.insert(std::string(family.name));
  BOOST_TEST(metrics_in("docs/live.md") == known, boost::test_tools::per_element());
}
