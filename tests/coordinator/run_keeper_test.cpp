#include "coordinator/run/run_keeper.hpp"

#include "tests/coordinator/run_fixture.hpp"

using namespace squall;
using namespace squall::tests;

namespace {

const char* const scenario_text = R"(
name = "kept"
[target]
kind = "simulated"
[users]
count = 2
[phases]
measure = "60s"
drain = "1s"
[agents]
may_lose = 1
)";

/// What a disk has: only what was committed.
struct Disk {
  std::vector<Bytes> appended, committed;
  bool full = false;
  int commits = 0;
};

class DiskJournal : public Journal {
 public:
  explicit DiskJournal(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}
  void append(std::span<const std::byte> record) override {
    disk_->appended.emplace_back(record.begin(), record.end());
  }
  void commit() override {
    if (disk_->full) throw JournalError("no space left");
    ++disk_->commits;
    for (auto& each : disk_->appended) disk_->committed.push_back(std::move(each));
    disk_->appended.clear();
  }
  void sync() override { commit(); }

 private:
  std::shared_ptr<Disk> disk_;
};

struct KeeperFixture : RunFixture {
  std::shared_ptr<Disk> disk = std::make_shared<Disk>();
  std::vector<std::pair<std::string, CoordinatorMessage>> said;
  RunKeeper keeper = make_keeper(RunPhases(parsed_record(), {.agents = 2}, times, now));

