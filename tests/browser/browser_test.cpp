// Makes every kind of page that squall writes and lets pages.mjs look at them in Chromium. Exit
// code 77 (skipped) where Node.js, Chromium or the npm package playwright-core is not installed.
// Usage: browser_test FOLDER: pages and screenshots are in it afterwards.

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "coordinator/plan/output/json_plan.hpp"
#include "coordinator/report/html/run_page.hpp"
#include "coordinator/report/json_report.hpp"
#include "tests/browser/made_history.hpp"
#include "tests/coordinator/pages/long_run.hpp"
#include "tests/coordinator/plan/made_up_plan.hpp"
#include "tests/end_to_end/reporting_runs.hpp"
#include "tests/fixtures/program_in_path.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr int skipped = 77;
constexpr const char* hostile_name = "<script>alert(1)</script>";

/// Arrivals at a law that fails now and then, prompts with markup, a name that is none.
std::string hostile_scenario(const ReportingRuns& runs, const std::string& phases) {
  runs.write("prompts.txt", "<img src=x onerror=alert(2)>\n</script><b>How</b> much & why?\n");
  return std::string("name = '") + hostile_name +
         "'\ndescription = \"What <i>others</i> wrote & said\"\nseed = 7\n"
         "thresholds = [\"error_rate < 50%\", \"ttft p95 < 300ms\", \"e2e p99 < 2s\"]\n"
         "[target]\nkind = \"simulated\"\nerror_rate = 0.05\n"
         "first_token = { distribution = \"lognormal\", mean = \"40ms\", deviation = \"20ms\" }\n"
         "token_gap = \"4ms\"\n[arrivals]\nrate = 60.0\n"
         "[[categories]]\nname = \"<b>questions</b>\"\n"
         "[categories.prompts]\nfile = \"prompts.txt\"\n[categories.answers]\ntokens = 8\n"
         "[[categories]]\nname = \"summaries\"\n[categories.answers]\ntokens = 4\n[phases]\n" +
         phases;
}

constexpr const char* campaign_file = R"(name = "<script>alert(1)</script>"
description = "Users & <b>servers</b>"
scenario = "campaign_scenario.toml"
repeats = 2
[matrix]
users = [2, 6]
"target.servers" = [2, 8]
)";
constexpr const char* campaign_scenario = R"(name = "campaign"
seed = 7
thresholds = ["error_rate < 5%"]
[target]
kind = "simulated"
first_token = "15ms"
token_gap = "3ms"
servers = 2
[users]
count = 2
[answers]
tokens = 4
[phases]
measure = "1s"
drain = "1s"
)";
constexpr const char* fleet_law =
    R"({"schema": "squall-engine-law/1", "model": "known", "seconds": {"per_step": 0.01}})";
constexpr const char* fleet_scenario = R"(name = '<script>alert(1)</script>'
seed = 3
thresholds = ["ttft p95 < 2s"]
[target]
model = "synthetic:llama-15m/q8_0"
[users]
count = 40
ramp = "10s"
think_time = "500ms"
[prompts]
tokens = 12
[answers]
tokens = 16
[phases]
warm_up = "5s"
measure = "60s"
drain = "5s"
)";

class Pages {
 public:
  explicit Pages(fs::path folder) : folder_(std::move(folder)) {}

  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  /// False, with what was said, when a page could not be made.
  bool make() {
    return report() && comparison_and_trend() && campaign() && capacity() && fleet() && hour();
  }

  /// While a run goes on. Returns pages.mjs' exit code.
  int look_at_dashboard(const std::string& node) {
    const std::string scenario = runs_.write(
        "live.toml",
        hostile_scenario(runs_, "warm_up = \"1s\"\nmeasure = \"3m\"\ndrain = \"2s\"\n"));
    Process run(
        {std::string(SQUALL_PROGRAMS) + "/squall", "run", scenario, "--dashboard", "--agents", "3"},
        {"SQUALL_STATE=" + runs_.path("live"), "SQUALL_STORE="});
    const std::string url = url_of(run);
    if (url.empty()) {
      std::printf("the dashboard did not come up: %s\n", run.err().c_str());
      return 1;
    }
    const int result = look(node, {url, std::to_string(run.pid())});
    run.signal(SIGINT);
    run.wait(20s);
    return result;
  }

  int look(const std::string& node, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command{node, "tests/browser/pages.mjs", folder_.string()};
    command.insert(command.end(), more.begin(), more.end());
    Process looking(command);
    const int code = looking.wait(540s);
    std::printf("%s%s", looking.out().c_str(), looking.err().c_str());
    return code;
  }

