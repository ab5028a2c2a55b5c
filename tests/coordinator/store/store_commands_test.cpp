// What the commands print of stored runs, and what they dare to remove.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "coordinator/store_commands/change_commands.hpp"
#include "coordinator/store_commands/list_command.hpp"
#include "tests/coordinator/store/stored_runs.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
namespace fs = std::filesystem;

namespace {

StoredRun finished(int number) {
  return {.beginning = beginning_of(run_number(number)),
          .state = "finished",
          .outcome = "pass",
          .model = "tiny",
          .model_fingerprint = "f",
          .hardware_fingerprint = "",
          .load = "8 users",
          .figures = {{"tokens_per_second", 1234}, {"ttft_p99", 0.25}, {"error_rate", 0.03}},
          .tags = {"good", "nightly"}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_list_has_a_head_and_a_line_a_run_with_what_is_known_of_it) {
  StoredRun killed = finished(2);
  killed.state = "interrupted";
  killed.outcome = killed.model = killed.load = "";
  killed.figures.clear();
  killed.tags.clear();
  const auto lines = lines_of(list_text({finished(1), killed}, 200, false));
  BOOST_REQUIRE(lines.size() == 3u);
  BOOST_TEST(
      lines[0] ==
      "  run                   started (UTC)     scenario  model  load     tokens/s  ttft p50"
      "  ttft p99  errors  outcome      tags");
  BOOST_TEST(
      lines[1] ==
      "  20261121-063300-0001  2026-11-21 06:33  chat      tiny   8 users     1,234         -"
      "    250 ms  3.00 %  pass         good nightly");
  BOOST_TEST(
      lines[2] ==
      "  20261121-063300-0002  2026-11-21 06:33  chat      -      -               -         -"
      "         -       -  interrupted");
}

BOOST_AUTO_TEST_CASE(a_narrow_list_leaves_out_what_matters_least_and_keeps_run_and_outcome) {
  for (const std::size_t width : {110u, 90u, 76u}) {
    const auto lines = lines_of(list_text({finished(1)}, width, false));
    for (const auto& line : lines) BOOST_TEST(line.size() <= width);
    BOOST_TEST(contains(lines[1], "20261121-063300-0001"));
    BOOST_TEST(contains(lines[1], "pass"));
    BOOST_TEST(contains(lines[1], "1,234"));
    BOOST_TEST(!contains(lines[0], "ttft p50"));
  }
  BOOST_TEST(contains(list_text({finished(1)}, 110, false), "tiny"));
  BOOST_TEST(!contains(list_text({finished(1)}, 76, false), "tiny"));
}

BOOST_AUTO_TEST_CASE(names_from_elsewhere_cannot_write_to_the_terminal) {
  StoredRun run = finished(1);
  run.beginning.scenario = run.model = run.load = run.outcome = "\x1b[2Jx\n";
  run.tags = {"\x1b]0;x"};
  const std::string text = list_text({run}, 200, false);
  BOOST_TEST(!contains(text, "\x1b"));
  BOOST_TEST(lines_of(text).size() == 2u);
}

BOOST_AUTO_TEST_CASE(as_json_what_is_not_known_is_null_and_the_rest_is_there) {
  StoredRun run = finished(1);
  run.beginning.folder = "/state/runs/x";
  const auto json = nlohmann::json::parse(list_json({run, finished(2)}));
  BOOST_TEST(json.at("schema") == "squall-runs/1");
  BOOST_REQUIRE(json.at("runs").size() == 2u);
  const auto& first = json.at("runs")[0];
  BOOST_TEST(first.at("run") == run_number(1));
  BOOST_TEST(first.at("scenario").at("name") == "chat");
  BOOST_TEST(first.at("figures").at("tokens_per_second") == 1234);
  BOOST_TEST(first.at("tags").size() == 2u);
  BOOST_TEST(first.at("folder") == "/state/runs/x");
  BOOST_TEST(first.at("hardware_fingerprint").is_null());
  BOOST_TEST(json.at("runs")[1].at("folder").is_null());
  BOOST_TEST(nlohmann::json::parse(list_json({})).at("runs").empty());
}

BOOST_AUTO_TEST_CASE(only_a_folder_that_is_the_runs_own_is_removed) {
  const TemporaryFolder folder;
  const auto removed = [&](const std::string& run, const fs::path& path) {
    return remove_run_folder(beginning_of(run, "chat", path.string()));
  };
  const fs::path own = folder.path() / run_number(1);
  const fs::path other = folder.path() / "precious";
  const fs::path empty = folder.path() / run_number(2);
  for (const auto& each : {own, other, empty}) fs::create_directory(each);
  for (const auto& each : {own, other}) std::ofstream(each / "journal") << "x";
  BOOST_TEST(!removed(run_number(1), other));
  BOOST_TEST(!removed(run_number(1), ""));
  BOOST_TEST(!removed(run_number(2), empty));  // with nothing of a run in it
  BOOST_TEST(!removed(run_number(3), folder.path() / run_number(3)));
  BOOST_TEST(removed(run_number(1), own));
  BOOST_TEST(!fs::exists(own));
  BOOST_TEST((fs::exists(other / "journal") && fs::exists(empty)));
}
