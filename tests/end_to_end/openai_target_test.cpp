// Load on servers, by real programs over real sockets: squall serve and the mock server. Other
// tests may run beside it: no figure is judged.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/fixtures/mock_process.hpp"
#include "tests/fixtures/serve_process.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::filesystem::path programs = SQUALL_PROGRAMS;

std::string scenario(int port, const std::string& model, const std::string& users,
                     const std::string& measure = "1s", const std::string& target = {}) {
  return "name = \"a server\"\nseed = 7\nthresholds = [\"error_rate < 100%\"]\n"
         "[target]\nkind = \"openai\"\nmodel = \"" +
         model + "\"\nurl = \"http://127.0.0.1:" + std::to_string(port) + "/v1\"\n" + target +
         "[users]\ncount = " + users +
         "\n[prompts]\ntokens = 8\n[answers]\ntokens = 8\n"
         "[phases]\nwarm_up = \"500ms\"\nmeasure = \"" +
         measure + "\"\ndrain = \"5s\"\n";
}

struct Fixture {
  TemporaryFolder folder;
  std::string output;

  std::vector<std::string> command(const std::string& text) {
    return {(programs / "squall").string(), "run", folder.write("test.toml", text).string(),
            "--json", (folder.path() / "run.json").string()};
  }
  json report() { return json::parse(read_file(folder.path() / "run.json")); }
  /// What a run that came to its end reports.
  json run_to_json(const std::string& text) {
    Process process(command(text), {"OPENAI_API_KEY=sk-very-secret"});
    const int code = process.wait(60s);
    output = process.out() + process.err();
    BOOST_TEST_MESSAGE(output);
    BOOST_REQUIRE((code == 0 || code == 10 || code == 12 || code == 13));
    BOOST_TEST(output.find("sk-very-secret") == std::string::npos);
    BOOST_TEST(read_file(folder.path() / "run.json").find("sk-very-secret") == std::string::npos);
    return report();
  }
};

std::uint64_t count(const json& ledger, const char* name) {
  return ledger.at(name).get<std::uint64_t>();
}

/// Adds up.
void check_ledger(const json& ledger) {
  BOOST_TEST(count(ledger, "scheduled") == count(ledger, "issued") + count(ledger, "dropped_late") +
                                               count(ledger, "cancelled_before_send"));
  BOOST_TEST(count(ledger, "issued") == count(ledger, "ok") + count(ledger, "error") +
                                            count(ledger, "timeout") + count(ledger, "cancelled") +
                                            count(ledger, "open_at_end"));
}

/// Of the warm-up and of what was measured, together.
std::uint64_t total(const json& run, const char* name) {
  const json& ledger = run.at("ledger").at("total");
  return count(ledger.at("warm_up"), name) + count(ledger.at("measure"), name);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(openai_target_end_to_end, Fixture)

BOOST_AUTO_TEST_CASE(a_run_on_squall_serve_tells_our_own_measurement_error) {
  ServeProcess server(programs, "synthetic:llama-15m/q8_0", {"--threads", "1"});
  BOOST_REQUIRE(server.port() > 0);
  const json run = run_to_json(scenario(server.port(), "synthetic:llama-15m/q8_0", "2"));
  const json& ledger = run.at("ledger").at("total").at("measure");
  check_ledger(ledger);
  BOOST_TEST(count(ledger, "ok") > 0u);
  BOOST_TEST(count(ledger, "error") == 0u);
  const json& delay = run.at("phases").at("measure").at("durations").at("stamp_delay");
  BOOST_REQUIRE(!delay.is_null());
  const auto samples = delay.at("samples").get<std::uint64_t>();
  BOOST_TEST((samples > 0 && samples <= 8 * count(ledger, "ok")));  // a character may span tokens
  BOOST_TEST(output.find("our own error") != std::string::npos);
  const json& durations = run.at("phases").at("measure").at("durations");
  BOOST_TEST(durations.at("ttft_error").at("samples").get<std::uint64_t>() > 0u);
  BOOST_TEST(durations.at("gap_error").at("samples").get<std::uint64_t>() > 0u);
}

BOOST_AUTO_TEST_CASE(what_the_server_saw_is_what_the_ledger_says) {
  MockProcess server(programs);
  BOOST_REQUIRE(server.port() > 0);
  const json run = run_to_json(scenario(server.port(), "paced,first=20ms,gap=5ms", "20"));
  check_ledger(run.at("ledger").at("total").at("measure"));
  BOOST_TEST(total(run, "ok") == total(run, "issued"));
  const json seen = server.stats();
  BOOST_TEST(seen.at("answers").get<std::uint64_t>() == total(run, "issued"));
  BOOST_TEST(seen.at("pieces").get<std::uint64_t>() == 8 * total(run, "ok"));
  BOOST_TEST(seen.at("open_most").get<std::uint64_t>() <= 22u);  // connections are used again
}

BOOST_AUTO_TEST_CASE(refusals_are_counted_by_their_class) {
  MockProcess server(programs);
  const json run = run_to_json(scenario(server.port(), "status_429", "2"));
  check_ledger(run.at("ledger").at("total").at("measure"));
  BOOST_TEST(total(run, "error") == total(run, "issued"));
  BOOST_TEST(total(run, "error") > 0u);
  BOOST_TEST(output.find("HTTP 429") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_server_that_dies_and_comes_back_is_seen_as_such) {
  auto server = std::make_unique<MockProcess>(programs);
  const int port = server->port();
  Process process(
      command(scenario(port, "paced,gap=10ms", "2", "3s", "[target.retries]\nattempts = 1\n")));
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (server->stats().at("pieces").get<std::uint64_t>() < 16 &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(10ms);
  server.reset();
  std::this_thread::sleep_for(500ms);
  server = std::make_unique<MockProcess>(programs, port);
  const int code = process.wait(60s);
  BOOST_TEST_MESSAGE(process.out() << process.err());
  BOOST_TEST((code == 0 || code == 12 || code == 13));
  const json run = report();
  check_ledger(run.at("ledger").at("total").at("measure"));
  BOOST_TEST(process.out().find("connection refused") != std::string::npos);
  BOOST_TEST(server->stats().at("pieces").get<std::uint64_t>() > 0u);  // asked again
}

BOOST_AUTO_TEST_CASE(ctrl_c_ends_streams_at_once_and_they_leave_the_server) {
  MockProcess server(programs);
  Process process(command(scenario(server.port(), "paced,chunks=100000,gap=50ms", "3", "60s")));
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (server.stats().at("pieces").get<std::uint64_t>() < 120 &&  // some seconds of the measured
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(10ms);
  process.signal(SIGINT);
  BOOST_TEST(process.wait(15s) == 130);
  BOOST_TEST(process.out().find("INTERRUPTED") != std::string::npos, process.out()
                                                                         << process.err());
  const auto later = std::chrono::steady_clock::now() + 5s;
  while (server.stats().at("answering").get<std::uint64_t>() > 0 &&
         std::chrono::steady_clock::now() < later)
    std::this_thread::sleep_for(10ms);
  BOOST_TEST(server.stats().at("answering").get<std::uint64_t>() == 0u);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_there_ends_the_run_before_it_begins) {
  int port = 0;
  {
    MockProcess server(programs);
    port = server.port();
  }
  Process process(command(scenario(port, "paced", "2")));
  const int code = process.wait(30s);
  const std::string said = process.out() + process.err();
  BOOST_TEST((code != 0 && code != 1 && code != -1), "exit code " << code);
  BOOST_TEST(said.find("connection refused") != std::string::npos, said);
}

BOOST_AUTO_TEST_SUITE_END()
