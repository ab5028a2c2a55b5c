// The store's promises, one by one: names, states, tags, baselines, files that carry runs.

#include "coordinator/store/run_store.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>

#include "tests/coordinator/store/stored_runs.hpp"

using namespace squall::coordinator;
using namespace squall::tests;

namespace {

struct Fixture {
  TemporaryFolder folder;
  std::filesystem::path file = folder.path() / "runs.db";
  RunStore store{file};

  std::string refused(const std::string& name) {
    return complaint([&] { store.find(name); });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(run_store, Fixture)

BOOST_AUTO_TEST_CASE(a_finished_run_is_found_with_what_its_report_says) {
  const std::string id = run_number(1);
  store_run(store, {.id = id, .outcome = "fail"}, journal_of(folder.path() / "journal"));
  const StoredRun run = store.find(id);
  BOOST_TEST(run.state == "finished");
  BOOST_TEST(run.outcome == "fail");
  BOOST_TEST(run.beginning.scenario == "chat");
  BOOST_TEST(run.beginning.scenario_text == "name = \"chat\"\n");
  BOOST_TEST(run.beginning.started_at == "2026-11-21T06:33:00Z");
  BOOST_TEST(run.model == "tiny");
  BOOST_TEST(run.model_fingerprint == "f-tiny");
  BOOST_TEST(run.hardware_fingerprint == "0123");
  BOOST_TEST(run.load == "8 users");
  BOOST_TEST(store.report(id) == report_of({.id = id, .outcome = "fail"}));
  BOOST_REQUIRE(store.save_journal(id, folder.path() / "copy"));
  BOOST_TEST((read_file(folder.path() / "copy") == read_file(folder.path() / "journal")));
}

BOOST_AUTO_TEST_CASE(figures_are_those_that_are_known_exactly) {
  store_run(store, {.id = run_number(1), .tokens_per_second = 321.5, .ttft_p99 = 0.5});
  const auto figures = store.find("last").figures;
  const std::map<std::string, double> expected{{"tokens_per_second", 321.5},
                                               {"error_rate", 0.03},
                                               {"ttft_mean", 0.1},
                                               {"ttft_p50", 0.08},
                                               {"ttft_p99", 0.5}};  // p99.9: only "at least"
  BOOST_TEST((figures == expected));
}

BOOST_AUTO_TEST_CASE(how_many_answers_were_right_is_a_figure_where_the_run_asked) {
  auto report = nlohmann::json::parse(report_of({.id = run_number(1)}));
  report["phases"]["measure"]["accuracy"] = {{"asked", 8}, {"share", 0.75}};
  store.begin(beginning_of(run_number(1)));
  store.finish(run_number(1), report.dump());
  BOOST_TEST(store.find("last").figures.at("accuracy") == 0.75);
}

BOOST_AUTO_TEST_CASE(a_run_that_goes_on_is_running_and_one_whose_process_is_gone_interrupted) {
  std::optional<RunStore> writer(std::in_place, file);
  writer->begin(beginning_of(run_number(1)));
  BOOST_TEST(writer->find("last").state == "running");
  BOOST_TEST(store.find("last").state == "running");
  BOOST_TEST(contains(complaint([&] { store.remove(run_number(1)); }), "is running"));
  writer.reset();
  BOOST_TEST(store.find("last").state == "interrupted");
  BOOST_TEST(store.list({.outcome = "interrupted"}).size() == 1u);
  BOOST_TEST(store.list({.outcome = "pass"}).empty());
  BOOST_TEST(contains(complaint([&] { store.report(run_number(1)); }), "--resume"));
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_may_go_on_but_not_twice_at_once) {
  const std::string id = run_number(1);
  { RunStore(file).begin(beginning_of(id)); }
  store.begin(beginning_of(id));
  RunStore other(file);
  BOOST_TEST(contains(complaint([&] { other.begin(beginning_of(id)); }), "another process"));
  BOOST_TEST(contains(complaint([&] { other.finish(id, report_of({.id = id})); }), "another"));
  store.finish(id, report_of({.id = id}));
  BOOST_TEST(store.list().size() == 1u);
  BOOST_TEST(contains(complaint([&] { other.begin(beginning_of(id)); }), "finished"));
  BOOST_TEST(contains(complaint([&] { other.finish(id, report_of({.id = id})); }), "finished"));
}

BOOST_AUTO_TEST_CASE(what_is_no_report_of_the_run_finishes_nothing) {
  const std::string id = run_number(1);
  store.begin(beginning_of(id));
  for (const std::string& wrong : {std::string("no JSON"), std::string("[]"), std::string("{}"),
                                   std::string(R"({"schema": 4, "run": {"id": ")") + id + "\"}}"})
    BOOST_TEST(contains(complaint([&] { store.finish(id, wrong); }), "no report"));
  BOOST_TEST(contains(complaint([&] { store.finish(id, report_of({.id = run_number(2)})); }),
                      run_number(2)));
  BOOST_TEST(complaint([&] { store.finish(id, report_of({.id = id}), "/no/journal"); }) != "");
  BOOST_TEST(store.find(id).state == "running");
  store.finish(id, report_of({.id = id}));
  BOOST_TEST(store.find(id).state == "finished");
}

BOOST_AUTO_TEST_CASE(runs_are_found_by_id_prefix_place_and_tag) {
  for (int i = 1; i <= 3; ++i) store_run(store, {.id = run_number(i)});
  store_run(store, {.id = run_number(200)});
  store.tag(run_number(2), "release");
  const auto found = [&](const char* name) { return store.find(name).beginning.run; };
  BOOST_TEST(found("last") == run_number(200));
  BOOST_TEST(found("last~0") == run_number(200));
  BOOST_TEST(found("last~2") == run_number(2));
  BOOST_TEST(found("tag:release") == run_number(2));
  BOOST_TEST(found("20261121-063302") == run_number(200));
  store.tag(run_number(3), "release");
  BOOST_TEST(found("tag:release") == run_number(3));  // the newest
  BOOST_TEST(contains(refused("20261121-063300"), "3 runs"));
  BOOST_TEST(contains(refused("last~4"), "only 4 runs"));
  BOOST_TEST(contains(refused("last~x"), "there is no run 'last~x'"));
  BOOST_TEST(contains(refused("tag:none"), "squall tag"));
  BOOST_TEST(contains(refused("20261121-063300-0009"), "did you mean"));
  BOOST_TEST(contains(refused(""), "there is no run ''"));
}

BOOST_AUTO_TEST_CASE(an_empty_store_says_so) {
  BOOST_TEST(store.list().empty());
  BOOST_TEST(contains(refused("last"), "there are no runs"));
  BOOST_TEST(contains(refused("last"), file.string()));
}

BOOST_AUTO_TEST_CASE(a_query_takes_the_runs_for_which_all_of_it_holds) {
  store_run(store, {.id = run_number(1), .model = "small"});
  store_run(store, {.id = run_number(2), .scenario = "soak", .outcome = "fail"});
  store_run(store, {.id = run_number(3), .outcome = "fail", .hardware = "ffff"});
  store.tag(run_number(3), "nightly");
  const auto ids = [&](const RunQuery& query) { return ids_of(store.list(query)); };
  using Ids = std::vector<std::string>;
  BOOST_TEST((ids({}) == Ids{run_number(1), run_number(2), run_number(3)}));
  BOOST_TEST((ids({.newest = 2}) == Ids{run_number(2), run_number(3)}));
  BOOST_TEST((ids({.scenario = "chat"}) == Ids{run_number(1), run_number(3)}));
  BOOST_TEST((ids({.scenario = "chat", .outcome = "fail"}) == Ids{run_number(3)}));
  BOOST_TEST((ids({.scenario_hash = "hash of soak"}) == Ids{run_number(2)}));
  BOOST_TEST((ids({.hardware_fingerprint = "ffff"}) == Ids{run_number(3)}));
  BOOST_TEST((ids({.model_fingerprint = "f-small"}) == Ids{run_number(1)}));
  BOOST_TEST((ids({.tag = "nightly"}) == Ids{run_number(3)}));
  BOOST_TEST((ids({.scenario = "soak", .tag = "nightly"}) == Ids{}));
  BOOST_TEST((ids({.scenario = "chat", .newest = 1}) == Ids{run_number(3)}));
}

BOOST_AUTO_TEST_CASE(tags_are_given_once_and_taken_away) {
  store_run(store, {.id = run_number(1)});
  store.tag(run_number(1), "b");
  store.tag(run_number(1), "a");
  store.tag(run_number(1), "a");
  BOOST_TEST((store.find("last").tags == std::vector<std::string>{"a", "b"}));
  store.untag(run_number(1), "a");
  BOOST_TEST((store.find("last").tags == std::vector<std::string>{"b"}));
  BOOST_TEST(contains(complaint([&] { store.untag(run_number(1), "a"); }), "no tag 'a'"));
  for (const char* bad : {"", "two words", "a\nb", "ä", "x/y"})
    BOOST_TEST(contains(complaint([&] { store.tag(run_number(1), bad); }), "cannot name a tag"));
  BOOST_TEST(contains(complaint([&] { store.tag("nobody", "a"); }), "no run 'nobody'"));
}

BOOST_AUTO_TEST_CASE(a_baseline_keeps_its_runs_from_being_deleted) {
  for (int i = 1; i <= 3; ++i) store_run(store, {.id = run_number(i)});
  using Ids = std::vector<std::string>;
  store.set_baseline("main", {run_number(2), run_number(1)});
  BOOST_TEST((store.baseline("main") == Ids{run_number(2), run_number(1)}));
  BOOST_TEST(contains(complaint([&] { store.remove(run_number(1)); }), "baseline main"));
  store.set_baseline("main", {run_number(3)});
  BOOST_TEST((store.baseline("main") == Ids{run_number(3)}));
  store.remove(run_number(1));
  BOOST_TEST((store.baselines() == Ids{"main"}));
  BOOST_TEST(contains(complaint([&] { store.baseline("release"); }), "there are main"));
  store.remove_baseline("main");
  BOOST_TEST(store.baselines().empty());
  BOOST_TEST(complaint([&] { store.remove_baseline("main"); }) != "");
}

BOOST_AUTO_TEST_CASE(a_baseline_has_no_name_that_a_run_may_have) {
  store_run(store, {.id = run_number(1)});
  for (const char* bad : {"last", "2026", "20261121-06", "20261121-063300-0001", "main.json"})
    BOOST_TEST(contains(complaint([&] { store.set_baseline(bad, {run_number(1)}); }),
                        "cannot name a baseline"),
               bad);
  for (const char* good : {"main", "v2", "1.4", "2026-spring", "last-good"})
    BOOST_TEST(complaint([&] { store.set_baseline(good, {run_number(1)}); }) == "");
}

BOOST_AUTO_TEST_CASE(a_baseline_takes_finished_runs_only_and_all_or_nothing) {
  store_run(store, {.id = run_number(1)});
  store.set_baseline("main", {run_number(1)});
  store.begin(beginning_of(run_number(2)));
  for (const std::vector<std::string>& bad :
       {std::vector<std::string>{}, {run_number(1), run_number(2)}, {run_number(1), "nobody"}})
    BOOST_TEST(complaint([&] { store.set_baseline("main", bad); }) != "");
  BOOST_TEST((store.baseline("main") == std::vector<std::string>{run_number(1)}));
}

BOOST_AUTO_TEST_CASE(a_removed_run_leaves_nothing_and_its_id_may_come_again) {
  store_run(store, {.id = run_number(1)}, journal_of(folder.path() / "journal"));
  store.tag(run_number(1), "old");
  store.remove(run_number(1));
  BOOST_TEST(store.list().empty());
  BOOST_TEST(complaint([&] { store.remove(run_number(1)); }) != "");
  store_run(store, {.id = run_number(1)});
  BOOST_TEST(store.find("last").tags.empty());
  BOOST_TEST(!store.save_journal(run_number(1), folder.path() / "copy"));
}

BOOST_AUTO_TEST_SUITE_END()
