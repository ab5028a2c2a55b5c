#include "coordinator/store_commands/stored_record.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include "actors/journal/journal.hpp"
#include "actors/journal/run_entries.hpp"
#include "actors/wire/request_codec.hpp"
#include "coordinator/run/run_replay.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::coordinator {

namespace fs = std::filesystem;

namespace {

/// A file that is gone afterwards, for its owner's eyes only.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::error_code error;
    const fs::path place = fs::temp_directory_path(error);
    std::string pattern = ((error ? "/tmp" : place) / "squall-journal-XXXXXX").string();
    const int file = mkstemp(pattern.data());
    if (file < 0)
      throw StoreError("cannot make a temporary file " + pattern + ": " + std::strerror(errno) +
                       "; TMPDIR names another place");
    ::close(file);
    path_ = pattern;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Takes a journal's entries as they are read; nothing of them is kept but what they come to.
class Replaying {
 public:
  explicit Replaying(Replay what) : what_(what) {}

  void take(const actors::RunEntry& entry) {
    replay_.take(entry);
    const auto* kept = std::get_if<actors::BatchKept>(&entry);
    if (kept == nullptr) return;
    if (what_ == Replay::record_and_requests) take_requests(*kept);
    if (what_ != Replay::record_and_intervals) return;
    if (!intervals_) {
      const auto& phases = replay_.so_far().scenario.phases;
      intervals_.emplace(phases.warm_up + phases.measure + phases.drain);
    }
    intervals_->add(kept->batch.snapshot);
  }
  bool finished() const { return replay_.finished(); }
  ReplayedRun run() const {
    ReplayedRun run{replay_.record(), {}, {}};
    if (intervals_) run.intervals = intervals_->intervals();
    if (!too_many_) run.requests = requests_;
    return run;
  }

 private:
  void take_requests(const actors::BatchKept& kept) {
    if (too_many_) return;
    const auto records = actors::requests_of(kept.batch.encoded);
    if (!records) return;  // the audit tells of batches that cannot be read
    for (const actors::RequestRecord& record : *records) requests_.push_back({kept.agent, record});
    too_many_ = requests_.size() > ExactDurations::requests_limit;
  }

  RunReplay replay_;
  Replay what_;
  std::vector<KeptRequest> requests_;
  bool too_many_ = false;
  std::optional<IntervalHistograms> intervals_;
};

}  // namespace

std::optional<ReplayedRun> replay_journal(const fs::path& journal, Replay what, std::string& why) {
  try {
    Replaying replaying(what);
    actors::read_journal(journal, [&](std::span<const std::byte> bytes) {
      const auto entry = actors::decode_run_entry(bytes);
      if (!entry) throw actors::JournalError("no entry of this release");
      replaying.take(*entry);
    });
    if (replaying.finished()) {
      ReplayedRun run = replaying.run();
      run.record.journal = journal.string();
      run.record.exact = exact_durations(journal, ended_requests(run.record));
      return run;
    }
    why = "its journal ends before the run did, as when a disk is full";
  } catch (const actors::JournalError&) {
    why = "its journal is of another release, or damaged";
  } catch (const scenarios::ScenarioError&) {
    why = "its scenario is of another release";
  }
  return std::nullopt;
}

std::optional<ReplayedRun> replay_stored(const RunStore& store, const StoredRun& run, Replay what,
                                         std::string& why) {
  const TemporaryFile journal;
  if (!store.save_journal(run.beginning.run, journal.path())) {
    why = "no journal was stored with it";
    return std::nullopt;
  }
  auto replayed = replay_journal(journal.path(), what, why);
  // The copy is gone in a moment; where the run's own lay, its report says.
  if (replayed) {
    const fs::path folder = run.beginning.folder;
    replayed->record.journal = folder.empty() ? "" : (folder / "journal").string();
  }
  return replayed;
}

}  // namespace squall::coordinator
