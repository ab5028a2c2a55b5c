#include "tests/simulation/course.hpp"

#include <cstdio>

namespace squall::tests {

using namespace actors;

namespace {

std::string seconds(nanoseconds duration) {
  char text[40];
  std::snprintf(text, sizeof text, "%.3f s", std::chrono::duration<double>(duration).count());
  return text;
}

std::string in_words(const scenarios::AgentShare& share) {
  return std::to_string(share.index) + "+" + std::to_string(share.width) + "/" +
         std::to_string(share.count);
}

struct Words {
  std::string operator()(const Hello& m) const {
    return "Hello " + m.name + (m.batches > 0 ? " with batches " + std::to_string(m.batches) : "");
  }
  std::string operator()(const Ready&) const { return "Ready"; }
  std::string operator()(const PrepareFailed& m) const { return "PrepareFailed: " + m.message; }
  std::string operator()(const Started& m) const { return "Started " + seconds(m.start_error); }
  std::string operator()(const MetricsBatch& m) const {
    const Ledger& warm = m.snapshot[Phase::warm_up].ledger;
    const Ledger& measured = m.snapshot[Phase::measure].ledger;
    return "MetricsBatch " + std::to_string(m.sequence) + " to " + seconds(m.snapshot.to) +
           ", scheduled " + std::to_string(warm.scheduled + measured.scheduled) + ", issued " +
           std::to_string(warm.issued + measured.issued);
  }
  std::string operator()(const Heartbeat& m) const {
    return "Heartbeat " + seconds(nanoseconds(m.sent)) + ", unacknowledged " +
           std::to_string(m.unacknowledged);
  }
  std::string operator()(const Sealed& m) const {
    return "Sealed " + std::to_string(m.batches) +
           (m.stopped_because.empty() ? "" : ": " + m.stopped_because);
  }
  std::string operator()(const ClockProbe&) const { return "ClockProbe"; }
  std::string operator()(const TookOver& m) const { return "TookOver " + std::to_string(m.number); }
  std::string operator()(const AskRoster&) const { return "AskRoster"; }
  std::string operator()(const Rejected& m) const {
    return "Rejected: " + m.reason + (m.may_come_again ? " (may come again)" : "");
  }
  std::string operator()(const Prepare& m) const { return "Prepare share " + in_words(m.share); }
  std::string operator()(const StartAt& m) const {
    return "StartAt " + seconds(nanoseconds(m.instant));
  }
  std::string operator()(const LeaseRenewed& m) const {
    return "LeaseRenewed by beat " + seconds(nanoseconds(m.beat_sent)) + ", acknowledged " +
           std::to_string(m.acknowledged_batch);
  }
  std::string operator()(const BatchAcknowledged& m) const {
    return "BatchAcknowledged " + std::to_string(m.sequence);
  }
  std::string operator()(const StopLoad& m) const { return "StopLoad in " + seconds(m.grace); }
  std::string operator()(const SealAcknowledged&) const { return "SealAcknowledged"; }
  std::string operator()(const ClockReply&) const { return "ClockReply"; }
  std::string operator()(const TakeOver& m) const {
    return "TakeOver " + std::to_string(m.number) + " of share " + in_words(m.share) + " from " +
           seconds(m.from) + " over " + seconds(m.ramp);
  }
  std::string operator()(const Roster&) const { return "Roster"; }
};

}  // namespace

std::string in_words(const AgentMessage& message) { return std::visit(Words{}, message); }
std::string in_words(const CoordinatorMessage& message) { return std::visit(Words{}, message); }

}  // namespace squall::tests
