// Which runs a name on a command line finds.

#include "coordinator/compare/run_selection.hpp"

#include <boost/test/unit_test.hpp>

#include "coordinator/compare/trend/trend_command.hpp"
#include "coordinator/store/compressed_bytes.hpp"
#include "coordinator/store/database.hpp"
#include "tests/coordinator/store/stored_runs.hpp"

using namespace squall::coordinator;
using namespace squall::tests;

namespace {

struct Fixture {
  TemporaryFolder folder;
  std::filesystem::path file = folder.path() / "runs.db";

  Fixture() {
    RunStore store(file);
    for (int i = 1; i <= 3; ++i) store_run(store, {.id = run_number(i)});
    store.set_baseline("main", {run_number(1), run_number(2)});
  }
  void rename_baseline(const std::string& name) {  // as a release did that did not look at names
    Database database(file);
    Statement(database, "UPDATE baseline SET name = ?").with(name).run();
  }
  void damage_report_of_the_newest() {
    std::string bytes;
    Compressor compressor([&](std::string_view part) { bytes += part; });
    compressor.write("{\"schema\": ");
    compressor.finish();
    Database database(file);
    Statement(database,
              "UPDATE content SET bytes = ? WHERE kind = 'report' AND run = "
              "(SELECT max(number) FROM run)")
        .with(AsBlob{bytes})
        .run();
  }
  std::vector<std::string> found(const std::string& name) {
    return RunSelection(file).find_stored({name});
  }
  std::string refused(const std::string& name) {
    return complaint<SelectionError>([&] { found(name); });
  }
};

using Ids = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(run_selection, Fixture)

BOOST_AUTO_TEST_CASE(a_baseline_is_found_by_its_name_alone_and_with_the_word_before_it) {
  BOOST_TEST((found("main") == Ids{run_number(1), run_number(2)}));
  BOOST_TEST((found("baseline:main") == Ids{run_number(1), run_number(2)}));
  BOOST_TEST((found("last") == Ids{run_number(3)}));
}

BOOST_AUTO_TEST_CASE(a_name_of_both_a_baseline_and_a_run_is_refused_and_the_remedy_named) {
  for (const std::string name : {"last", "20261121-06"}) {
    rename_baseline(name);
    BOOST_TEST(contains(refused(name), "write baseline:" + name), refused(name));
    BOOST_TEST((found("baseline:" + name) == Ids{run_number(1), run_number(2)}));
  }
  BOOST_TEST((found("last~0") == Ids{run_number(3)}));
}

BOOST_AUTO_TEST_CASE(a_damaged_report_is_told_with_its_run_by_whoever_reads_it) {
  damage_report_of_the_newest();
  const std::string told = "the report of run " + run_number(3) + " is no report of a run";
  const auto by_selection =
      complaint<ReportUnreadable>([&] { RunSelection(file).find({std::string("last")}); });
  BOOST_TEST(contains(by_selection, told), by_selection);
  TrendOptions trend;
  trend.scenario = "chat";
  trend.store = file.string();
  const auto by_trend = complaint<ReportUnreadable>([&] { trend_command(trend); });
  BOOST_TEST(contains(by_trend, told), by_trend);
}

BOOST_AUTO_TEST_SUITE_END()
