#include "coordinator/report/text_summary.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "coordinator/text/printable_text.hpp"
#include "tests/coordinator/golden_text.hpp"
#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

std::string summary_of(const RunRecord& record, TextStyle style = {}) {
  return text_summary(make_run_report(record), style);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<RunRecord> all_records() {
  RunRecord interrupted = healthy_record();
  interrupted.interrupted = true;
  RunRecord empty = healthy_record();
  empty.timeline = MetricsTimeline(empty.scenario.phases, 2);
  return {healthy_record(),  healthy_closed_record(),
          troubled_record(), varied_record(),
          interrupted,       empty};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_healthy_run_reads_like_this) {
  check_golden("summary_healthy.txt", summary_of(healthy_record()));
}

BOOST_AUTO_TEST_CASE(a_closed_run_reads_like_this) {
  check_golden("summary_closed.txt", summary_of(healthy_closed_record()));
}

BOOST_AUTO_TEST_CASE(a_troubled_run_reads_like_this) {
  check_golden("summary_troubled.txt", summary_of(troubled_record()));
}

BOOST_AUTO_TEST_CASE(a_varied_run_reads_like_this) {
  check_golden("summary_varied.txt", summary_of(varied_record()));
}

BOOST_AUTO_TEST_CASE(a_simulated_target_is_named_at_the_top_with_the_agent_and_in_the_verdict) {
  const std::string text = summary_of(varied_record());
  BOOST_TEST(text.find("SIMULATED TARGET") < text.find("thresholds"));
  BOOST_TEST(contains(text, "; SIMULATED target"));
  BOOST_TEST(contains(text.substr(text.rfind("verdict:")), "(SIMULATED target)"));
  BOOST_TEST(!contains(summary_of(healthy_record()), "SIMULATED"));
}

BOOST_AUTO_TEST_CASE(no_line_is_wider_than_100_columns) {
  for (const RunRecord& record : all_records()) {
    std::istringstream lines(summary_of(record));
    for (std::string line; std::getline(lines, line);) BOOST_TEST(width_of(line) <= 100u, line);
  }
}

BOOST_AUTO_TEST_CASE(latencies_are_listed_where_the_terminal_is_too_narrow_for_columns) {
  check_golden("summary_varied_60.txt", summary_of(varied_record(), {.width = 60}));
}

BOOST_AUTO_TEST_CASE(nothing_from_elsewhere_reaches_the_terminal_as_a_control_character) {
  for (const RunRecord& record : all_records())
    for (const char byte : summary_of(record))
      BOOST_TEST((byte == '\n' || static_cast<unsigned char>(byte) >= 0x20));
}

BOOST_AUTO_TEST_CASE(colour_only_adds_styles) {
  std::string coloured = summary_of(troubled_record(), {.colour = true});
  BOOST_TEST(contains(coloured, "\x1b[31m"));
  for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;)
    coloured.erase(at, coloured.find('m', at) - at + 1);
  BOOST_TEST(coloured == summary_of(troubled_record()));
}

BOOST_AUTO_TEST_CASE(a_synthetic_model_is_named_at_the_top_and_with_the_agent) {
  const std::string text = summary_of(troubled_record());
  BOOST_TEST(text.find("SYNTHETIC MODEL") < text.find("thresholds"));
  BOOST_TEST(contains(text, "(synthetic)"));
  BOOST_TEST(!contains(summary_of(healthy_record()), "SYNTHETIC"));
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_says_that_its_figures_are_partial) {
  RunRecord record = healthy_record();
  record.interrupted = true;
  const std::string text = summary_of(record);
  BOOST_TEST(contains(text, "INTERRUPTED: partial figures"));
  BOOST_TEST(contains(text, "exit code 130"));
}
