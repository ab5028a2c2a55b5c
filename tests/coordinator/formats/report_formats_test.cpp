// Markdown, CSV and JUnit of a run: as they should read, and with names that are attacks.

#include <algorithm>
#include <boost/property_tree/xml_parser.hpp>
#include <boost/test/unit_test.hpp>
#include <map>
#include <sstream>

#include "coordinator/report/formats/csv_report.hpp"
#include "coordinator/report/formats/junit_report.hpp"
#include "coordinator/report/formats/markdown_report.hpp"
#include "coordinator/report/formats/report_format.hpp"
#include "tests/coordinator/formats/formatted_runs.hpp"
#include "tests/coordinator/golden_text.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using boost::property_tree::ptree;

namespace {

std::string csv_timeline(const RunRecord& record) {
  return csv_of_timeline(reported(record), read_timeline(json_of(record)));
}

/// Read as RFC 4180 says.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string& cell = rows.back().back();
    if (quoted && text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      cell += text[i++];
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == ',') {
      rows.back().emplace_back();
    } else if (!quoted && text[i] == '\r') {
      BOOST_REQUIRE(text.at(++i) == '\n');
      rows.push_back({""});
    } else {
      cell += text[i];
    }
  }
  BOOST_REQUIRE(!quoted);
  BOOST_REQUIRE((rows.back() == std::vector<std::string>{""}));
  rows.pop_back();
  return rows;
}

ptree parse_xml(const std::string& text) {
  std::istringstream stream(text);
  ptree tree;
  read_xml(stream, tree);
  return tree;
}

std::map<std::string, int> cases_of(const ptree& suite) {
  std::map<std::string, int> count;
  for (const auto& [name, child] : suite) {
    if (name != "testcase") continue;
    ++count["tests"];
    for (const char* ending : {"failure", "error", "skipped"})
      if (child.find(ending) != child.not_found()) ++count[ending];
  }
  return count;
}

const ptree* case_named(const ptree& suite, const std::string& name) {
  for (const auto& [element, child] : suite)
    if (element == "testcase" && child.get<std::string>("<xmlattr>.name") == name) return &child;
  return nullptr;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_healthy_run_reads_like_this_as_markdown) {
  check_golden("report_healthy.md", markdown_report(reported(healthy_record())));
}

BOOST_AUTO_TEST_CASE(a_varied_run_reads_like_this_as_markdown) {
  check_golden("report_varied.md", markdown_report(reported(varied_record())));
}

