#include "kernels/cpu/threads/sharing_trial.hpp"

#include <boost/test/unit_test.hpp>

namespace squall::kernels {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Jobs of which the caller alone would need 100 microseconds each, on a clock of their own.
class Jobs {
 public:
  /// For `span` of time, every `stalled`th shared job (0: none) takes 4 ms, the others `shared`.
  /// Returns the share of the jobs that were shared.
  double run(SharingTrial::Duration span, microseconds shared, int stalled = 0) {
    const auto end = now_ + span;
    int all = 0;
    int together = 0;
    while (now_ < end) {
      ++all;
      if (!trial_.share_next(now_)) {
        now_ += alone;
        continue;
      }
      ++together;
      const bool stalls = stalled != 0 && together % stalled == 0;
      const SharingTrial::Duration took = stalls ? milliseconds(4) : shared;
      now_ += took;
      trial_.record(alone, took, trial_.wants_cpu_time(), now_);
    }
    work_ = static_cast<double>(all) * std::chrono::duration<double>(alone).count() /
            std::chrono::duration<double>(span).count();
    return static_cast<double>(together) / all;
  }
  /// Speed of the last run; 1 is that of the caller alone.
  double speed() const { return work_; }
  SharingTrial& trial() { return trial_; }
  SharingTrial::Instant now() const { return now_; }

  static constexpr SharingTrial::Duration alone = microseconds(100);

 private:
  SharingTrial trial_;
  SharingTrial::Instant now_ = SharingTrial::Instant() + seconds(1);
  double work_ = 0;
};

BOOST_AUTO_TEST_CASE(as_long_as_others_help_every_job_is_shared) {
  Jobs jobs;
  BOOST_TEST(jobs.run(seconds(10), microseconds(55)) == 1.0);
  BOOST_TEST(!jobs.trial().wants_cpu_time());
}

BOOST_AUTO_TEST_CASE(without_help_nearly_every_job_is_done_alone) {
  Jobs jobs;
  jobs.run(seconds(3), microseconds(103));
  BOOST_TEST(jobs.run(seconds(20), microseconds(103)) < 0.01);
  BOOST_TEST(jobs.speed() > 0.999);
}

BOOST_AUTO_TEST_CASE(interruptions_that_cost_more_than_the_help_gains_soon_cost_next_to_nothing) {
  Jobs jobs;
  jobs.run(seconds(3), microseconds(60), 20);
  jobs.run(seconds(30), microseconds(60), 20);
  BOOST_TEST(jobs.speed() > 0.995);
}

BOOST_AUTO_TEST_CASE(an_interruption_a_second_leaves_most_of_the_gain) {
  Jobs jobs;
  jobs.run(seconds(30), microseconds(55), 15'000);
  BOOST_TEST(jobs.speed() > 1.7);
}

BOOST_AUTO_TEST_CASE(once_help_is_back_every_job_is_shared_again) {
  Jobs jobs;
  jobs.run(seconds(20), microseconds(200));
  jobs.run(milliseconds(2800), microseconds(55));  // the longest pause, and a trial that passes
  BOOST_TEST(jobs.run(seconds(1), microseconds(55)) == 1.0);
}

BOOST_AUTO_TEST_CASE(pauses_are_short_again_after_a_long_good_time) {
  Jobs jobs;
  jobs.run(seconds(20), microseconds(200));
  jobs.run(seconds(60), microseconds(55));
  while (jobs.trial().share_next(jobs.now())) jobs.run(microseconds(1), microseconds(200));
  jobs.run(milliseconds(10), microseconds(55));
  BOOST_TEST(jobs.trial().share_next(jobs.now()));
}

BOOST_AUTO_TEST_CASE(a_caller_that_seems_interrupted_itself_is_measured_in_cpu_time_again) {
  Jobs jobs;
  jobs.run(seconds(1), microseconds(55));
  BOOST_REQUIRE(!jobs.trial().wants_cpu_time());
  jobs.trial().record(milliseconds(8), milliseconds(4), false, jobs.now());
  BOOST_TEST(jobs.trial().wants_cpu_time());
  BOOST_TEST(jobs.trial().share_next(jobs.now()));
}

}  // namespace
}  // namespace squall::kernels
