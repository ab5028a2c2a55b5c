// Real programs, real sockets: what a user sees of a run, with a real engine and, where that is not
// the point, with a simulated target. Other tests may run beside it: no figure is judged.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/fixtures/process.hpp"
#include "tests/fixtures/waiting.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string squall_program = std::string(SQUALL_PROGRAMS) + "/squall";

const std::string engine = "model = \"synthetic:llama-15m/q8_0\"\n";
const std::string law = "kind = \"simulated\"\n";
const std::string four_users = "[users]\ncount = 4\n";

/// A run of a second, or for as long as `measure` says.
std::string scenario(const std::string& target, const std::string& load = four_users,
                     const std::string& measure = "1s",
                     const std::string& thresholds = "\"error_rate < 50%\"") {
  return "name = \"end to end\"\nseed = 7\nthresholds = [" + thresholds + "]\n[target]\n" + target +
         load +
         "[prompts]\ntokens = 8\n[answers]\ntokens = 8\n[phases]\nwarm_up = \"500ms\"\nmeasure = "
         "\"" +
         measure + "\"\ndrain = \"5s\"\n";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Fixture {
  TemporaryFolder folder;

  std::string path(const std::string& name) { return (folder.path() / name).string(); }
  std::vector<std::string> command(const std::string& text, const std::string& name = "run") {
    return {squall_program, "run", folder.write(name + ".toml", text).string(), "--json",
            path(name + ".json")};
  }
  /// What a run that came to its end reports.
  json report_of(Process& process, const std::string& name = "run") {
    const int code = process.wait(60s);
    BOOST_TEST_MESSAGE(process.out() << process.err());
    BOOST_REQUIRE(code != -1);
    BOOST_REQUIRE(code != 1);
    BOOST_REQUIRE(code != 2);
    return json::parse(read_file(path(name + ".json")));
  }
};

/// The measured part of a ledger adds up, and something was measured.
void check_ledger(const json& ledger) {
  const auto count = [&](const char* name) { return ledger.at(name).get<std::uint64_t>(); };
  BOOST_TEST(count("scheduled") ==
             count("issued") + count("dropped_late") + count("cancelled_before_send"));
  BOOST_TEST(count("issued") == count("ok") + count("error") + count("timeout") +
                                    count("cancelled") + count("open_at_end"));
  BOOST_TEST(count("ok") > 0u);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(end_to_end, Fixture)

BOOST_AUTO_TEST_CASE(a_run_ends_with_percentiles_a_balanced_ledger_and_a_verdict) {
  Process process(command(scenario(engine)));
  const json run = report_of(process);
  check_ledger(run.at("ledger").at("total").at("measure"));
  for (const char* word : {"ttft", "e2e", "p50", "p99", "ledger", "verdict", "SYNTHETIC MODEL"})
    BOOST_TEST(contains(process.out(), word), "no '" << word << "' in the summary");
}

BOOST_AUTO_TEST_CASE(several_agents_share_one_plan) {
  auto words = command(scenario(engine, "[arrivals]\nprocess = \"constant\"\nrate = 20\n"));
  words.insert(words.end(), {"--agents", "2"});
  Process process(words);
  const json run = report_of(process);
  BOOST_TEST(run.at("agents").size() == 2u);
  std::uint64_t planned = 0;
  for (const auto& agent : run.at("agents"))
    planned += agent.at("planned_requests").get<std::uint64_t>();
  BOOST_TEST(planned == 30u);  // 20 a second for 1.5 s
  const auto& total = run.at("ledger").at("total");
  BOOST_TEST(total.at("warm_up").at("scheduled").get<std::uint64_t>() +
                 total.at("measure").at("scheduled").get<std::uint64_t>() ==
             30u);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_plan_twice) {
  const std::string text = scenario(law, "[arrivals]\nprocess = \"poisson\"\nrate = 20\n");
  Process first(command(text, "one"));
  Process second(command(text, "two"));
  const json one = report_of(first, "one");
  const json two = report_of(second, "two");
  BOOST_TEST(one.at("agents").at(0).at("plan_fingerprint") ==
             two.at("agents").at(0).at("plan_fingerprint"));
  BOOST_TEST(one.at("agents").at(0).at("planned_requests") ==
             two.at("agents").at(0).at("planned_requests"));
}

BOOST_AUTO_TEST_CASE(a_missed_threshold_fails_the_run) {
  Process process(command(scenario(law, four_users, "1s", "\"tokens_per_second > 1000000000\"")));
  const int code = process.wait(60s);
  // On a machine too busy to measure, invalid outranks failed.
  BOOST_TEST((code == 10 || code == 13), "exit code " << code << "\n" << process.out());
  BOOST_TEST(contains(process.out(), "tokens_per_second > 1000000000"));
}

BOOST_AUTO_TEST_CASE(ctrl_c_prints_a_partial_report_and_leaves_no_child) {
  Process process(command(scenario(engine, four_users, "60s")));
  BOOST_REQUIRE(says(process, "measuring"));
  std::this_thread::sleep_for(1s);
  const auto children = process.children();
  BOOST_REQUIRE(!children.empty());
  process.signal(SIGINT);
  BOOST_TEST(process.wait(15s) == 130);
  BOOST_TEST(contains(process.out(), "INTERRUPTED"));
  BOOST_TEST(contains(process.out(), "ledger"));
  for (const pid_t child : children) BOOST_TEST(!process_exists(child));
}

BOOST_AUTO_TEST_CASE(a_killed_agent_is_noticed_named_and_makes_the_run_invalid) {
  Process process(command(scenario(engine, four_users, "60s")));
  BOOST_REQUIRE(says(process, "measuring"));
  const auto children = process.children();
  BOOST_REQUIRE(children.size() == 1u);
  kill(children[0], SIGKILL);
  const auto killed = std::chrono::steady_clock::now();
  BOOST_TEST(process.wait(10s) == 13);
  BOOST_TEST((std::chrono::steady_clock::now() - killed < 5s));
  BOOST_TEST(contains(process.out(), "lost"));
  BOOST_TEST(contains(process.out(), "local-1"));
}

BOOST_AUTO_TEST_CASE(a_stopped_agent_is_noticed_by_its_silence) {
  Process process(command(scenario(law, four_users, "60s")));
  BOOST_REQUIRE(says(process, "measuring"));
  const auto children = process.children();
  BOOST_REQUIRE(children.size() == 1u);
  kill(children[0], SIGSTOP);
  const auto stopped = std::chrono::steady_clock::now();
  BOOST_TEST(process.wait(15s) == 13);
  BOOST_TEST((std::chrono::steady_clock::now() - stopped < 12s));
  BOOST_TEST(contains(process.out(), "no sign of life"));
  BOOST_TEST(!process_exists(children[0]));
}

BOOST_AUTO_TEST_CASE(a_coordinator_that_was_stopped_for_a_while_does_not_pass_a_part_of_the_run) {
  Process process(command(scenario(law, four_users, "7s")));
  BOOST_REQUIRE(says(process, "measuring"));
  process.signal(SIGSTOP);
  std::this_thread::sleep_for(3500ms);
  process.signal(SIGCONT);
  BOOST_TEST(process.wait(20s) == 13);
  BOOST_TEST(contains(process.out(), "local-1"));
}

BOOST_AUTO_TEST_CASE(an_agent_whose_coordinator_is_gone_waits_for_the_run_to_be_resumed) {
  const auto state = "SQUALL_STATE=" + path("state");
  Process process({squall_program, "run",
                   folder.write("run.toml", scenario(engine, four_users, "5s")).string()},
                  {state});
  BOOST_REQUIRE(says(process, "measuring"));
  std::this_thread::sleep_for(1s);
  const auto children = process.children();
  BOOST_REQUIRE(children.size() == 1u);
  process.signal(SIGKILL);
  process.wait(5s);
  BOOST_TEST(process_exists(children[0]));
  Process resumed({squall_program, "run", "--resume", "last", "--json", path("run.json")}, {state});
  const int code = resumed.wait(40s);
  BOOST_TEST_MESSAGE(resumed.err() << resumed.out());
  BOOST_TEST((code == 0 || code == 10 || code == 12 || code == 13), "exit code " << code);
  const json run = json::parse(read_file(path("run.json")));
  check_ledger(run.at("ledger").at("total").at("measure"));
  BOOST_TEST(within(10s, [&] { return !process_exists(children[0]); }));
  kill(children[0], SIGKILL);
}

BOOST_AUTO_TEST_SUITE_END()
