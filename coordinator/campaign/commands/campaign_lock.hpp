#pragma once
// One campaign of a name at a time: a lock that the process holds, and one that its runs hold, too,
// so that none begins while a run of a campaign that was killed is still ending.

#include <filesystem>
#include <functional>

namespace squall::coordinator {

class CampaignLock {
 public:
  /// Waits for such a run, telling so, while `go_on` says yes. Throws UsageError when another
  /// process is at work or the run does not end, CampaignStateError when a file cannot be made.
  CampaignLock(const std::filesystem::path& folder, const std::function<bool()>& go_on);
  ~CampaignLock();
  CampaignLock(const CampaignLock&) = delete;
  CampaignLock& operator=(const CampaignLock&) = delete;

 private:
  int process_ = -1;
  int runs_ = -1;  // inherited by children: held until the last of them has ended
};

}  // namespace squall::coordinator
