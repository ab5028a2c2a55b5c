#include "kernels/cpu/sharing_trial.hpp"

#include <boost/test/unit_test.hpp>

namespace squall::kernels {
namespace {

/// Of `jobs`, how many are shared when each that is shared goes as told.
int shared_jobs(SharingTrial& trial, int jobs, bool helped, bool kept_waiting) {
  int shared = 0;
  for (int job = 0; job < jobs; ++job) {
    if (!trial.share_next()) continue;
    ++shared;
    trial.record(helped, kept_waiting);
  }
  return shared;
}

BOOST_AUTO_TEST_CASE(as_long_as_others_help_every_job_is_shared) {
  SharingTrial trial;
  BOOST_TEST(shared_jobs(trial, 10'000, true, false) == 10'000);
}

BOOST_AUTO_TEST_CASE(without_help_nearly_every_job_is_done_alone) {
  SharingTrial trial;
  const int shared = shared_jobs(trial, 100'000, false, false);
  BOOST_TEST(shared > 0);
  BOOST_TEST(shared < 2'000);  // 16 of 2064, and the shorter pauses before
}

BOOST_AUTO_TEST_CASE(help_that_keeps_the_caller_waiting_is_no_help) {
  SharingTrial trial;
  BOOST_TEST(shared_jobs(trial, 100'000, true, true) < 2'000);
}

BOOST_AUTO_TEST_CASE(a_single_bad_job_is_forgiven) {
  SharingTrial trial;
  for (int job = 0; job < 10'000; ++job) {
    BOOST_REQUIRE(trial.share_next());
    trial.record(job % 16 != 3, job % 16 == 5);
  }
}

BOOST_AUTO_TEST_CASE(once_help_is_back_every_job_is_shared_again) {
  SharingTrial trial;
  shared_jobs(trial, 100'000, false, false);
  shared_jobs(trial, 2'100, true, false);  // at most one more pause, and a trial that passes
  BOOST_TEST(shared_jobs(trial, 10'000, true, false) == 10'000);
}

BOOST_AUTO_TEST_CASE(after_a_trial_that_passed_the_next_failure_costs_a_short_pause_only) {
  SharingTrial trial;
  shared_jobs(trial, 100'000, false, false);
  shared_jobs(trial, 5'000, true, false);
  // Until the trial under way has failed, then the shortest pause.
  BOOST_TEST(shared_jobs(trial, 16 + 64 + 16, false, false) >= 16);
}

}  // namespace
}  // namespace squall::kernels
