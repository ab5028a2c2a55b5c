#pragma once
// Decides whether sharing work with other threads pays at the moment; no clock, only what happened.
//
// Threads whose cores are busy with other programs arrive when the work is done, or are interrupted
// with a chunk in their hands. Then one thread alone is faster than two. So jobs are shared for a
// trial; when it fails, a pause of jobs done alone follows, longer after each failure.

#include <algorithm>

namespace squall::kernels {

class SharingTrial {
 public:
  /// Whether to share the next job; each one that is shared is to be recorded.
  bool share_next() {
    if (jobs_alone_ == 0) return true;
    --jobs_alone_;
    return false;
  }

  /// `helped`: another thread did some of the job. `kept_waiting`: so slowly that the caller slept.
  void record(bool helped, bool kept_waiting) {
    helped_ += helped ? 1 : 0;
    kept_waiting_ += kept_waiting ? 1 : 0;
    if (++shared_ < jobs_of_a_trial) return;
    const bool passed = 2 * helped_ >= jobs_of_a_trial && 8 * kept_waiting_ <= jobs_of_a_trial;
    pause_ = passed ? 0 : std::clamp(2 * pause_, shortest_pause, longest_pause);
    jobs_alone_ = pause_;
    shared_ = helped_ = kept_waiting_ = 0;
  }

 private:
  // Long enough for threads to wake up and show; the pauses make failed trials a small part of all.
  static constexpr int jobs_of_a_trial = 16;
  static constexpr int shortest_pause = 64;
  static constexpr int longest_pause = 2048;  // some ten tokens of a small model

  int shared_ = 0;
  int helped_ = 0;
  int kept_waiting_ = 0;
  int pause_ = 0;
  int jobs_alone_ = 0;
};

}  // namespace squall::kernels
