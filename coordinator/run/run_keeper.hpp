#pragma once
// Performs what RunPhases decides, in the one order that loses nothing: first written down, then
// said. Steps are collected, so that one commit serves many agents. No clock, no actor; one owner.

#include <functional>
#include <memory>
#include <string>

#include "actors/journal/journal.hpp"
#include "coordinator/run/run_phases.hpp"

namespace squall::coordinator {

class RunKeeper {
 public:
  using Send = std::function<void(const actors::PeerId& peer, actors::Envelope envelope)>;

  /// Takes what `phases` has to write down already.
  RunKeeper(RunPhases phases, std::unique_ptr<actors::Journal> journal, Send send);

  RunPhases& phases() { return phases_; }
  const RunPhases& phases() const { return phases_; }

  /// Notes what an event led to. Only answers to clock probes leave at once: they tell the time,
  /// and nothing that was kept.
  void take(Steps steps);

  /// Commits all that was taken, then says what waits for it. When the journal cannot be written,
  /// nothing of that is said: the run ends.
  void flush(Instant now);

  bool journal_failed() const { return journal_ == nullptr; }

 private:
  void commit();
  void fail(const std::string& why, Instant now);
  void send(ToAgent to);

  RunPhases phases_;
  std::unique_ptr<actors::Journal> journal_;  // null once it failed
  Send send_;
  ToAgents say_;
  std::string append_error_;  // of a record since the last flush
  bool unkept_ = false;       // records wait for their commit …
  bool precious_ = false;  // … among them a seal or the end, which must outlast a loss of power
};

}  // namespace squall::coordinator
