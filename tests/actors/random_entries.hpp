#pragma once
// Entries of journals with random content, the same for the same seed.

#include "actors/journal/agent_entries.hpp"
#include "actors/journal/run_entries.hpp"
#include "tests/actors/random_messages.hpp"

namespace squall::tests {

class RandomEntries {
 public:
  explicit RandomEntries(std::uint64_t seed) : messages_(seed) {}

  static constexpr std::size_t agent_kinds = std::variant_size_v<AgentEntry>;
  static constexpr std::size_t run_kinds = std::variant_size_v<RunEntry>;

  AgentEntry agent_entry(std::size_t kind) {
    RandomMessages& some = messages_;
    switch (kind) {
      case 0:
        return PartOpened{some.text(), some.any(), some.hello(), some.share()};
      case 1:
        return BatchTaken{some.batch()};
      case 2:
        return PartSealed{some.sealed()};
      default:
        return AllAcknowledged{};
    }
  }

  RunEntry run_entry(std::size_t kind) {
    RandomMessages& some = messages_;
    switch (kind) {
      case 0:
        return RunOpened{some.text(), some.text(), some.text(), some.text(), some.text(),
                         some.text(), some.text(), some.text(), some.small()};
      case 1:
        return AgentJoined{some.small(), some.any(), some.text(), some.hello()};
      case 2:
        return ShareDealt{some.small(), some.share()};
      case 3:
        return AgentReady{some.small(), some.ready()};
      case 4:
        return StartDecided{some.instant()};
      case 5:
        return AgentStarted{some.small(), some.started()};
      case 6:
        return BatchKept{some.small(), some.batch()};
      case 7:
        return SealKept{some.small(), some.sealed()};
      case 8:
        return AgentGivenUp{some.small(), some.instant(), some.text(), some.instant()};
      case 9:
        return ShareMoved{some.small(), some.small(), some.take_over()};
      case 10:
        return ShareTaken{some.small(), some.small()};
      case 11:
        return LoadStopped{some.instant(), some.coin(), some.text()};
      case 12:
        return CoordinatorResumed{some.instant(), some.instant(), some.text()};
      case 13:
        return ThresholdsResolved{{threshold(), threshold()}, {some.text()}};
      case 14:
        return ThresholdSet{some.instant(), threshold()};
      case 15:
        return ThresholdUnset{some.instant(), some.text()};
      case 16:
        return LoadAborted{some.instant(), some.text(), some.text(), some.duration(),
                           some.duration()};
      default:
        return RunFinished{some.instant(),
                           {some.any(), some.any(), some.any(), some.any(), some.any(), some.any()},
                           some.any()};
    }
  }

 private:
  scenarios::ResolvedThreshold threshold() {
    RandomMessages& some = messages_;
    const char* const text = some.coin() ? "ttft p95 < 300ms for 10s, else abort after 5s"
                                         : "tokens_per_second >= learned - 3 mad";
    scenarios::ResolvedThreshold made{
        scenarios::parse_threshold(text), {}, some.text(), some.text(), 1.5};
    made.threshold.limit = some.coin() ? 0.25 : 0;
    made.steps.push_back({some.text(), some.text(), 0.5});
    made.steps.push_back({some.text(), some.text(), std::nullopt});
    return made;
  }

  RandomMessages messages_;
};

}  // namespace squall::tests
