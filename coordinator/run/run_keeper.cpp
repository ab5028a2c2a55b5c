#include "coordinator/run/run_keeper.hpp"

#include <utility>
#include <variant>

namespace squall::coordinator {

using namespace actors;

RunKeeper::RunKeeper(RunPhases phases, std::unique_ptr<Journal> journal, Send send)
    : phases_(std::move(phases)), journal_(std::move(journal)), send_(std::move(send)) {
  take(phases_.opening());
}

void RunKeeper::take(Steps steps) {
  for (const RunEntry& entry : steps.keep) {
    if (!journal_ || !append_error_.empty()) break;
    unkept_ = true;
    precious_ = precious_ || std::holds_alternative<SealKept>(entry) ||
                std::holds_alternative<RunFinished>(entry);
    try {
      journal_->append(encode(entry));
    } catch (const JournalError& error) {
      append_error_ = error.what();
    }
  }
  for (ToAgent& each : steps.say) {
    if (std::holds_alternative<ClockReply>(each.message))
      send(std::move(each));
    else
      say_.push_back(std::move(each));
  }
}

void RunKeeper::commit() {
  if (!append_error_.empty()) throw JournalError(append_error_);
  if (std::exchange(precious_, false))
    journal_->sync();
  else
    journal_->commit();
}

void RunKeeper::flush(Instant now) {
  if (std::exchange(unkept_, false) && journal_) {
    try {
      commit();
    } catch (const JournalError& error) {
      fail(error.what(), now);
    }
  }
  ToAgents saying;
  saying.swap(say_);
  for (ToAgent& each : saying) send(std::move(each));
}

void RunKeeper::fail(const std::string& why, Instant now) {
  journal_.reset();
  say_.clear();  // it promises what is not kept
  take(phases_.on_journal_failed(why, now));
}

void RunKeeper::send(ToAgent to) {
  send_(to.peer, {phases_.record().id, to.epoch, std::move(to.message)});
}

}  // namespace squall::coordinator
