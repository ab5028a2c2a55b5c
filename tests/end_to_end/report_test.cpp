// `squall report` as people use it, with the real programs: every format of one run, and what is
// said when something is not there.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "tests/end_to_end/reporting_runs.hpp"

using namespace squall::tests;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// One run for all cases: it takes some seconds.
const ReportingRuns& runs() {
  static const ReportingRuns all(SQUALL_PROGRAMS);
  static const bool made = all.run("<script>alert(1)</script>", arrivals_of_a_law,
                                   {"--json", all.path("run.json"), "--agents", "2"});
  BOOST_REQUIRE_MESSAGE(made, all.last().err);
  return all;
}

Said report(std::vector<std::string> words, const std::vector<std::string>& environment = {}) {
  words.insert(words.begin(), "report");
  return runs().squall(words, environment);
}

std::string made(const std::vector<std::string>& words) {
  const Said said = report(words);
  BOOST_REQUIRE_MESSAGE(said.code == 0, said.err);
  return said.out;
}

std::size_t files_here(const std::string& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_format_of_a_run_goes_to_standard_output) {
  const json kept = json::parse(read_file(runs().path("run.json")));
  const std::string page = made({"last"});  // a page, as standard output is no terminal here
  BOOST_TEST(page.starts_with("<!DOCTYPE html>"), page.substr(0, 40));
  BOOST_TEST(!contains(page, "<script>alert(1)"));
  BOOST_TEST(contains(page, kept.at("run").at("id").get<std::string>()));
  const std::string markdown = made({"last", "--format", "markdown"});
  BOOST_TEST(markdown.starts_with("### "));
  BOOST_TEST(contains(markdown, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  BOOST_TEST(!contains(markdown, "<script>"));
  BOOST_TEST(contains(made({"last", "--format", "text"}), "verdict: "));
  BOOST_TEST(json::parse(made({"last", "--format", "json"})) == kept);
  BOOST_TEST(made({"last", "--format", "csv"}).starts_with("run,scenario,banner,phase,"));
  BOOST_TEST(contains(made({"last", "--format", "csv", "--table", "timeline"}), ",ttft_p95,"));
  BOOST_TEST(contains(made({"last", "--format", "junit"}), "name=\"error_rate &lt; 50%\""));
  BOOST_TEST(json::parse(made({"last", "--format", "vllm"})).at("completed") ==
             kept.at("phases").at("measure").at("ledger").at("ok"));
}

BOOST_AUTO_TEST_CASE(text_is_what_the_run_printed) {
  BOOST_TEST(made({"last", "--format", "text"}) == runs().last().out);
}

BOOST_AUTO_TEST_CASE(a_log_has_intervals_of_a_stored_run_and_one_line_of_a_report_alone) {
  const auto lines_of = [](const std::string& log) {
    std::map<std::string, int> lines;
    std::istringstream stream(log);
    for (std::string line; std::getline(stream, line);)
      if (line.starts_with("Tag=")) ++lines[line.substr(0, line.find(','))];
    return lines;
  };
  auto stored = lines_of(made({"last", "--format", "hlog"}));
  BOOST_TEST(stored["Tag=ttft"] >= 2);
  auto alone = lines_of(made({runs().path("run.json"), "--format", "hlog"}));
  BOOST_TEST(alone["Tag=ttft"] == 1);
  BOOST_TEST(alone.size() == stored.size());
  const std::string untagged = made({"last", "--format", "hlog", "--metric", "e2e"});
  BOOST_TEST(!contains(untagged, "Tag="));
  BOOST_TEST(contains(untagged, "SIMULATED TARGET"));
}

BOOST_AUTO_TEST_CASE(the_table_of_requests_has_all_that_ended_and_their_exact_percentiles) {
  const json kept = json::parse(read_file(runs().path("run.json")));
  std::istringstream table(made({"last", "--format", "csv", "--table", "requests"}));
  const auto cells_of = [](const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    return cells;
  };
  std::string line;
  std::getline(table, line);
  const auto head = cells_of(line);
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(head, name) - head.begin());
  };
  BOOST_REQUIRE(column("ttft") < head.size());
  std::vector<double> ttft;
  std::size_t warm_up = 0;
  while (std::getline(table, line)) {
    line.erase(0, line.rfind('"') == std::string::npos ? 0 : line.rfind('"') + 1);  // the banner
    auto cells = cells_of(line);
    cells.insert(cells.begin(), {"run", "scenario"});  // were cut off with it
    if (cells.at(column("phase")) == "warm_up")
      ++warm_up;
    else if (cells.at(column("ending")) == "ok")
      ttft.push_back(std::stod(cells.at(column("ttft"))));
  }
  const json& phases = kept.at("phases");
  BOOST_TEST(warm_up == phases.at("warm_up").at("ledger").at("ok").get<std::size_t>());
  BOOST_TEST(ttft.size() == phases.at("measure").at("ledger").at("ok").get<std::size_t>());
  std::ranges::sort(ttft);
  const json& row = phases.at("measure").at("durations").at("ttft");
  const json& median = row.at("percentiles").at(0);
  BOOST_TEST(row.at("exact") == true);
  if (row.at("unanswered") == 0)
    BOOST_TEST(ttft.at((ttft.size() + 1) / 2 - 1) == median.at("value").get<double>());
}

