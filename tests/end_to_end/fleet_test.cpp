// From measured steps to a fleet that is not here: the programs, as people type them.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/fixtures/process.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string squall_program = std::string(SQUALL_PROGRAMS) + "/squall";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string scenario(const std::string& thresholds) {
  return "name = \"fleet\"\nseed = 3\nthresholds = [\"" + thresholds +
         "\"]\n[target]\nmodel = \"synthetic:llama-15m/q8_0\"\nthreads = 1\n"
         "[users]\ncount = 4\nthink_time = \"20ms\"\n[prompts]\ntokens = 12\n[answers]\ntokens = "
         "8\n"
         "[phases]\nwarm_up = \"500ms\"\nmeasure = \"2s\"\ndrain = \"5s\"\n";
}

struct Fixture {
  int squall(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), squall_program);
    Process process(arguments);
    const int code = process.wait(120s);
    out = process.out();
    err = process.err();
    BOOST_TEST_MESSAGE(out << err);
    return code;
  }
  std::string path(const std::string& name) { return (folder.path() / name).string(); }

  TemporaryFolder folder;
  std::string out, err;
};

/// A second at most for a batch of eight.
const std::string known_law =
    R"({"schema": "squall-engine-law/1", "model": "known", "seconds": {"per_step": 0.01}})";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(fleets, Fixture)

BOOST_AUTO_TEST_CASE(steps_that_were_measured_here_predict_a_run_and_a_fleet) {
  const auto steps = path("steps.json");
  BOOST_REQUIRE(squall({"model", "bench", "synthetic:llama-15m/q8_0", "--steps", steps,
                        "--max-batch", "8", "--longest", "64", "--seconds", "0"}) == 0);
  BOOST_TEST(contains(err, "each the mean of 3"));
  const json measured = json::parse(read_file(steps));
  BOOST_TEST(measured.at("schema") == "squall-engine-steps/1");
  BOOST_TEST(measured.at("steps").size() > 20U);
  BOOST_TEST(measured.at("limits").at("pages") > 0);

  const std::string chat = folder.write("chat.toml", scenario("ttft p95 < 20s"));
  const auto run = path("run.json");
  const int ended = squall({"run", chat, "--no-store", "--json", run});
  BOOST_REQUIRE((ended == 0 || ended == 12 || ended == 13));  // a busy machine may invalidate it
  BOOST_REQUIRE(squall({"fleet", chat, "--law", steps, "--measured", run, "--html",
                        path("fleet.html")}) == 0);
  BOOST_TEST(contains(out, "SIMULATED"));
  BOOST_TEST(contains(out, "synthetic:llama-15m/q8_0"));
  BOOST_TEST(contains(out, "tokens_per_second"));
  BOOST_TEST(!contains(out, "another scenario"));
  BOOST_TEST(contains(read_file(path("fleet.html")), "SIMULATED"));

  BOOST_REQUIRE(squall({"fleet", chat, "--law", steps, "--machines", "50", "--users", "200",
                        "--json", "-"}) == 0);
  const json fleet = json::parse(out);
  BOOST_TEST(fleet.at("simulated") == true);
  BOOST_TEST(fleet.at("machines") == 50);
  BOOST_TEST(fleet.at("figures").at("tokens_per_second").get<double>() > 0);
  BOOST_TEST(fleet.at("laws").at(0).at("residuals").at("median").get<double>() < 1);
}

BOOST_AUTO_TEST_CASE(how_many_machines_are_enough_is_found_or_said_not_to_be) {
  const auto law = folder.write("law.json", known_law).string();
  // Four users, each alone 80 ms of every 100 ms: 4 x 80 tokens a second.
  const auto reachable = folder.write("reachable.toml", scenario("ttft p95 < 15ms")).string();
  BOOST_TEST(squall({"fleet", reachable, "--law", law, "--enough", "--set", "target.max_batch=1",
                     "--json", path("found.json")}) == 0);
  BOOST_TEST(contains(out, "4 machines of the first kind are enough"));
  BOOST_TEST(contains(err, "simulated 2 machines: too few"));
  BOOST_TEST(json::parse(read_file(path("found.json"))).at("search").at("machines") == 4);
  const auto never = folder.write("never.toml", scenario("ttft p95 < 5ms")).string();
  BOOST_TEST(squall({"fleet", never, "--law", law, "--enough", "--most", "6"}) == 10);
  BOOST_TEST(contains(out, "not even 6 machines are enough"));
}

BOOST_AUTO_TEST_CASE(mistakes_are_named_with_their_remedy) {
  const auto chat = folder.write("chat.toml", scenario("ttft p95 < 2s")).string();
  const auto law = folder.write("law.json", known_law).string();
  const auto broken = folder.write("broken.json", "{\"schema\": \"other\"}").string();
  BOOST_TEST(squall({"fleet", chat, "--law", broken}) == 2);
  BOOST_TEST(contains(err, "squall model bench MODEL --steps FILE"));
  BOOST_TEST(squall({"fleet", chat, "--law", law, "--routing", "rondom"}) == 2);
  BOOST_TEST(contains(err, "random"));
  BOOST_TEST(squall({"fleet", chat, "--law", law, "--rate", "5"}) == 2);
  BOOST_TEST(contains(err, "users"));
  BOOST_TEST(squall({"fleet", chat, "--law", law, "--machines", "2", "--machines", "3"}) == 2);
  BOOST_TEST(contains(err, "each --law takes one --machines"));
  BOOST_TEST(squall({"fleet", chat, "--law", law, "--measured", law}) == 2);
  BOOST_TEST(squall({"fleet", chat}) == 2);
  BOOST_TEST(squall({"fleet", "--help"}) == 0);
  BOOST_TEST(contains(out, "squall model bench m.gguf --steps steps.json"));
}

BOOST_AUTO_TEST_SUITE_END()
