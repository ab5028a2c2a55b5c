// Mistakes that users make: each a clear error, the right exit code, nothing left behind.

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/fixtures/process.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

const std::filesystem::path programs = SQUALL_PROGRAMS;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string scenario_with_model(const std::string& model) {
  return "name = \"x\"\n[target]\nmodel = \"" + model +
         "\"\n[users]\ncount = 1\n[phases]\nmeasure = \"1s\"\n";
}

struct Fixture {
  TemporaryFolder folder;
  std::string err;

  int squall(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    arguments.insert(arguments.begin(), (programs / "squall").string());
    Process process(arguments, environment);
    const int code = process.wait(30s);
    err = process.err();
    BOOST_TEST_MESSAGE(err);
    BOOST_TEST(!contains(err, "internal error"));
    BOOST_TEST(!contains(err, "terminate called"));
    return code;
  }
  int run(const std::string& text) { return squall({"run", folder.write("test.toml", text)}); }
};

/// A port of the loopback interface that somebody listens on.
struct TakenPort {
  int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  int number = 0;
  TakenPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(socket, 1);
    socklen_t size = sizeof address;
    getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    number = ntohs(address.sin_port);
  }
  ~TakenPort() { close(socket); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(bad_input, Fixture)

BOOST_AUTO_TEST_CASE(every_mistake_of_a_scenario_is_reported_with_its_place) {
  BOOST_TEST(run("name = \"x\"\n[target]\nmodle = \"y\"\n[users]\ncount = -3\n") == 2);
  BOOST_TEST(contains(err, "test.toml:3:"));
  BOOST_TEST(contains(err, "did you mean 'model'"));
  BOOST_TEST(contains(err, "test.toml:5:"));
}

BOOST_AUTO_TEST_CASE(broken_toml_is_reported_with_its_place) {
  BOOST_TEST(run("name = \"x\n[target\n") == 2);
  BOOST_TEST(contains(err, "test.toml:1:"));
}

BOOST_AUTO_TEST_CASE(validate_checks_and_runs_nothing) {
  const auto path = folder.write("good.toml", scenario_with_model("synthetic:llama-15m/q8_0"));
  BOOST_TEST(squall({"validate", path}) == 0);
  BOOST_TEST(squall({"validate", folder.write("bad.toml", "nam = 1\n")}) == 2);
  BOOST_TEST(contains(err, "bad.toml:1:1"));
}

BOOST_AUTO_TEST_CASE(a_missing_scenario_is_named) {
  BOOST_TEST(squall({"run", "/nowhere/at-all.toml"}) == 2);
  BOOST_TEST(contains(err, "/nowhere/at-all.toml"));
}

BOOST_AUTO_TEST_CASE(a_missing_model_is_named_with_where_it_was_looked_for) {
  BOOST_TEST(run(scenario_with_model("no-such-model")) == 2);
  BOOST_TEST(contains(err, "no-such-model"));
  BOOST_TEST(contains(err, "models/no-such-model.gguf"));
}

BOOST_AUTO_TEST_CASE(an_unknown_synthetic_shape_lists_what_there_is) {
  BOOST_TEST(run(scenario_with_model("synthetic:llama-9m/q8_0")) == 2);
  BOOST_TEST(contains(err, "llama-15m"));
}

BOOST_AUTO_TEST_CASE(a_corrupt_model_is_refused_by_name) {
  folder.write("broken.gguf", std::string("GGUF\3\0\0\0\xff\xff\xff\xff", 12));
  BOOST_TEST(run(scenario_with_model("broken.gguf")) == 2);
  BOOST_TEST(contains(err, "broken.gguf"));
}

BOOST_AUTO_TEST_CASE(a_missing_prompt_file_is_named) {
  BOOST_TEST(run(scenario_with_model("synthetic:llama-15m/q8_0") +
                 "[prompts]\nfile = \"none.txt\"\n") == 2);
  BOOST_TEST(contains(err, "none.txt"));
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_said_so) {
  const TakenPort port;
  const auto path = folder.write("t.toml", scenario_with_model("synthetic:llama-15m/q8_0"));
  const std::string address = "tcp://127.0.0.1:" + std::to_string(port.number);
  BOOST_TEST(squall({"run", path, "--listen", address}) == 2);
  BOOST_TEST(contains(err, "in use"));
  BOOST_TEST(contains(err, address));
}

BOOST_AUTO_TEST_CASE(other_machines_are_not_listened_to_without_keys) {
  const auto path = folder.write("t.toml", scenario_with_model("synthetic:llama-15m/q8_0"));
  const std::vector<std::string> no_keys{"SQUALL_KEYS=" + (folder.path() / "none").string()};
  BOOST_TEST(squall({"run", path, "--listen", "tcp://0.0.0.0:5555"}, no_keys) == 2);
  BOOST_TEST(contains(err, "squall keys make"));
  BOOST_TEST(contains(err, "--keys"));
  BOOST_TEST(contains(err, "--insecure"));
  BOOST_TEST(squall({"run", path, "--listen", "tcp://0.0.0.0:5555", "--keys", "/nowhere",
                     "--insecure"}) == 2);
  BOOST_TEST(contains(err, "one of them"));
  BOOST_TEST(squall({"run", path, "--listen", "tcp://0.0.0.0:5555", "--keys", "/nowhere"}) == 2);
  BOOST_TEST(contains(err, "/nowhere"));
}

BOOST_AUTO_TEST_CASE(options_of_many_machines_that_contradict_each_other_are_told) {
  const auto path = folder.write("t.toml", scenario_with_model("synthetic:llama-15m/q8_0"));
  BOOST_TEST(squall({"run", path, "--wait", "5s"}) == 2);
  BOOST_TEST(contains(err, "--listen"));
  BOOST_TEST(squall({"run", path, "--resume", "last"}) == 2);
  BOOST_TEST(contains(err, "takes no scenario"));
  BOOST_TEST(squall({"run"}) == 2);
  BOOST_TEST(contains(err, "which scenario"));
  BOOST_TEST(squall({"run", path, "--ssh=-oProxyCommand=x"}) == 2);
  BOOST_TEST(contains(err, "-oProxyCommand=x"));
  BOOST_TEST(squall({"run", path, "--local", "0"}) == 2);
  BOOST_TEST(contains(err, "at least one is needed"));
  BOOST_TEST(squall({"agents"}) == 2);
  BOOST_TEST(contains(err, "--connect"));
}

BOOST_AUTO_TEST_CASE(a_run_that_is_not_there_cannot_be_resumed) {
  BOOST_TEST(squall({"run", "--resume", "last"}) == 2);
  BOOST_TEST(contains(err, "no runs"));
  BOOST_TEST(squall({"run", "--resume", "/nowhere/run"}) == 2);
  BOOST_TEST(contains(err, "no journal"));
}

BOOST_AUTO_TEST_CASE(a_state_folder_that_cannot_be_made_is_noticed_before_the_run) {
  const auto path = folder.write("t.toml", scenario_with_model("synthetic:llama-15m/q8_0"));
  BOOST_TEST(squall({"run", path, "--state", folder.write("file", "x") / "state"}) == 2);
  BOOST_TEST(contains(err, "SQUALL_STATE"));
}

BOOST_AUTO_TEST_CASE(nobody_answers_where_no_coordinator_is) {
  BOOST_TEST(squall({"agents", "--connect", "tcp://127.0.0.1:1", "--wait", "1s"}) == 1);
  BOOST_TEST(contains(err, "no coordinator answered"));
  BOOST_TEST(squall({"agents", "--listen", "tcp://127.0.0.1:*", "--wait", "200ms"}) == 1);
}

BOOST_AUTO_TEST_CASE(a_missing_agent_program_is_said_so) {
  // A coordinator whose sibling is not there.
  const auto alone = folder.path() / "squall";
  std::filesystem::copy_file(programs / "squall", alone);
  const auto path = folder.write("t.toml", scenario_with_model("synthetic:llama-15m/q8_0"));
  Process process({alone, "run", path});
  BOOST_TEST(process.wait(30s) == 1);
  BOOST_TEST(contains(process.err(), "squall-agent"));
}

BOOST_AUTO_TEST_CASE(a_json_file_that_cannot_be_written_is_noticed_before_the_run) {
  const auto path = folder.write("t.toml", scenario_with_model("synthetic:llama-15m/q8_0"));
  const auto begun = std::chrono::steady_clock::now();
  BOOST_TEST(squall({"run", path, "--json", "/nowhere/run.json"}) == 2);
  BOOST_TEST(contains(err, "/nowhere/run.json"));
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 2s));
}