BOOST_AUTO_TEST_CASE(names_that_are_attacks_stay_text_in_markdown) {
  const std::string text = markdown_report(reported(hostile_record()));
  check_golden("report_hostile.md", text);
  BOOST_TEST(contains(text, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  for (const char* attack : {"<script", "<img", "<b", "<i>", "![i](", "http://", "@everyone", "#1 ",
                             "\n# ", "**bold**", "www.evil"})
    BOOST_TEST(!contains(text, attack), attack);
}

BOOST_AUTO_TEST_CASE(a_simulated_target_is_told_in_the_first_line_of_markdown) {
  const std::string text = markdown_report(reported(varied_record()));
  BOOST_TEST(contains(text.substr(0, text.find('\n')), "SIMULATED"));
  BOOST_TEST(!contains(markdown_report(reported(healthy_record())), "SIMULATED"));
}

BOOST_AUTO_TEST_CASE(the_markdown_of_a_thousand_agents_fits_a_comment) {
  ReportedRun run = reported(healthy_record());
  for (int i = 0; i < 1000; ++i) {
    run.accounts.push_back({"agent-" + std::to_string(i), 1, 1, 0, 0, 0});
    run.measured.errors["reason " + std::to_string(i)] = 1;
  }
  const std::string text = markdown_report(run);
  BOOST_TEST(text.size() < 60'000u);
  BOOST_TEST(contains(text, "and 983 more"));  // the first line is of all agents
}

BOOST_AUTO_TEST_CASE(the_metrics_of_a_run_read_like_this_as_csv) {
  check_golden("report_varied_metrics.csv", csv_of_metrics(reported(varied_record())));
}

BOOST_AUTO_TEST_CASE(every_row_of_csv_has_the_cells_of_its_head) {
  for (const RunRecord& record :
       {healthy_record(), varied_record(), troubled_record(), hostile_record()})
    for (const std::string& text : {csv_of_metrics(reported(record)), csv_timeline(record)}) {
      const auto rows = parse_csv(text);
      BOOST_REQUIRE(rows.size() > 1u);
      for (const auto& row : rows) BOOST_TEST(row.size() == rows.front().size());
    }
}

BOOST_AUTO_TEST_CASE(the_timeline_as_csv_has_a_row_a_second_and_all_tokens) {
  const auto rows = parse_csv(csv_timeline(healthy_record()));
  const auto& head = rows.front();
  const auto column = static_cast<std::size_t>(std::ranges::find(head, "tokens") - head.begin());
  BOOST_REQUIRE(column < head.size());
  double tokens = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) tokens += std::stod(rows[i][column]);
  BOOST_TEST(tokens == 5600.0);
}

BOOST_AUTO_TEST_CASE(what_would_be_a_formula_is_text_and_what_is_unknown_is_empty) {
  RunRecord record = varied_record();
  record.scenario.name = "=1+1";
  record.scenario.categories[0].name = "a,\"b\"";
  const auto rows = parse_csv(csv_of_metrics(reported(record)));
  bool withheld = false;
  bool category = false;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    BOOST_TEST(rows[i][1] == "'=1+1");
    BOOST_TEST(contains(rows[i][2], "SIMULATED"));
    category |= rows[i][4] == "a,\"b\"";
    if (rows[i][6] != "p99.9" || !contains(rows[i].back(), "insufficient")) continue;
    withheld = true;
    BOOST_TEST(rows[i][7].empty());
  }
  BOOST_TEST(withheld);
  BOOST_TEST(category);
}

BOOST_AUTO_TEST_CASE(a_run_reads_like_this_as_junit) {
  check_golden("report_healthy.junit.xml", junit_report(reported(healthy_record())));
  check_golden("report_troubled.junit.xml", junit_report(reported(troubled_record())));
}

BOOST_AUTO_TEST_CASE(the_counts_of_a_junit_suite_are_those_of_its_tests) {
  for (const RunRecord& record :
       {healthy_record(), varied_record(), troubled_record(), hostile_record()}) {
    const ptree suite = parse_xml(junit_report(reported(record))).get_child("testsuite");
    auto count = cases_of(suite);
    BOOST_TEST(suite.get<int>("<xmlattr>.tests") == count["tests"]);
    BOOST_TEST(suite.get<int>("<xmlattr>.failures") == count["failure"]);
    BOOST_TEST(suite.get<int>("<xmlattr>.errors") == count["error"]);
    BOOST_TEST(suite.get<int>("<xmlattr>.skipped") == count["skipped"]);
  }
}

BOOST_AUTO_TEST_CASE(a_missed_threshold_is_a_failure_and_what_is_undecided_is_not_green) {
  const auto suite_of = [](const RunRecord& record) {
    return parse_xml(junit_report(reported(record))).get_child("testsuite");
  };
  using std::chrono::milliseconds;
  const ptree missed =
      suite_of(record_of({.completed = {{milliseconds(800), 2000}}}, "ttft p95 < 300ms"));
  const ptree* threshold = case_named(missed, "ttft p95 < 300ms");
  BOOST_REQUIRE(threshold != nullptr);
  BOOST_TEST(threshold->count("failure") == 1u);
  const ptree open = suite_of(record_of({.completed = {{milliseconds(80), 20}}}, "ttft p95 < 300ms"));
  threshold = case_named(open, "ttft p95 < 300ms");
  BOOST_REQUIRE(threshold != nullptr);
  BOOST_TEST(threshold->count("error") == 1u);
  BOOST_TEST(case_named(open, "verdict")->count("error") +
                 case_named(open, "verdict")->count("failure") ==
             1u);
  BOOST_TEST(case_named(suite_of(healthy_record()), "verdict")->size() == 1u);  // attributes only
  const ptree invalid = suite_of(troubled_record());
  BOOST_TEST(case_named(invalid, "requests accounted for")->count("error") == 1u);
  BOOST_TEST(case_named(invalid, "Little's law")->count("skipped") == 1u);
}

BOOST_AUTO_TEST_CASE(names_that_are_attacks_stay_text_in_junit) {
  const std::string text = junit_report(reported(hostile_record()));
  BOOST_TEST(!contains(text, "<script"));
  BOOST_TEST(!contains(text, "<b"));
  const ptree suite = parse_xml(text).get_child("testsuite");
  BOOST_TEST(suite.get<std::string>("<xmlattr>.name") == "squall run <script>alert(1)</script>");
  BOOST_TEST(suite.get<std::string>("<xmlattr>.hostname") == "\"><i>");
}

BOOST_AUTO_TEST_CASE(a_format_is_known_by_its_name_and_by_the_ending_of_a_file) {
  for (const FormatDescription& each : format_table) {
    BOOST_TEST(std::string(describe(each.format).name) == std::string(each.name));
    BOOST_TEST((find_format(each.name) == each.format));
  }
  BOOST_TEST((format_of_file("a/b.md") == ReportFormat::markdown));
  BOOST_TEST((format_of_file("b.xml") == ReportFormat::junit));
  BOOST_TEST(!format_of_file("b.pdf").has_value());
  BOOST_TEST(!format_of_file("").has_value());
  BOOST_TEST(!find_format("pdf").has_value());
}
