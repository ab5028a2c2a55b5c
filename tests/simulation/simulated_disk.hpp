#pragma once
// A machine's disk: journals survive the processes that write them, as far as they were committed;
// and it can be full.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/journal/journal.hpp"

namespace squall::tests {

class SimulatedDisk {
 public:
  using Records = std::vector<actors::Bytes>;
  using OnRecord = std::function<void(const actors::Bytes&)>;

  void set_full(bool full) { full_ = full; }
  bool full() const { return full_; }

  /// What a crash of its writer leaves.
  const Records& records(const std::string& file) const;
  bool exists(const std::string& file) const { return files_.contains(file); }
  void remove(const std::string& file) { files_.erase(file); }
  std::vector<std::string> files() const;

  /// New, or continued behind its last record. `on_record` hears of each record from the moment on
  /// at which it would survive. The disk outlives the journal.
  std::unique_ptr<actors::Journal> open(const std::string& file, OnRecord on_record = {});

  /// A broken journal, to prove that the simulation would notice: what it says it committed is only
  /// in memory until it is synced, and a crash loses it.
  std::unique_ptr<actors::Journal> open_forgetful(const std::string& file, OnRecord on_record = {});

 private:
  class File;
  bool full_ = false;
  std::map<std::string, std::shared_ptr<Records>> files_;
};

}  // namespace squall::tests