 private:
  bool fine(const char* what, const Said& said, std::initializer_list<int> codes) const {
    for (const int code : codes)
      if (said.code == code) return true;
    std::printf("%s: exit code %d\n%s%s", what, said.code, said.out.c_str(), said.err.c_str());
    return false;
  }

  bool report() {
    const std::string scenario = runs_.write(
        "run.toml",
        hostile_scenario(runs_, "warm_up = \"500ms\"\nmeasure = \"3s\"\ndrain = \"1s\"\n"));
    // A busy machine may make it invalid, and it is reported all the same.
    return fine("squall run", runs_.squall({"run", scenario, "--agents", "2"}), {0, 10, 12, 13}) &&
           fine("squall report", runs_.squall({"report", "last", "--output", file("report.html")}),
                {0});
  }

  bool comparison_and_trend() {
    const std::string store = runs_.path("history.db");
    const MadeHistory history = make_history(store, hostile_name);
    const std::vector<std::string> base(history.before.end() - 6, history.before.end());
    const std::vector<std::string> run(history.after.end() - 6, history.after.end());
    const auto compare = [&](const std::string& other, const char* page) {
      return runs_.squall({"compare", joined_by_commas(base), other, "--store", store, "--show",
                           "e2e_p95", "--html", file(page)});
    };
    return fine("squall compare", compare(joined_by_commas(run), "comparison.html"), {11}) &&
           fine("squall compare", compare(history.of_another_model, "incomparable.html"), {14}) &&
           fine("squall trend",
                runs_.squall(
                    {"trend", hostile_name, "--store", store, "--html", file("trend.html")}),
                {0});
  }

  bool campaign() {
    runs_.write("campaign_scenario.toml", campaign_scenario);
    const std::string campaign = runs_.write("campaign.toml", campaign_file);
    return fine("squall campaign",
                runs_.squall({"campaign", campaign, "--html", file("campaign.html")}),
                {0, 10, 12, 13});
  }

  bool capacity() {
    squall::coordinator::CapacityPlan plan = made_up_plan();
    plan.scenario = hostile_name;
    const std::string json = runs_.write("plan.json", squall::coordinator::json_plan(plan, {}));
    const std::string prices =
        runs_.write("prices.toml", "currency = \"EUR\"\n[machines.machine]\nper_hour = 2.40\n");
    return fine(
        "squall plan report",
        runs_.squall({"plan", "report", json, "--users", "5000", "--growth", "8%", "--months", "12",
                      "--peak", "30", "--prices", prices, "--html", file("capacity.html")}),
        {0, 12});
  }

  bool fleet() {
    const std::string law = runs_.write("law.json", fleet_law);
    return fine("squall fleet",
                runs_.squall({"fleet", runs_.write("fleet.toml", fleet_scenario), "--law", law,
                              "--machines", "4", "--html", file("fleet.html")}),
                {0});
  }

  /// A real report and page of the record of a run that never took place.
  bool hour() const {
    const auto record = long_record(20, std::chrono::hours(1));
    const std::string json =
        squall::coordinator::json_report(squall::coordinator::make_run_report(record), record);
    std::ofstream page(file("hour.html"), std::ios::binary);
    page << squall::coordinator::run_page(nlohmann::json::parse(json));
    return static_cast<bool>(page.flush());
  }

  static std::string url_of(const Process& run) {
    const std::regex url("dashboard:\\s+(http://\\S+)");
    const auto until = std::chrono::steady_clock::now() + 40s;
    while (std::chrono::steady_clock::now() < until) {
      const std::string said = run.err();
      std::smatch match;
      if (std::regex_search(said, match, url)) return match[1];
      std::this_thread::sleep_for(20ms);
    }
    return {};
  }

  ReportingRuns runs_{SQUALL_PROGRAMS};
  fs::path folder_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::puts("usage: browser_test FOLDER");
    return 2;
  }
  const auto node = program_in_path("node");
  if (node.empty()) {
    std::puts("skipped: there is no Node.js here; ./dev browser-tools installs it");
    return skipped;
  }
  Process able({node.string(), "tests/browser/pages.mjs"});
  if (const int code = able.wait(60s); code != 0) {
    std::printf("%s%s", able.out().c_str(), able.err().c_str());
    return code == skipped ? skipped : 1;
  }
  const fs::path folder = argv[1];
  fs::remove_all(folder);
  fs::create_directories(folder);
  Pages pages(folder);
  if (!pages.make()) return 1;
  const int still = pages.look(node.string());
  const int live = pages.look_at_dashboard(node.string());
  std::printf("pages and screenshots: %s\n", folder.c_str());
  return still == 0 && live == 0 ? 0 : 1;
}