BOOST_AUTO_TEST_CASE(a_run_is_found_by_id_folder_and_file_and_says_the_same) {
  const std::string id = json::parse(read_file(runs().path("run.json"))).at("run").at("id");
  const std::string markdown = made({"last", "--format", "markdown"});
  BOOST_TEST(made({id, "--format", "markdown"}) == markdown);
  BOOST_TEST(made({runs().path("state/runs/" + id), "--format", "markdown"}) == markdown);
  BOOST_TEST(made({runs().path("run.json"), "--format", "markdown"}) == markdown);
  // Without a store the run's folder is still there.
  fs::create_directories(runs().path("bare"));
  fs::copy(runs().path("state/runs"), runs().path("bare/runs"), fs::copy_options::recursive);
  BOOST_TEST(made({"last", "--format", "markdown", "--state", runs().path("bare")}) == markdown);
}

BOOST_AUTO_TEST_CASE(a_file_says_its_format_by_its_ending_and_is_named_when_written) {
  const std::string file = runs().path("written.md");
  const Said said = report({"last", "-o", file});
  BOOST_TEST(said.code == 0);
  BOOST_TEST(contains(said.out, file), said.out);
  BOOST_TEST(read_file(file) == made({"last", "--format", "markdown"}));
  BOOST_TEST(!fs::exists(file + ".partial"));
  BOOST_TEST(report({"last", "-o", runs().path("page.html")}).code == 0);
  BOOST_TEST(read_file(runs().path("page.html")).starts_with("<!DOCTYPE html>"));
}

BOOST_AUTO_TEST_CASE(open_hands_the_page_to_the_browser_or_says_where_it_is) {
  const std::string folder = runs().path("programs");
  fs::create_directories(folder);
  const std::string opened = runs().path("opened");
  runs().write("programs/xdg-open", "#!/bin/sh\nprintf '%s' \"$1\" > '" + opened + "'\n");
  chmod((folder + "/xdg-open").c_str(), 0755);
  const std::string page = runs().path("shown.html");
  const std::string with = "PATH=" + folder + ":/usr/bin:/bin";
  BOOST_TEST(report({"last", "--open", "-o", page}, {with}).code == 0);
  BOOST_TEST(read_file(opened) == page);

  const Said nobody = report({"last", "--open", "-o", page}, {"PATH=/nowhere"});
  BOOST_TEST(nobody.code == 0);
  BOOST_TEST(contains(nobody.err, "no xdg-open here"), nobody.err);
  BOOST_TEST(contains(nobody.err, page));
  runs().write("programs/xdg-open", "#!/bin/sh\nexit 3\n");
  BOOST_TEST(contains(report({"last", "--open", "-o", page}, {with}).err, "found no browser"));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_with_its_remedy_and_nothing_is_written) {
  const auto refused = [](const std::vector<std::string>& words, const std::string& part) {
    const Said said = report(words);
    BOOST_TEST(said.code == 2, said.err);
    BOOST_TEST(contains(said.err, part), said.err);
    BOOST_TEST(said.out.empty());
  };
  const std::string empty = runs().path("empty");
  fs::create_directories(empty);
  refused({"last", "--format", "markdwon"}, "did you mean 'markdown'?");
  refused({"last", "--format", "pdf"}, "formats: html, markdown");
  refused({"20991231"}, "20991231");
  refused({"last", "--store", runs().path("none.db")}, "there is no store");
  refused({"last", "--format", "markdown", "--table", "metrics"}, "--format csv");
  refused({"last", "--metric", "ttft"}, "--format hlog");
  refused({"last", "--format", "hlog", "--metric", "ttfb"}, "did you mean");
  refused({"last", "--open", "--output", "-"}, "--open shows a file");
  refused({runs().path("none.json")}, "cannot read the report");
  refused({empty}, "report.json");
  refused({runs().write("letter.json", "Dear all"), "--format", "markdown"}, "no report of a run");
  refused({runs().write("other.json", "{}"), "-o", empty + "/a.md"}, "no report of a run");
  refused({runs().path("run.json"), "--format", "text"}, "--format markdown");
  refused({runs().path("run.json"), "--format", "csv", "--table", "requests"}, "--table metrics");
  refused({"last", "-o", empty + "/no/such.md"}, "--output needs a path");
  BOOST_TEST(files_here(empty) == 0u);
}

BOOST_AUTO_TEST_CASE(help_teaches_formats_and_examples) {
  const std::string help = made({"--help"});
  for (const char* part : {"html", "markdown", "junit", "hlog", "vllm", "--table", "tag:", "Exit"})
    BOOST_TEST(contains(help, part), part);
}
