// Real programs, real sockets, a real engine: what a user sees.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/fixtures/process.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string squall_program = std::string(SQUALL_PROGRAMS) + "/squall";

/// A run of a few seconds on a synthetic model.
std::string scenario(const std::string& load = "[users]\ncount = 4\n",
                     const std::string& measure = "2s",
                     const std::string& thresholds = "\"error_rate < 50%\"") {
  return "name = \"end to end\"\nseed = 7\nthresholds = [" + thresholds +
         "]\n[target]\nmodel = \"synthetic:llama-15m/q8_0\"\n" + load +
         "[prompts]\ntokens = 8\n[answers]\ntokens = 8\n[phases]\nwarm_up = \"500ms\"\nmeasure = "
         "\"" +
         measure + "\"\ndrain = \"5s\"\n";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Fixture {
  TemporaryFolder folder;

  std::filesystem::path write(const std::string& text) { return folder.write("test.toml", text); }
  std::string json_path() { return (folder.path() / "run.json").string(); }
  json run_to_json(const std::string& text, std::vector<std::string> more = {}) {
    std::vector<std::string> command{squall_program, "run", write(text), "--json", json_path()};
    command.insert(command.end(), more.begin(), more.end());
    Process process(command);
    const int code = process.wait(60s);
    BOOST_TEST_MESSAGE(process.out() << process.err());
    BOOST_REQUIRE(code != -1);
    BOOST_REQUIRE(code != 1);
    BOOST_REQUIRE(code != 2);
    output = process.out();
    return json::parse(read_file(json_path()));
  }
  std::string output;
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
  const json run = run_to_json(scenario());
  check_ledger(run.at("ledger").at("total").at("measure"));
  for (const char* word : {"ttft", "e2e", "p50", "p99", "ledger", "verdict", "SYNTHETIC MODEL"})
    BOOST_TEST(contains(output, word), "no '" << word << "' in the summary");
}

BOOST_AUTO_TEST_CASE(several_agents_share_one_plan) {
  const json run =
      run_to_json(scenario("[arrivals]\nprocess = \"constant\"\nrate = 20\n"), {"--agents", "2"});
  BOOST_TEST(run.at("agents").size() == 2u);
  std::uint64_t planned = 0;
  for (const auto& agent : run.at("agents"))
    planned += agent.at("planned_requests").get<std::uint64_t>();
  BOOST_TEST(planned == 50u);  // 20 a second for 2.5 s
  const auto& total = run.at("ledger").at("total");
  BOOST_TEST(total.at("warm_up").at("scheduled").get<std::uint64_t>() +
                 total.at("measure").at("scheduled").get<std::uint64_t>() ==
             50u);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_plan_twice) {
  const std::string text = scenario("[arrivals]\nprocess = \"poisson\"\nrate = 20\n", "1s");
  const json one = run_to_json(text);
  const json two = run_to_json(text);
  BOOST_TEST(one.at("agents").at(0).at("plan_fingerprint") ==
             two.at("agents").at(0).at("plan_fingerprint"));
  BOOST_TEST(one.at("agents").at(0).at("planned_requests") ==
             two.at("agents").at(0).at("planned_requests"));
}

BOOST_AUTO_TEST_CASE(a_missed_threshold_fails_the_run) {
  Process process(
      {squall_program, "run",
       write(scenario("[users]\ncount = 4\n", "2s", "\"tokens_per_second > 1000000000\""))});
  const int code = process.wait(60s);
  // On a machine too busy to measure, invalid outranks failed.
  BOOST_TEST((code == 10 || code == 13), "exit code " << code << "\n" << process.out());
  BOOST_TEST(contains(process.out(), "tokens_per_second > 1000000000"));
}

BOOST_AUTO_TEST_CASE(ctrl_c_prints_a_partial_report_and_leaves_no_child) {
  Process process({squall_program, "run", write(scenario("[users]\ncount = 4\n", "60s"))});
  std::this_thread::sleep_for(5s);
  const auto children = process.children();
  BOOST_REQUIRE(!children.empty());
  process.signal(SIGINT);
  BOOST_TEST(process.wait(15s) == 130);
  BOOST_TEST(contains(process.out(), "INTERRUPTED"));
  BOOST_TEST(contains(process.out(), "ledger"));
  for (const pid_t child : children) BOOST_TEST(!process_exists(child));
}

BOOST_AUTO_TEST_CASE(a_killed_agent_is_noticed_named_and_makes_the_run_invalid) {
  Process process({squall_program, "run", write(scenario("[users]\ncount = 4\n", "60s"))});
  std::this_thread::sleep_for(5s);
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
  Process process({squall_program, "run", write(scenario("[users]\ncount = 4\n", "60s"))});
  std::this_thread::sleep_for(4s);
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
  Process process({squall_program, "run", write(scenario("[users]\ncount = 4\n", "10s"))});
  std::this_thread::sleep_for(5s);
  process.signal(SIGSTOP);
  std::this_thread::sleep_for(3500ms);
  process.signal(SIGCONT);
  BOOST_TEST(process.wait(20s) == 13);
  BOOST_TEST(contains(process.out(), "local-1"));
}

BOOST_AUTO_TEST_CASE(an_agent_whose_coordinator_is_gone_waits_for_the_run_to_be_resumed) {
  const auto state = "SQUALL_STATE=" + (folder.path() / "state").string();
  Process process({squall_program, "run", write(scenario("[users]\ncount = 4\n", "8s"))}, {state});
  std::this_thread::sleep_for(6s);
  const auto children = process.children();
  BOOST_REQUIRE(children.size() == 1u);
  process.signal(SIGKILL);
  process.wait(5s);
  BOOST_TEST(process_exists(children[0]));
  Process resumed({squall_program, "run", "--resume", "last", "--json", json_path()}, {state});
  const int code = resumed.wait(40s);
  BOOST_TEST_MESSAGE(resumed.err() << resumed.out());
  BOOST_TEST((code == 0 || code == 10 || code == 12 || code == 13), "exit code " << code);
  const json run = json::parse(read_file(json_path()));
  check_ledger(run.at("ledger").at("total").at("measure"));
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (process_exists(children[0]) && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(50ms);
  BOOST_TEST(!process_exists(children[0]));
  kill(children[0], SIGKILL);
}

BOOST_AUTO_TEST_SUITE_END()
