// What becomes of a run after it: the store, as people use it, with the real programs. Other tests
// may run beside it: no figure is judged.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/fixtures/process.hpp"
#include "tests/fixtures/waiting.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Said {
  int code = -1;
  std::string out, err;
};

struct Fixture {
  TemporaryFolder folder;

  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  std::vector<std::string> command(std::vector<std::string> words) const {
    words.insert(words.begin(), std::string(SQUALL_PROGRAMS) + "/squall");
    return words;
  }
  std::vector<std::string> environment() const {
    return {"SQUALL_STATE=" + path("state"), "SQUALL_STORE="};
  }
  Said squall(const std::vector<std::string>& words) const {
    Process process(command(words), environment());
    const int code = process.wait(60s);
    return {code, process.out(), process.err()};
  }
  std::string scenario(const std::string& name, const std::string& measure = "1s") const {
    return folder.write(name + ".toml",
                        "name = \"" + name +
                            "\"\nseed = 7\nthresholds = [\"error_rate < 50%\"]\n[target]\n"
                            "kind = \"simulated\"\n[arrivals]\nrate = 30.0\n[answers]\ntokens = 4\n"
                            "[phases]\nmeasure = \"" +
                            measure + "\"\ndrain = \"2s\"\n");
  }
  /// A busy machine may make a run invalid; it is stored all the same.
  Said run(const std::string& name, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"run", scenario(name)};
    words.insert(words.end(), more.begin(), more.end());
    Said said = squall(words);
    BOOST_REQUIRE_MESSAGE((said.code == 0 || said.code == 12 || said.code == 13),
                          said.code << "\n"
                                    << said.err << said.out);
    return said;
  }
  json list(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"list", "--json"});
    const Said said = squall(more);
    BOOST_REQUIRE_MESSAGE(said.code == 0, said.err);
    return json::parse(said.out).at("runs");
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(stored_runs, Fixture)

BOOST_AUTO_TEST_CASE(a_run_is_stored_shown_carried_elsewhere_and_deleted) {
  const Said run = this->run("chat", {"--json", path("run.json")});
  const json runs = list();
  BOOST_REQUIRE(runs.size() == 1u);
  const std::string id = runs[0].at("run");
  const json report = json::parse(read_file(path("run.json")));
  BOOST_TEST(report.at("run").at("id") == id);
  BOOST_TEST(runs[0].at("state") == "finished");
  BOOST_TEST(runs[0].at("outcome") == report.at("verdict").at("outcome"));
  BOOST_TEST(runs[0].at("figures").at("tokens_per_second") ==
             report.at("throughput").at("tokens_per_second"));
  BOOST_TEST(contains(squall({"list"}).out, id));

  BOOST_TEST(squall({"show"}).out == run.out);
  BOOST_TEST(squall({"show", "--json"}).out == read_file(path("run.json")));
  BOOST_TEST(squall({"tag", "last", "good", "first"}).code == 0);
  BOOST_TEST(squall({"untag", id, "first"}).code == 0);
  BOOST_TEST(squall({"show", "tag:good"}).out == run.out);
  BOOST_TEST(squall({"show", "tag:first"}).code == 2);

  BOOST_TEST(squall({"export", "last", "--output", path("run.squall")}).code == 0);
  const fs::path run_folder = fs::path(path("state")) / "runs" / id;
  BOOST_TEST(fs::exists(run_folder / "journal"));
  const Said unasked = squall({"delete", "last"});
  BOOST_TEST(unasked.code == 2);
  BOOST_TEST(contains(unasked.err, "--yes"));
  BOOST_TEST(squall({"delete", "last", id, "--yes"}).code == 0);
  BOOST_TEST(!fs::exists(run_folder));
  BOOST_TEST(list().empty());
  BOOST_TEST(squall({"show"}).code == 2);

  const Said import = squall({"import", path("run.squall"), "--store", path("other.db")});
  BOOST_TEST(contains(import.out, id), import.err);
  const Said shown = squall({"show", "tag:good", "--json", "--store", path("other.db")});
  BOOST_TEST(shown.out == read_file(path("run.json")));
  BOOST_TEST(contains(squall({"show", id, "--store", path("other.db")}).out, "verdict: "));
}