BOOST_AUTO_TEST_CASE(an_earlier_json_file_survives_a_run_that_never_began) {
  const auto path = folder.write("t.toml", scenario_with_model("no-such-model"));
  const auto old = folder.write("run.json", "keep me");
  BOOST_TEST(squall({"run", path, "--json", old}) == 2);
  BOOST_TEST(read_file(old) == "keep me");
  BOOST_TEST(!std::filesystem::exists(folder.path() / "run.json.partial"));
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_said_and_is_no_pass) {
  const auto path = folder.write("t.toml", scenario_with_model("synthetic:llama-15m/q8_0"));
  Process process({(programs / "squall").string(), "run", path, "--json", "/dev/full"});
  const int code = process.wait(30s);
  // A busy machine may make the run invalid: then that is its exit code.
  const bool passed = contains(process.out(), "(exit code 0)");
  BOOST_TEST((passed || contains(process.out(), "(exit code " + std::to_string(code) + ")")));
  BOOST_TEST((passed ? code == 1 : code >= 10), "exit code " << code);
  BOOST_TEST(contains(process.err(), "/dev/full was not written"));
  BOOST_TEST(std::filesystem::is_character_file("/dev/full"));
}

BOOST_AUTO_TEST_CASE(an_agent_does_not_join_another_machine_without_keys) {
  Process process({(programs / "squall-agent").string(), "--connect", "tcp://10.0.0.1:5555"});
  BOOST_TEST(process.wait(5s) == 2);
  BOOST_TEST(contains(process.err(), "--coordinator-key"));
  BOOST_TEST(contains(process.err(), "--insecure"));
}

