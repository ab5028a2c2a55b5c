// What follows from the trials, and the trials themselves: the real pacer, users and recorder
// around a target that answers at once.

#include "agents/load/calibration.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <future>

#include "agents/load/calibration_actor.hpp"
#include "agents/load/chunk_reading.hpp"
#include "scenarios/load/load_plan.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::agents;
using namespace std::chrono_literals;

namespace {

/// A machine that needs so long for each start and each chunk, on two of its cores.
TrialResult done_by_machine(const CalibrationTrial& trial, nanoseconds start, nanoseconds chunk) {
  const auto requests = static_cast<std::int64_t>(trial.requests);
  const nanoseconds work = requests * (start + trial.chunks * chunk);
  const nanoseconds paced(
      static_cast<std::int64_t>(1e9 * static_cast<double>(requests) / trial.starts_per_second));
  return {trial.requests, std::max(work, paced), 2 * work, 70us};
}

struct Nothing {};

/// An agent that only waits for its calibration.
AgentActor::behavior_type waiting_agent(AgentActor::stateful_pointer<Nothing> self,
                                        std::promise<Calibration>* promise) {
  return {[](const EnvelopeArrived&) {},
          [](const FrameRefused&) {},
          [](const Tick&) {},
          [](const LoadPrepared&) {},
          [](const TargetReady&) {},
          [](const TargetFailed&) {},
          [self, promise](const Calibrated& calibrated) {
            promise->set_value(calibrated.calibration);
            self->quit();
          },
          [](const PacerStarted&) {},
          [](const SnapshotTaken&) {},
          [](const UsersStopped&) {},
          [](const AnswersChecked&) {},
          [](const Interrupt&) {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_trials_find_the_costs_of_a_machine) {
  CalibrationTrials trials;
  nanoseconds together{0};
  int count = 0;
  while (const auto trial = trials.next()) {
    const auto result = done_by_machine(*trial, 20us, 100ns);
    together += result.elapsed;
    trials.on_result(result);
    BOOST_REQUIRE(++count < 10);
  }
  const Calibration found = trials.result();
  BOOST_TEST(found.starts_per_second == 50'000, boost::test_tools::tolerance(0.01));
  BOOST_TEST((found.cpu_per_start == 40'200ns));
  BOOST_TEST(found.chunks_per_second == 200 / 40e-6, boost::test_tools::tolerance(0.01));
  BOOST_TEST((found.cpu_per_chunk >= 190ns && found.cpu_per_chunk <= 200ns));
  BOOST_TEST((found.pacing_error_p99 == 70us));
  BOOST_TEST((together < 1s));
}

BOOST_AUTO_TEST_CASE(on_a_very_slow_machine_the_trials_stay_short_by_asking_for_less) {
  CalibrationTrials trials;
  while (const auto trial = trials.next()) {
    BOOST_TEST((trial->requests <= 500));
    trials.on_result(done_by_machine(*trial, 1ms, 10us));
  }
  BOOST_TEST(trials.result().starts_per_second == 1000, boost::test_tools::tolerance(0.02));
}

BOOST_AUTO_TEST_CASE(what_a_server_streams_has_to_be_read_by_one_thread_first) {
  CalibrationTrials trials;
  trials.on_chunk_reading({.elapsed = 4us, .cpu = 3us});
  while (const auto trial = trials.next()) trials.on_result(done_by_machine(*trial, 20us, 100ns));
  BOOST_TEST(trials.result().chunks_per_second == 250'000, boost::test_tools::tolerance(0.001));
  BOOST_TEST((trials.result().cpu_per_chunk >= 3190ns));
}

BOOST_AUTO_TEST_CASE(a_chunk_is_read_in_some_microseconds) {
  const ChunkReading each = measure_chunk_reading(20ms);
  BOOST_TEST_MESSAGE("reading a chunk: " << each.elapsed.count() << " ns, CPU " << each.cpu.count()
                                         << " ns");
  BOOST_TEST((each.elapsed > 100ns && each.elapsed < 1ms));
  BOOST_TEST((each.cpu > 100ns && each.cpu < 100us));
}

BOOST_AUTO_TEST_CASE(a_trial_in_which_nothing_was_answered_gives_zeros_and_no_infinities) {
  CalibrationTrials trials;
  while (trials.next()) trials.on_result({});
  BOOST_TEST((trials.result() == Calibration{}));
}

BOOST_AUTO_TEST_CASE(a_trial_asks_exactly_what_it_says) {
  for (const CalibrationTrial& trial :
       {CalibrationTrial{300, 1, 1000}, CalibrationTrial{777, 200, 1e6},
        CalibrationTrial{1, 1, 3}}) {
    const auto scenario = scenario_of(trial);
    const auto plan = scenarios::make_load_plan(*scenario, {});
    BOOST_TEST(plan.arrivals == trial.requests);
    BOOST_TEST(scenarios::plan_request(*scenario, {0, 0, 0}).answer_tokens == trial.chunks);
  }
}

BOOST_AUTO_TEST_CASE(an_agent_on_this_machine_is_calibrated_and_everything_ends) {
  caf::actor_system_config config;
  config.set("scheduler.max-threads", std::size_t{2});
  Calibration found;
  {
    caf::actor_system system{config};  // its end waits for every actor's
    std::promise<Calibration> promise;
    auto future = promise.get_future();
    system.spawn(calibration_actor, system.spawn(waiting_agent, &promise),
                 scenarios::TargetKind::openai);
    BOOST_REQUIRE((future.wait_for(60s) == std::future_status::ready));
    found = future.get();
  }
  BOOST_TEST_MESSAGE("starts/s " << found.starts_per_second << ", chunks/s "
                                 << found.chunks_per_second << ", pacing error p99 "
                                 << found.pacing_error_p99.count() << " ns, CPU per start "
                                 << found.cpu_per_start.count() << " ns, per chunk "
                                 << found.cpu_per_chunk.count() << " ns");
  // Some 40,000 starts a second and 20 us of CPU are usual; a busy machine takes time, not CPU.
  BOOST_TEST(found.starts_per_second > 1'000);
  BOOST_TEST(found.chunks_per_second > 10'000);
  BOOST_TEST((found.pacing_error_p99 > 0ns && found.pacing_error_p99 < 1s));
  BOOST_TEST((found.cpu_per_start > 1us && found.cpu_per_start < 1ms));
  BOOST_TEST((found.cpu_per_chunk > 10ns && found.cpu_per_chunk < 100us));
}