  static RunRecord parsed_record() {
    RunReplay opening;
    opening.take(RunOpened{"run-1", "0.1.0", "2026-11-21T06:33:41Z", "kept.toml", scenario_text,
                           "tcp://127.0.0.1:1", "loopback without keys", "boot-1", 2});
    return opening.record();
  }
  RunKeeper make_keeper(RunPhases phases) {
    return RunKeeper(std::move(phases), std::make_unique<DiskJournal>(disk),
                     [this](const PeerId& peer, Envelope envelope) {
                       said.emplace_back(peer, std::get<CoordinatorMessage>(envelope.message));
                     });
  }
  void take(const std::string& peer, AgentMessage message) {
    const bool greets = std::holds_alternative<Hello>(message);
    keeper.take(keeper.phases().on_message(peer, "", epoch_of(peer), greets ? "" : "run-1",
                                           std::move(message), now));
  }
  void take_and_flush(const std::string& peer, AgentMessage message) {
    take(peer, std::move(message));
    keeper.flush(now);
  }
  void begin_both() {
    for (const char* each : {"a", "b"}) take_and_flush(each, hello_of(each));
    for (const char* each : {"a", "b"}) take_and_flush(each, Ready{});
    now += 2s;
    keeper.take(keeper.phases().on_tick(now));
    keeper.flush(now);
    said.clear();
  }
  template <class Message>
  std::size_t count_said() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        said, [](const auto& each) { return std::holds_alternative<Message>(each.second); }));
  }
  std::vector<RunEntry> entries() const {
    std::vector<RunEntry> all;
    for (const auto& record : disk->committed) all.push_back(decode_run_entry(record).value());
    return all;
  }
  /// kill -9, and another process that goes on `gap` later.
  void crash_and_resume(nanoseconds gap, const std::string& boot = "boot-1",
                        const std::string& host = "") {
    disk->appended.clear();
    said.clear();
    now += gap;
    keeper = make_keeper(RunPhases::resumed(entries(), times, now, boot, host));
    keeper.flush(now);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(run_keeper, KeeperFixture)

BOOST_AUTO_TEST_CASE(nothing_is_said_before_it_is_written_down) {
  begin_both();
  take("a", batch(1, 5));
  take("b", batch(1, 5));
  const std::size_t committed = disk->committed.size();
  BOOST_TEST(said.empty());
  keeper.flush(now);
  BOOST_TEST(disk->committed.size() == committed + 2);
  BOOST_TEST(count_said<BatchAcknowledged>() == 2u);
}

BOOST_AUTO_TEST_CASE(one_commit_serves_all_that_came) {
  begin_both();
  const int commits = disk->commits;
  for (std::uint64_t i = 1; i <= 20; ++i) take(i % 2 == 0 ? "a" : "b", batch((i + 1) / 2, 1));
  keeper.flush(now);
  BOOST_TEST(disk->commits == commits + 1);
}

BOOST_AUTO_TEST_CASE(what_time_it_is_waits_for_no_commit) {
  begin_both();
  take("a", batch(1, 5));
  take("a", ClockProbe{7});
  BOOST_TEST(count_said<ClockReply>() == 1u);
  BOOST_TEST(count_said<BatchAcknowledged>() == 0u);
}

BOOST_AUTO_TEST_CASE(a_full_disk_ends_the_run_and_nothing_is_acknowledged) {
  begin_both();
  take_and_flush("a", batch(1, 5));
  said.clear();
  disk->full = true;
  take_and_flush("a", batch(2, 5));
  BOOST_TEST(count_said<BatchAcknowledged>() == 0u);
  BOOST_TEST(count_said<StopLoad>() == 2u);
  said.clear();
  take_and_flush("a", batch(2, 5));
  take_and_flush("a", Heartbeat{});
  take_and_flush("a", sealed(2));
  BOOST_TEST(count_said<BatchAcknowledged>() == 0u);
  BOOST_TEST(count_said<LeaseRenewed>() == 0u);
  BOOST_TEST(count_said<SealAcknowledged>() == 0u);
  BOOST_TEST(count_said<Rejected>() == 1u);
  BOOST_TEST(!keeper.phases().finished());
  take_and_flush("b", sealed(0));
  BOOST_TEST(keeper.phases().finished());
  const RunRecord record = keeper.phases().final_record();
  BOOST_TEST(record.broken->find("no space left") != std::string::npos);
  BOOST_TEST(!record.agents[0].sealed.has_value());
}

BOOST_AUTO_TEST_CASE(a_coordinator_that_comes_back_goes_on_with_the_run) {
  begin_both();
  take_and_flush("a", batch(1, 5));
  take("b", batch(1, 9));  // not committed, so never acknowledged: it comes again
  now += 5s;
  crash_and_resume(3s);
  take_and_flush("a2", hello_of("a"));  // it does not say which run: also that is answered
  take_and_flush("a2", Heartbeat{});
  BOOST_TEST(count_said<LeaseRenewed>() == 1u);
  take_and_flush("b2", batch(1, 9));
  take_and_flush("b2", batch(2, 1));
  BOOST_TEST(keeper.phases().record().timeline.total(Phase::measure).ledger.issued == 15u);
  now += 60s;
  take_and_flush("a2", sealed(1));
  take_and_flush("b2", sealed(2));
  BOOST_TEST(keeper.phases().finished());
  const RunRecord record = keeper.phases().final_record();
  BOOST_TEST(!record.broken.has_value());
  BOOST_REQUIRE(record.gaps.size() == 1u);
  BOOST_TEST((record.gaps[0].to == 8s));
}

BOOST_AUTO_TEST_CASE(agents_have_time_to_find_back) {
  begin_both();
  crash_and_resume(3s);
  const Instant back = now;
  while (!keeper.phases().record().agents[0].lost && now < back + 1min) {
    now += 100ms;
    keeper.take(keeper.phases().on_tick(now));
  }
  BOOST_TEST((now - back >= times.dead_after + times.reconnect_last));
  BOOST_TEST((now - back <= times.dead_after + times.reconnect_last + 1s));
}

BOOST_AUTO_TEST_CASE(work_of_an_agent_that_was_lost_before_the_crash_still_moves) {
  begin_both();
  take_and_flush("a", Heartbeat{});
  take_and_flush("b", Heartbeat{});
  now += 1s;
  keeper.take(keeper.phases().on_process_ended(100, "killed", now));
  keeper.flush(now);
  crash_and_resume(1s);
  take_and_flush("b2", Heartbeat{});
  for (int i = 0; i < 30; ++i, now += 100ms) {
    keeper.take(keeper.phases().on_tick(now));
    keeper.flush(now);
  }
  BOOST_TEST(count_said<TakeOver>() == 1u);
  // Killed again before the taker confirmed: it is told again.
  crash_and_resume(1s);
  take_and_flush("b3", Heartbeat{});
  BOOST_TEST(count_said<TakeOver>() == 1u);
  take_and_flush("b3", TookOver{1});
  BOOST_TEST(keeper.phases().record().moved.size() == 1u);
  BOOST_TEST(keeper.phases().record().moved[0].taken);
}

BOOST_AUTO_TEST_CASE(a_run_whose_load_had_not_begun_is_not_resumed) {
  take_and_flush("a", hello_of("a"));
  take_and_flush("b", hello_of("b"));
  crash_and_resume(1s);
  BOOST_TEST(keeper.phases().finished());
  BOOST_TEST(keeper.phases().record().broken->find("before the load began") != std::string::npos);
  take_and_flush("a2", Ready{});
  BOOST_TEST(count_said<StopLoad>() == 1u);
}

BOOST_AUTO_TEST_CASE(a_machine_that_was_started_anew_cannot_go_on) {
  begin_both();
  crash_and_resume(1s, "boot-2");
  BOOST_TEST(keeper.phases().finished());
  BOOST_TEST(keeper.phases().record().broken->find("started anew") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_finished_run_stays_finished) {
  begin_both();
  now += 61s;
  take_and_flush("a", sealed(0));
  take_and_flush("b", sealed(0));
  crash_and_resume(1s);
  BOOST_TEST(keeper.phases().finished());
  take_and_flush("a2", sealed(0));
  BOOST_TEST(count_said<SealAcknowledged>() == 1u);
}

BOOST_AUTO_TEST_CASE(the_journal_alone_tells_the_same_as_the_run_that_wrote_it) {
  begin_both();
  take_and_flush("a", Started{1ms});
  take_and_flush("a", batch(1, 5));
  keeper.take(keeper.phases().on_process_ended(100, "killed", now + 1s));
  keeper.flush(now);
  take_and_flush("b", batch(1, 7));
  now += 61s;
  take_and_flush("b", sealed(1));
  keeper.flush(now);
  const RunRecord live = keeper.phases().final_record();
  const RunRecord again = replay(entries());
  BOOST_REQUIRE(keeper.phases().finished());
  BOOST_REQUIRE(again.agents.size() == live.agents.size());
  for (std::size_t i = 0; i < live.agents.size(); ++i) {
    BOOST_TEST(again.agents[i].batches == live.agents[i].batches);
    BOOST_TEST(again.agents[i].hash == live.agents[i].hash);
    BOOST_TEST((again.agents[i].lost == live.agents[i].lost));
    BOOST_TEST((again.agents[i].lost_at == live.agents[i].lost_at));
  }
  BOOST_TEST((again.timeline.total(Phase::measure) == live.timeline.total(Phase::measure)));
  BOOST_TEST(again.began == live.began);
  BOOST_TEST((again.broken == live.broken));
}

BOOST_AUTO_TEST_CASE(a_resumed_run_knows_which_processes_are_on_its_own_machine) {
  begin_both();
  crash_and_resume(1s, "boot-1", "here");  // both agents are on a machine that is called "host"
  keeper.take(keeper.phases().on_process_ended(100, "killed", now));
  for (const auto& agent : keeper.phases().record().agents) BOOST_TEST(!agent.lost);
}

BOOST_AUTO_TEST_CASE(one_answer_serves_what_comes_shortly_after_each_other) {
  begin_both();
  for (std::uint64_t i = 1; i <= 10; ++i) {  // ten a second
    take_and_flush("a", batch(i, 1));
    now += 100ms;
    keeper.take(keeper.phases().on_tick(now));
    keeper.flush(now);
  }
  BOOST_TEST(count_said<BatchAcknowledged>() >= 2u);
  BOOST_TEST(count_said<BatchAcknowledged>() <= 3u);
  // Nobody waits for the next one in vain.
  for (int i = 0; i < 5; ++i) {
    now += 100ms;
    keeper.take(keeper.phases().on_tick(now));
    keeper.flush(now);
  }
  std::uint64_t newest = 0;
  for (const auto& [peer, message] : said)
    if (const auto* answer = std::get_if<BatchAcknowledged>(&message)) newest = answer->sequence;
  BOOST_TEST(newest == 10u);
  // Much at once is told at once, for the window is not endless.
  said.clear();
  for (std::uint64_t i = 11; i <= 26; ++i) take_and_flush("a", batch(i, 1));
  BOOST_TEST(count_said<BatchAcknowledged>() == 2u);
  // And what comes again was not heard of.
  said.clear();
  take_and_flush("a", batch(26, 1));
  BOOST_TEST(count_said<BatchAcknowledged>() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
