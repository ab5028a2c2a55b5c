// A campaign as people run it: real runs in real processes of a simulated target, killed in the
// middle, interrupted, changed, reported.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "tests/fixtures/process.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string squall_program = std::string(SQUALL_PROGRAMS) + "/squall";

const std::string scenario = R"(name = "short <b>run</b>"
[target]
kind = "simulated"
first_token = "5ms"
token_gap = "1ms"
[users]
count = 2
[prompts]
tokens = 4
[answers]
tokens = 4
[phases]
measure = "300ms"
drain = "200ms"
)";

const std::string campaign = R"(name = "twelve"
scenario = "short.toml"
repeats = 2
[matrix]
users = [1, 2, 3]
"answers.tokens" = [2, 4]
)";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Fixture {
  TemporaryFolder folder;
  const std::string file = folder.write("twelve.toml", campaign).string();
  const std::vector<std::string> environment{"SQUALL_STATE=" + path("state")};
  std::string out, err;

  Fixture() { folder.write("short.toml", scenario); }

  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  int squall(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), squall_program);
    Process process(arguments, environment);
    const int code = process.wait(250s);
    out = process.out();
    err = process.err();
    BOOST_TEST_MESSAGE(out << err);
    return code;
  }
  /// Runs that the campaign wrote down as ended.
  std::size_t made() const {
    const std::string text = read_file(path("state/campaigns/twelve/journal"));
    std::size_t count = 0;
    for (auto at = text.find("\"what\":\"run\""); at != std::string::npos;
         at = text.find("\"what\":\"run\"", at + 1))
      ++count;
    return count;
  }
  std::size_t finished_runs() {
    squall({"list", "--json", "--tag", "twelve"});
    return json::parse(out).at("runs").size();
  }
};

bool within(std::chrono::seconds limit, const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < until) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(campaigns, Fixture)

BOOST_AUTO_TEST_CASE(killed_in_the_seventh_of_twelve_it_runs_exactly_the_six_that_are_missing) {
  {
    Process process({squall_program, "campaign", file}, environment);
    std::vector<pid_t> children;
    BOOST_REQUIRE(within(200s, [&] {
      children = process.children();
      return made() == 6 && !children.empty();
    }));
    process.signal(SIGKILL);
    process.wait(10s);
    // Its run ends with it, so that it loads no machine that somebody measures on.
    for (const pid_t child : children)
      BOOST_TEST(within(20s, [&] { return !process_exists(child); }));
  }
  BOOST_TEST(made() == 6u);
  BOOST_TEST(squall({"campaign", file, "--resume", "--html", path("c.html"), "--json",
                     path("c.json"), "--markdown", path("c.md")}) != 2);
  BOOST_TEST(contains(err, "6 of 12 runs were made before; 6 are missing"));
  BOOST_TEST(contains(err, "run 7 of 12, about "));
  BOOST_TEST(contains(err, "run 12 of 12, about "));
  BOOST_TEST(!contains(err, "run 6 of 12, about "));
  BOOST_TEST(made() == 12u);
  BOOST_TEST(finished_runs() == 12u);

  const json results = json::parse(read_file(path("c.json")));
  BOOST_TEST(results.at("planned") == 12);
  BOOST_TEST(results.at("done") == 12);
  BOOST_TEST(results.at("cells").size() == 6u);
  for (const auto& cell : results.at("cells")) BOOST_TEST(cell.at("runs").size() == 2u);
  BOOST_TEST(contains(results.at("banners").at(0).get<std::string>(), "SIMULATED"));
  BOOST_TEST(contains(read_file(path("c.md")), "SIMULATED"));
  const std::string page = read_file(path("c.html"));
  BOOST_TEST(contains(page, "SIMULATED"));
  BOOST_TEST(contains(page, "users=3, answers.tokens=4"));

  // Nothing is missing any more, and a report needs no run.
  squall({"campaign", file});
  BOOST_TEST(contains(out, "All runs had been made before"));
  BOOST_TEST(made() == 12u);
  squall({"campaign", "report", "twelve"});
  BOOST_TEST(contains(out, "all 12 runs of 6 cells"));
}

BOOST_AUTO_TEST_CASE(ctrl_c_ends_the_run_and_a_changed_campaign_runs_only_what_is_new) {
  Process process({squall_program, "campaign", file}, environment);
  BOOST_REQUIRE(within(60s, [&] { return made() == 1 && !process.children().empty(); }));
  process.signal(SIGINT);
  BOOST_TEST(process.wait(30s) == 130);
  BOOST_TEST(contains(process.out(), "INTERRUPTED"), process.out());

  const std::string smaller =
      "name = \"twelve\"\nscenario = \"short.toml\"\n[matrix]\nusers = [1]\n"
      "'answers.tokens' = [2, 3]\n";
  folder.write("twelve.toml", smaller);
  squall({"campaign", file, "--dry-run"});
  BOOST_TEST(contains(out, "1 cell new or changed, to be run: users=1, answers.tokens=3"));
  BOOST_TEST(contains(out, "1 made before, 1 to make"));
  squall({"campaign", file});
  BOOST_TEST(contains(err, "5 cells gone or changed"));
  BOOST_TEST(contains(err, "repeats were 2 and are 1"));
  BOOST_TEST(contains(out, "all 2 runs of 2 cells"));
}

BOOST_AUTO_TEST_CASE(mistakes_are_told_like_a_scenarios_and_nothing_is_run) {
  folder.write("twelve.toml", "name = \"twelve\"\nscenario = \"short.toml\"\nrepeat = 2\n");
  BOOST_TEST(squall({"campaign", file}) == 2);
  BOOST_TEST(contains(err, "twelve.toml:3:1: unknown key 'repeat'"));
  BOOST_TEST(squall({"campaign", "--suite", "spik", path("short.toml")}) == 2);
  BOOST_TEST(contains(err, "did you mean 'spike'?"));
  BOOST_TEST(squall({"campaign", "report", "nothing"}) == 2);
  BOOST_TEST(contains(err, "no run of a campaign 'nothing' has been made"));
  folder.write("twelve.toml", campaign);
  BOOST_TEST(squall({"campaign", file, "--every", "24h"}) == 2);
  BOOST_TEST(contains(err, "write repeats = 5"));
  BOOST_TEST(squall({"campaign", file, "--resume"}) == 2);
  BOOST_TEST(contains(err, "there is nothing to resume"));
  BOOST_TEST(!std::filesystem::exists(path("state/runs")));
}

BOOST_AUTO_TEST_SUITE_END()
