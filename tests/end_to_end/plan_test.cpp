// squall plan as people type it: real runs of a simulated target whose capacity is known.
//
// Eight servers that each take 300 ms for an answer: with up to eight users nobody waits, with nine
// everybody does, for about 37 ms. On a machine that is busy with other things runs may be invalid;
// then these tests ask only for what must hold all the same.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/fixtures/process.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string squall_program = std::string(SQUALL_PROGRAMS) + "/squall";

const std::string scenario = R"(name = "eight <b>servers</b>"
seed = 7
thresholds = ["ttft p95 < 120ms", "tokens_per_second > 1"]
[target]
kind = "simulated"
first_token = "100ms"
token_gap = "20ms"
servers = 8
[users]
count = 6
[prompts]
tokens = 8
[answers]
tokens = 11
[phases]
measure = "1500ms"
drain = "2s"
)";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Fixture {
  TemporaryFolder folder;
  const std::string state = "--state=" + (folder.path() / "state").string();
  std::string out, err;

  int squall(std::vector<std::string> arguments, std::chrono::seconds limit = 200s) {
    arguments.insert(arguments.begin(), squall_program);
    Process process(arguments);
    const int code = process.wait(limit);
    out = process.out();
    err = process.err();
    BOOST_TEST_MESSAGE(out << err);
    return code;
  }
  std::string file(const std::string& name) const { return (folder.path() / name).string(); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(plans, Fixture)

BOOST_AUTO_TEST_CASE(a_known_capacity_is_found_stored_resumed_and_told) {
  const std::string chat = folder.write("chat.toml", scenario).string();
  const std::string prices =
      folder.write("prices.toml", "currency = \"EUR\"\n[machines.machine]\nper_hour = 2.40\n")
          .string();
  // First with a budget that holds a probe or two.
  const int unfinished = squall({"plan", chat, state, "--no-levels", "--budget", "8s"});
  BOOST_TEST((unfinished == 12 || unfinished == 13), "exit code " << unfinished);
  BOOST_TEST(contains(out, "UNFINISHED"));
  BOOST_TEST(contains(err, "probe 1 of at most 12, 6 users"));
  // Then the rest, with the answers.
  const int code =
      squall({"plan", "--resume", "last", state, "--users", "100", "--prices", prices, "--json",
              file("plan.json"), "--html", file("plan.html"), "--markdown", file("plan.md")});
  BOOST_TEST(contains(err, "known from before"));
  const json plan = json::parse(read_file(file("plan.json")));
  BOOST_TEST(plan.at("schema") == "squall-plan/1");
  BOOST_TEST(plan.at("simulated") == true);
  BOOST_TEST(plan.at("plan").at("finished") == true);
  BOOST_TEST(plan.at("left_out").at(0) == "tokens_per_second > 1");
  bool quiet = true;
  for (const json& probe : plan.at("probes")) quiet = quiet && probe.at("judgement") != "invalid";
  if (quiet) {
    BOOST_TEST((code == 0 || code == 12), "exit code " << code);
    BOOST_TEST(plan.at("findings").at("capacity") == 8);
    BOOST_TEST(plan.at("findings").at("confirmation").at("load") == 7);
    BOOST_TEST(contains(out, "100 users take 16 machines (15 serving, 1 spare)"));
  }
  // Whatever was found: names stay text, each run is stored and tagged.
  const std::string page = read_file(file("plan.html"));
  BOOST_TEST(contains(page, "eight &lt;b&gt;servers"));
  BOOST_TEST(!contains(page, "eight <b>servers"));
  BOOST_TEST(contains(read_file(file("plan.md")), "SIMULATED"));
  const std::string id = plan.at("plan").at("id");
  BOOST_TEST(squall({"list", state, "--tag", "plan-" + id}) == 0);
  for (const json& probe : plan.at("probes"))
    BOOST_TEST(contains(out, probe.at("run").get<std::string>()));
  BOOST_TEST(squall({"plan", "--resume", "last", state}) == 2);
  BOOST_TEST(contains(err, "is finished"));
  BOOST_TEST(squall({"plan", "report", "last", state, "--peak", "5", "--machines", "3"}) == code);
  BOOST_TEST((!quiet || contains(out, "headroom")));
}

BOOST_AUTO_TEST_CASE(mistakes_are_told_before_anything_is_run) {
  const std::string chat = folder.write("chat.toml", scenario).string();
  BOOST_TEST(squall({"plan", chat, state, "--slo", "tokens_per_second > 3"}) == 2);
  BOOST_TEST(contains(err, "--slo"));
  BOOST_TEST(squall({"plan", state}) == 2);
  BOOST_TEST(contains(err, "which scenario?"));
  BOOST_TEST(squall({"plan", chat, state, "--requests", "5"}) == 2);
  BOOST_TEST(squall({"plan", "report", "nothing", state}) == 2);
  BOOST_TEST(contains(err, "there is no plan 'nothing'"));
  const std::string prices = folder.write("p.toml", "[machines.a]\nper_hour = -2\n").string();
  BOOST_TEST(squall({"plan", chat, state, "--prices", prices}) == 2);
  BOOST_TEST(contains(err, "p.toml:2:"));
  BOOST_TEST(!std::filesystem::exists(folder.path() / "state" / "plans"));
  BOOST_TEST(squall({"plan", "--help"}) == 0);
  BOOST_TEST(contains(out, "--resume last"));
}

// A limit of seconds: the first token takes long, so that late starts weigh little beside it and
// a host that takes its cores away for milliseconds spoils no run.
const std::string engine_scenario = R"(name = "engine"
seed = 12
thresholds = ["ttft p95 < 5s", "error_rate < 1%"]
[target]
model = "synthetic:llama-135m/q8_0"
threads = 1
timeout = "60s"
[users]
count = 16
think_time = { distribution = "exponential", mean = "5s", max = "30s" }
[prompts]
tokens = { distribution = "uniform", min = 96, max = 128 }
[answers]
tokens = 4
[phases]
warm_up = "6s"
measure = "30s"
drain = "20s"
)";

// Twenty minutes of inference: with the long set.
BOOST_AUTO_TEST_CASE(what_was_confirmed_on_the_engine_holds_in_another_soak,
                     *boost::unit_test::disabled()) {
  const std::string capacity = folder.write("engine.toml", engine_scenario).string();
  // One of some twenty users.
  const int code = squall(
      {"plan", capacity, state, "--no-levels", "--precision", "5%", "--json", file("plan.json")},
      1500s);
  const json plan = json::parse(read_file(file("plan.json")));
  BOOST_TEST_MESSAGE("plan: " << plan.at("verdict").at("sentence"));
  if (code == 13) return;  // too busy a machine: nothing was judged
  BOOST_TEST((code == 0 || code == 12), "exit code " << code);
  if (code != 0) return;
  // The planning load is 95 % of what was found, rounded down to whole users.
  const auto users = plan.at("findings").at("planning_load").get<int>();
  const int soak = squall({"run", capacity, state, "--set", "users.count=" + std::to_string(users),
                           "--set", "seed=99", "--set", "phases.measure=2m"},
                          300s);
  BOOST_TEST_MESSAGE("another soak of " << users << " users: " << out);
  BOOST_TEST((soak == 0 || soak == 13),
             users << " users were confirmed, and another soak of them ended with " << soak);
}

BOOST_AUTO_TEST_SUITE_END()
