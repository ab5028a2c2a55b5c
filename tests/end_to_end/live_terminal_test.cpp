// A run on a real terminal, under job control: what a user sees and types.

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "tests/fixtures/process.hpp"
#include "tests/fixtures/terminal_process.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

const auto terminals = boost::unit_test::precondition(terminals_can_be_made);
constexpr auto patience = 60s;

/// A minute of load, which no test waits for.
constexpr const char* scenario = R"(
name = "live"
seed = 3
thresholds = ["ttft p95 < 300ms", "error_rate < 50%"]
[target]
kind = "simulated"
first_token = "20ms"
token_gap = "2ms"
[users]
count = 4
[answers]
tokens = 8
[phases]
warm_up = "500ms"
measure = "60s"
drain = "2s"
)";

struct Run {
  explicit Run(std::size_t columns = 120, std::size_t rows = 40) {
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("SQUALL_STATE", (folder.path() / "state").c_str(), 1);
    process = std::make_unique<TerminalProcess>(
        std::vector<std::string>{std::string(SQUALL_PROGRAMS) + "/squall", "run",
                                 folder.write("live.toml", scenario).string()},
        columns, rows);
  }
  TemporaryFolder folder;
  std::unique_ptr<TerminalProcess> process;
};

/// As if nobody had ever drawn on it.
void check_given_back(TerminalProcess& process) {
  BOOST_TEST(process.keys_are_as_before());
  BOOST_TEST(!process.screen.alternate());
  BOOST_TEST(process.screen.shows_cursor());
  BOOST_TEST(process.screen.wraps());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_is_followed_paused_resized_stopped_brought_back_and_quit, *terminals) {
  Run run;
  TerminalProcess& process = *run.process;
  BOOST_REQUIRE_MESSAGE(process.shows("live: measuring", patience), process.written);
  BOOST_TEST(process.screen.alternate());
  BOOST_TEST(process.shows("SIMULATED", 5s));
  for (const char* part : {"tokens/s", "ttft", "audit", "local-1", "error_rate < 50%", "✓ ledger",
                           "p pause view", "⣿"})
    BOOST_TEST(process.shows(part, 10s), part << "\n" << process.screen.text());
  BOOST_TEST(!process.keys_are_as_before());

  process.type("p");
  BOOST_TEST(process.shows("view paused", 5s));
  const std::string still = process.screen.text();
  process.wait_until([] { return false; }, 700ms);
  BOOST_TEST(process.screen.text() == still);
  process.type("p");
  BOOST_TEST(process.wait_until([&] { return process.screen.text() != still; }, 5s));

  process.resize(40, 10);
  BOOST_TEST(process.wait_until(
      [&] { return process.screen.lines().back().find("p pause view") == 0; }, 5s));
  BOOST_TEST(process.screen.lines().front().find("live: measuring") == 0u);

  process.type("\x1a");  // Ctrl-Z
  BOOST_REQUIRE(process.stopped(10s));
  check_given_back(process);
  process.bring_back();
  BOOST_TEST(process.shows("live: measuring", 10s));
  BOOST_TEST(!process.keys_are_as_before());

  process.type("q");
  BOOST_TEST(process.exit_code(patience) == 130);
  check_given_back(process);
  BOOST_TEST(process.written.find("interrupted: draining briefly") != std::string::npos);
  BOOST_TEST(process.written.find("INTERRUPTED") != std::string::npos);  // the report came
}

BOOST_AUTO_TEST_CASE(a_run_that_is_told_to_end_gives_the_terminal_back, *terminals) {
  Run run(80, 24);
  TerminalProcess& process = *run.process;
  BOOST_REQUIRE_MESSAGE(process.wait_until([&] { return process.screen.alternate(); }, patience),
                        process.written);
  BOOST_REQUIRE(kill(process.program, SIGTERM) == 0);
  BOOST_TEST(process.exit_code(patience) == 130);
  check_given_back(process);
}
