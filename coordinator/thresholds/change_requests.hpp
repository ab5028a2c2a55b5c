#pragma once
// How `squall thresholds set` reaches a run that goes on: small files in the run's folder, which
// only its owner may read and write. One asks, the run's coordinator answers beside it.
//
//   RUN/changes/4711-1.request    "set" or "unset", then the threshold
//   RUN/changes/4711-1.answer     "accepted" or "refused", then what became of it

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "coordinator/run_folder.hpp"

namespace squall::coordinator {

struct ChangeRequest {
  std::uint64_t number = 0;  // from 1
  std::string text;
  bool unset = false;
};

/// The coordinator's end. Nothing here throws: a wish that cannot be read is no harm to a run.
class ChangeInbox {
 public:
  explicit ChangeInbox(const RunFolder& folder) : folder_(folder.path / "changes") {}
  /// Whoever still waits learns that the run is over.
  ~ChangeInbox();
  ChangeInbox(const ChangeInbox&) = delete;
  ChangeInbox& operator=(const ChangeInbox&) = delete;

  /// What came since.
  std::vector<ChangeRequest> poll();
  void answer(std::uint64_t number, bool accepted, const std::string& text);

 private:
  std::filesystem::path folder_;
  std::map<std::uint64_t, std::filesystem::path> open_;  // requests without an answer
  std::uint64_t numbers_ = 0;
};

struct ChangeAnswer {
  bool accepted = false;
  std::string text;
};

/// Asks, and waits so long for the answer. Throws RunFolderError when the run is over, or nobody
/// leads it.
ChangeAnswer ask_for_change(const RunFolder& folder, const std::string& text, bool unset,
                            std::chrono::milliseconds patience);

}  // namespace squall::coordinator
