#pragma once
// Does the target give the same answers under load as at rest? Keeps the prompts and answers of
// sampled requests (plan.check_accuracy), and after the drain asks them once more, one at a time
// and greedily, as they were asked the first time; equal means equal text, byte by byte.
//
// Plain decisions: no clock, no actor. Memory is bounded: what finds no room is not compared, and
// that is told. Of warm-up nothing is kept. One owner.

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/load_request.hpp"

namespace squall::agents {

using actors::Instant;
using std::chrono::nanoseconds;

class AccuracyCheck {
 public:
  struct Limits {
    std::size_t requests = 10'000;                    // sampled, open ones included
    std::uint64_t bytes = std::uint64_t{64} << 20;    // of their prompts and answers
    nanoseconds patience = std::chrono::seconds(60);  // for one answer at rest
  };

  explicit AccuracyCheck(const Limits& limits) : limits_(limits) {}

  // ---- under load

  /// Of requests that are not sampled nothing is kept. Sampled ones want `keep_answer`.
  void on_submit(const actors::LoadRequest& request);
  /// Exactly once for each that was submitted; only completed answers are compared.
  void on_ended(const actors::RequestTimeline& timeline);

  // ---- at rest

  /// The next to be asked, one at a time; none when all were, or it is `until`.
  std::optional<actors::LoadRequest> next(Instant now, Instant until);
  bool asking() const { return asking_; }
  /// Whether `request` is one of ours rather than of the load.
  static bool asks(std::uint64_t request) { return request >= first_id; }
  /// How one of ours ended: whether the answer was the same; none where there was none.
  std::optional<bool> on_answer(const actors::RequestTimeline& timeline);

  /// Why no more are asked.
  enum class End { time_over, lease_over, broken_off };
  /// For the run's timeline: where the first answer that differed did, what was not compared.
  std::vector<std::string> findings(End end = End::time_over) const;

 private:
  // Ids of the load's requests are below: users and arrivals never number so many.
  static constexpr std::uint64_t first_id = std::uint64_t{1} << 63;

  struct Sample {
    actors::LoadRequest request;
    std::string answer;
  };

  Limits limits_;
  std::unordered_map<std::uint64_t, Sample> open_;  // no answer yet
  std::deque<Sample> answered_;                     // the front one is being asked, if any is
  bool asking_ = false;
  bool cut_short_ = false;  // the one being asked has less time than its patience
  std::uint64_t bytes_ = 0;
  std::uint64_t no_room_ = 0;      // sampled requests that were not kept
  std::uint64_t compared_ = 0;     // of them
  std::uint64_t out_of_time_ = 0;  // asked, but it was the end before the answer
  std::uint64_t unanswered_ = 0;   // at rest
  std::uint64_t asked_ = 0;
  std::string first_difference_;
};

}  // namespace squall::agents
