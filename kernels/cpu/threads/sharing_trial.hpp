#pragma once
// Decides whether sharing work with other threads pays at the moment.
//
// Threads whose cores are busy with other programs arrive when the work is done, or are interrupted
// with a chunk in their hands, and the caller waits for milliseconds. Then one thread alone is
// faster than two. So what each shared job took is held against what the caller alone would have
// needed; when sharing does not gain, a pause of jobs done alone follows, longer after each
// failure. No clock is read here.

#include <algorithm>
#include <chrono>

namespace squall::kernels {

class SharingTrial {
 public:
  using Duration = std::chrono::nanoseconds;
  using Instant = std::chrono::steady_clock::time_point;

  /// Whether to share the next job; each one that is shared is to be recorded.
  bool share_next(Instant now) const { return now >= pause_end_; }

  /// Until a trial has passed, what the caller alone would have needed is to be told in CPU time:
  /// its own interruptions are no merit of the others.
  bool wants_cpu_time() const { return !trusted_; }

  /// `alone`: what the caller would have needed without help, from its own share of the job.
  /// `shared`: what the job took. `in_cpu_time`: whether `alone` leaves out interruptions.
  void record(Duration alone, Duration shared, bool in_cpu_time, Instant now) {
    if (shared > alone + stall) return fail(shared - alone, now);
    // Interrupted itself, and nobody knows for how long: measure again.
    if (!in_cpu_time && alone > stall) return begin_trial(now);
    alone_ += alone;
    shared_ += shared;
    if (++jobs_ < jobs_of_a_trial) return;
    if (shared_.count() * least_gain_in_percent > alone_.count() * 100) {
      return fail(shared_ - alone_, now);
    }
    if (!trusted_) trusted_since_ = now;
    trusted_ = true;
    // Pauses are forgotten slowly: interruptions that keep coming back stay rare.
    if (now - trusted_since_ > 8 * pause_) {
      pause_ = std::max(shortest_pause, pause_ / 2);
      trusted_since_ = now;
    }
    restart();
  }

 private:
  static constexpr int jobs_of_a_trial = 16;  // long enough for threads to wake up and show
  static constexpr int least_gain_in_percent = 105;
  // No chunk takes so long; an interruption takes longer, since schedulers count in milliseconds.
  static constexpr Duration stall = std::chrono::microseconds(700);
  // A failed trial costs some milliseconds: the longest pause makes them less than a hundredth.
  static constexpr Duration shortest_pause = std::chrono::milliseconds(10);
  static constexpr Duration longest_pause = std::chrono::milliseconds(2560);

  void restart() {
    jobs_ = 0;
    alone_ = shared_ = Duration::zero();
  }
  void begin_trial(Instant now) {
    trusted_ = false;
    trusted_since_ = now;
    restart();
  }
  void fail(Duration loss, Instant now) {
    // On a crowded machine an interruption takes long, and the next trial will meet one too. One
    // that comes after a good time may have been the only one.
    if (!trusted_) pause_ = std::max(pause_, loss * 64);
    pause_end_ = now + std::min(pause_, longest_pause);
    pause_ = std::min(2 * pause_, longest_pause);
    begin_trial(now);
  }

  bool trusted_ = false;
  int jobs_ = 0;
  Duration alone_{0};
  Duration shared_{0};
  Duration pause_ = shortest_pause;  // the next one
  Instant pause_end_{};
  Instant trusted_since_{};
};

}  // namespace squall::kernels