BOOST_AUTO_TEST_CASE(options_of_an_agent_that_make_no_sense_are_refused_before_it_connects) {
  const std::string agent = (programs / "squall-agent").string();
  Process labelled({agent, "--connect", "tcp://127.0.0.1:1", "--label", "rack a"});
  BOOST_TEST(labelled.wait(5s) == 2);
  BOOST_TEST(contains(labelled.err(), "letters, digits"));
  const auto journal = folder.write("left.journal", "x");
  Process both(
      {agent, "--connect", "tcp://127.0.0.1:1", "--stay", "--hand-over", journal.string()});
  BOOST_TEST(both.wait(5s) == 2);
  BOOST_TEST(contains(both.err(), "--stay"));
}

BOOST_AUTO_TEST_CASE(an_unknown_command_suggests_the_nearest) {
  BOOST_TEST(squall({"rnu"}) == 2);
  BOOST_TEST(contains(err, "did you mean 'run'"));
}

BOOST_AUTO_TEST_CASE(an_unknown_instruction_set_lists_what_this_machine_has) {
  const auto path = folder.write("t.toml", scenario_with_model("synthetic:llama-15m/q8_0"));
  BOOST_TEST(squall({"run", path}, {"SQUALL_INSTRUCTION_SET=mmx"}) == 2);
  BOOST_TEST(contains(err, "reference"));
}

BOOST_AUTO_TEST_CASE(a_preview_names_the_same_mistakes_as_a_run) {
  const auto file = folder.write("test.toml", "name = \"x\"\n[users]\ncount = -3\n");
  BOOST_TEST(squall({"preview", file}) == 2);
  BOOST_TEST(contains(err, "test.toml:3:"));
  BOOST_TEST(squall({"preview", (folder.path() / "none.toml").string()}) == 2);
  BOOST_TEST(contains(err, "none.toml"));
}

BOOST_AUTO_TEST_CASE(a_preview_of_a_trace_that_is_not_there_says_which) {
  const auto file =
      folder.write("test.toml",
                   "name = \"x\"\n[target]\nkind = \"simulated\"\n[trace]\nfile = \"no.csv\"\n"
                   "[phases]\nmeasure = \"1s\"\n");
  BOOST_TEST(squall({"preview", file}) == 2);
  BOOST_TEST(contains(err, "no.csv"));
}

BOOST_AUTO_TEST_CASE(a_preview_that_cannot_be_written_says_so) {
  const auto file = folder.write("test.toml", scenario_with_model("m.gguf"));
  BOOST_TEST(squall({"preview", file, "--json", "/nowhere/plan.json"}) == 2);
  BOOST_TEST(contains(err, "/nowhere/plan.json"));
  BOOST_TEST(squall({"preview", file, "--agents", "0"}) == 2);
}

BOOST_AUTO_TEST_SUITE_END()