BOOST_AUTO_TEST_CASE(runs_are_left_out_and_taken_in_later) {
  run("chat", {"--no-store"});
  BOOST_TEST(squall({"list"}).code == 2);  // there is no store
  std::string run_folder;
  for (const auto& each : fs::directory_iterator(path("state/runs"))) run_folder = each.path();
  BOOST_TEST(squall({"import", run_folder}).code == 0);
  BOOST_TEST(list({"--scenario", "chat"}).size() == 1u);
  BOOST_TEST(list({"--scenario", "soak"}).empty());
  BOOST_TEST(list({"--outcome", "interrupted"}).empty());
  BOOST_TEST(squall({"import", run_folder}).code == 2);
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_be_used_is_told_before_the_load) {
  const auto letter = folder.write("letter.txt", std::string(3000, 'x'));
  const Said said = squall({"run", scenario("chat"), "--store", letter});
  BOOST_TEST(said.code == 2);
  BOOST_TEST(contains(said.err, "no store of runs"), said.err);
  BOOST_TEST(!contains(said.err, "measuring"));
  BOOST_TEST(fs::is_empty(path("state/runs")));
}

BOOST_AUTO_TEST_CASE(a_store_that_breaks_during_a_run_is_told_and_costs_only_a_pass) {
  Process process(command({"run", scenario("chat", "2s")}), environment());
  BOOST_REQUIRE(says(process, "measuring"));
  for (const char* part : {"runs.db", "runs.db-wal", "runs.db-shm"})
    std::ofstream(path("state") + "/" + part, std::ios::trunc) << std::string(20'000, 'x');
  const int code = process.wait(30s);
  BOOST_TEST((code == 1 || code == 12 || code == 13), code << process.err());
  BOOST_TEST(contains(process.err(), "the run is not stored"), process.err());
  const auto command_at = process.err().rfind("squall import ");
  BOOST_REQUIRE(command_at != std::string::npos);
  std::string run_folder = process.err().substr(command_at + 14);
  run_folder.erase(run_folder.find('\n'));
  BOOST_TEST(squall({"import", run_folder, "--store", path("new.db")}).code == 0);
  const Said shown = squall({"show", "--store", path("new.db")});
  BOOST_TEST(shown.out == process.out());
}

BOOST_AUTO_TEST_CASE(a_killed_run_is_interrupted_and_its_row_is_finished_by_the_one_that_goes_on) {
  Process process(command({"run", scenario("soak", "5s")}), environment());
  BOOST_REQUIRE(says(process, "measuring"));
  BOOST_TEST(list().at(0).at("state") == "running");
  BOOST_TEST(contains(squall({"show"}).out, "It is running"));
  BOOST_TEST(contains(squall({"delete", "last", "--yes"}).err, "is running"));
  process.signal(SIGKILL);
  process.wait(5s);
  BOOST_TEST(list({"--outcome", "interrupted"}).size() == 1u);
  BOOST_TEST(list().at(0).at("outcome").is_null());
  BOOST_TEST(contains(squall({"show"}).out, "squall run --resume"));
  BOOST_TEST(squall({"show", "--json"}).code == 2);

  const Said resumed = squall({"run", "--resume", "last", "--json", path("run.json")});
  BOOST_REQUIRE_MESSAGE((resumed.code == 0 || resumed.code == 12 || resumed.code == 13),
                        resumed.err);
  const json runs = list();
  BOOST_REQUIRE(runs.size() == 1u);
  BOOST_TEST(runs[0].at("state") == "finished");
  BOOST_TEST(squall({"show", "--json"}).out == read_file(path("run.json")));
}

BOOST_AUTO_TEST_SUITE_END()
