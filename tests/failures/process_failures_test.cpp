// Agents and coordinators are killed, stopped for a while, run out of disk, or have the time of day
// changed under them.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <thread>

#include "tests/failures/findings.hpp"
#include "tests/failures/rights.hpp"
#include "tests/failures/small_disk.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using boost::unit_test::disabled;
using boost::unit_test::label;

namespace {

struct NeedsNetworksAndDisks {
  NeedsNetworksAndDisks() {
    skip_if(why_no_networks());
    skip_if(keep_mounts_private());
  }
};

void let_it_run(Campaign& campaign, std::chrono::seconds time) {
  campaign.wait_for_load();
  std::this_thread::sleep_for(time);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_TEST_GLOBAL_CONFIGURATION(NeedsNetworksAndDisks);

BOOST_AUTO_TEST_SUITE(a_process)

BOOST_AUTO_TEST_CASE(that_is_a_killed_agent_is_replaced_by_the_others,
                     *label("long") * disabled()) {
  const CampaignLoad load{.measure_seconds = 16, .may_lose = 1};
  Campaign campaign(2, load);
  campaign.start();
  let_it_run(campaign, 3s);
  const auto killed = Clock::now();
  campaign.agent(0).signal(SIGKILL);
  const auto ended = campaign.wait(90s);
  check_truth(campaign, ended);
  BOOST_TEST(was_lost(ended.report, 0));
  BOOST_TEST(passed_or_too_busy(ended.report));
  // Nobody knows of what was due at it after its last report, until others took over: a second of
  // reporting, five of silence, at most four until the work is moved and begins again.
  const auto lost = count(total_account(ended.report), "lost");
  BOOST_TEST(lost > 0u);
  if (machine_kept_up(ended.report)) BOOST_TEST(lost <= load.rate / 2 * 10);
  const auto& losses = ended.report.at("campaign").at("lost");
  BOOST_REQUIRE(losses.size() == 1u);
  BOOST_TEST((losses.at(0).at("agent") == "agent-0"));
  BOOST_TEST(count(losses.at(0), "unaccounted") == lost);
  const auto asked = campaign.asked();
  const auto other = Campaign::address_of_agent(1);
  const auto before = asked.count(other, killed - 2s, killed);
  const auto after = asked.count(other, killed + 11s, killed + 13s);
  BOOST_TEST(after > before + before / 2, after << " asked in 2 s, before it was " << before);
}

BOOST_AUTO_TEST_CASE(that_is_a_killed_agent_fails_a_run_that_may_lose_nobody,
                     *label("long") * disabled()) {
  const CampaignLoad load{.measure_seconds = 60};
  Campaign campaign(2, load);
  campaign.start();
  let_it_run(campaign, 3s);
  campaign.agent(0).signal(SIGKILL);
  const auto ended = campaign.wait(30s);
  check_truth(campaign, ended);
  BOOST_TEST(ended.exit_code == 13);
  BOOST_TEST(contains(ended.report.at("verdict").at("sentence"), "agent-0"));
  BOOST_TEST(campaign.wait_for_agent(1, 20s) >= 0);
}

BOOST_AUTO_TEST_CASE(that_is_an_agent_stopped_for_8_s_is_fenced_off_and_hands_over,
                     *label("long") * disabled()) {
  const CampaignLoad load{.measure_seconds = 20, .may_lose = 1, .may_pause_seconds = 60};
  Campaign campaign(2, load);
  campaign.start();
  let_it_run(campaign, 3s);
  const auto stopped = Clock::now();
  campaign.agent(0).signal(SIGSTOP);
  std::this_thread::sleep_for(8s);
  campaign.agent(0).signal(SIGCONT);
  const auto ended = campaign.wait(90s);
  check_truth(campaign, ended);
  BOOST_TEST(was_lost(ended.report, 0));
  BOOST_TEST(passed_or_too_busy(ended.report));
  BOOST_TEST(count(total_account(ended.report), "lost") == 0u);
  // It woke without a lease and with its work elsewhere: not one request more.
  const auto agent = Campaign::address_of_agent(0);
  BOOST_TEST(campaign.asked().count(agent, stopped + 500ms, Clock::now()) == 0u);
}

BOOST_AUTO_TEST_CASE(that_is_a_killed_coordinator_comes_back_and_finishes,
                     *label("long") * disabled()) {
  const CampaignLoad load{.measure_seconds = 20, .may_pause_seconds = 60};
  Campaign campaign(2, load);
  campaign.start();
  let_it_run(campaign, 4s);
  campaign.coordinator().signal(SIGKILL);
  const auto killed = Clock::now();
  std::this_thread::sleep_for(5s);
  for (const std::size_t agent : {0, 1})
    BOOST_TEST(campaign.asked().count(Campaign::address_of_agent(agent), killed + 3300ms,
                                      Clock::now()) == 0u);
  campaign.resume_coordinator();
  const auto ended = campaign.wait(120s);
  check_truth(campaign, ended);
  BOOST_TEST(passed_or_too_busy(ended.report));
  BOOST_TEST(count(total_account(ended.report), "lost") == 0u);
  for (const std::size_t agent : {0, 1}) BOOST_TEST(campaign.wait_for_agent(agent, 20s) == 0);
}

BOOST_AUTO_TEST_CASE(that_is_a_killed_coordinator_may_come_back_after_the_plan_has_ended,
                     *label("long") * disabled()) {
  const CampaignLoad load{.measure_seconds = 8, .may_pause_seconds = 60};
  Campaign campaign(2, load);
  campaign.start();
  let_it_run(campaign, 4s);
  campaign.coordinator().signal(SIGKILL);
  std::this_thread::sleep_for(20s);
  campaign.resume_coordinator();
  const auto ended = campaign.wait(120s);
  check_truth(campaign, ended);
  BOOST_TEST(count(total_account(ended.report), "lost") == 0u);
}

BOOST_AUTO_TEST_CASE(that_is_a_coordinator_stopped_for_8_s_passes_no_part_for_the_whole,
                     *label("long") * disabled()) {
  for (const unsigned may_pause : {60U, 0U}) {
    const CampaignLoad load{.measure_seconds = 20, .may_pause_seconds = may_pause};
    Campaign campaign(2, load);
    campaign.start();
    let_it_run(campaign, 4s);
    const auto stopped = Clock::now();
    campaign.coordinator().signal(SIGSTOP);
    std::this_thread::sleep_for(8s);
    for (const std::size_t agent : {0, 1})
      BOOST_TEST(campaign.asked().count(Campaign::address_of_agent(agent), stopped + 3300ms,
                                        Clock::now()) == 0u);
    campaign.coordinator().signal(SIGCONT);
    const auto ended = campaign.wait(90s);
    check_truth(campaign, ended);
    BOOST_TEST(count(total_account(ended.report), "lost") == 0u);
    if (may_pause > 0) BOOST_TEST(passed_or_too_busy(ended.report));
    if (may_pause == 0) BOOST_TEST(ended.exit_code == 13);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_full_disk)

BOOST_AUTO_TEST_CASE(of_the_coordinator_ends_the_run_and_is_told, *label("long") * disabled()) {
  const SmallDisk disk("1m");
  const CampaignLoad load{.measure_seconds = 60};
  Campaign campaign(2, load);
  campaign.start_coordinator({}, {"SQUALL_STATE=" + disk.path().string()});
  for (const std::size_t agent : {0, 1}) campaign.start_agent(agent);
  let_it_run(campaign, 3s);
  disk.fill();
  const auto ended = campaign.wait(40s);
  // The report's own copy beside the journal cannot be written either, nor can the store: both are
  // told, and the verdict has the last word.
  BOOST_TEST(ended.exit_code == 13);
  BOOST_TEST(contains(ended.output, "report.json was not written"));
  BOOST_TEST(contains(ended.output, "the run is not stored"));
  BOOST_TEST(contains(ended.output, "squall import"));
  check_truth(campaign, ended);
  BOOST_TEST(contains(ended.output, disk.path().string()), "which file is full is not said");
  BOOST_TEST(contains(ended.output, "No space left"));
}

BOOST_AUTO_TEST_CASE(of_the_coordinator_from_the_beginning_starts_no_run) {
  const SmallDisk disk("64k");
  disk.fill();
  Campaign campaign(1, {});
  campaign.start_coordinator({}, {"SQUALL_STATE=" + disk.path().string()});
  campaign.start_agent(0);
  const auto ended = campaign.wait(40s);
  BOOST_TEST_MESSAGE(ended.output);
  BOOST_TEST(ended.exit_code > 0);
  BOOST_TEST(contains(ended.output, "No space left"));
  BOOST_TEST(campaign.asked().empty());
}

BOOST_AUTO_TEST_CASE(of_an_agent_stops_it_and_is_told, *label("long") * disabled()) {
  const SmallDisk disk("1m");
  const CampaignLoad load{.measure_seconds = 60};
  Campaign campaign(2, load);
  campaign.start_coordinator();
  campaign.start_agent(0, {"SQUALL_STATE=" + disk.path().string()});
  campaign.start_agent(1);
  let_it_run(campaign, 3s);
  disk.fill();
  const auto full = Clock::now();
  const auto ended = campaign.wait(60s);
  check_truth(campaign, ended);
  BOOST_TEST(ended.exit_code == 13);
  BOOST_TEST(contains(ended.output, "No space left"));
  // The figures since the last report could not be kept: the load stopped rather than go on.
  const auto agent = Campaign::address_of_agent(0);
  BOOST_TEST(campaign.asked().count(agent, full + 6s, Clock::now()) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_time_of_day)

BOOST_AUTO_TEST_CASE(is_stepped_by_the_library_of_these_tests) {
  const std::string library = SQUALL_CLOCK_STEP_LIBRARY;
  const auto year = [&](std::vector<std::string> environment) {
    Process date({"/bin/date", "+%s"}, std::move(environment));
    BOOST_REQUIRE(date.wait(10s) == 0);
    return std::stoll(date.out());
  };
  const auto before = year({});
  const auto stepped =
      year({"LD_PRELOAD=" + library, "SQUALL_CLOCK_STEP_AFTER=0", "SQUALL_CLOCK_STEP=3600"});
  BOOST_TEST((stepped - before >= 3600 && stepped - before < 3660));
}

BOOST_AUTO_TEST_CASE(may_change_by_an_hour_either_way_without_any_effect,
                     *label("long") * disabled()) {
  for (const char* step : {"3600", "-3600"}) {
    const CampaignLoad load{};
    Campaign campaign(2, load);
    const std::vector<std::string> stepped{std::string("LD_PRELOAD=") + SQUALL_CLOCK_STEP_LIBRARY,
                                           "SQUALL_CLOCK_STEP_AFTER=12",
                                           std::string("SQUALL_CLOCK_STEP=") + step};
    campaign.start_coordinator({}, stepped);
    campaign.start_agent(0, stepped);
    campaign.start_agent(1);
    const auto ended = campaign.wait(90s);
    check_truth(campaign, ended);
    BOOST_TEST(passed_or_too_busy(ended.report));
    BOOST_TEST(count(total_account(ended.report), "lost") == 0u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
