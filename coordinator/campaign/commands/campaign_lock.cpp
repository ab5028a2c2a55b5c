#include "coordinator/campaign/commands/campaign_lock.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "coordinator/campaign/course/json_campaign_file.hpp"
#include "coordinator/commands/run_options.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;

namespace {

constexpr auto patience = 90s;

int open_lock(const std::filesystem::path& folder, const char* name, int flags) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto path = folder / name;
  const int file = open(path.c_str(), O_RDWR | O_CREAT | flags, 0600);
  if (file < 0)
    throw CampaignStateError("cannot write " + path.string() + ": " + std::strerror(errno) +
                             "; --state names another folder");
  return file;
}

bool take(int file) { return flock(file, LOCK_EX | LOCK_NB) == 0; }

bool wait_for(int file, const std::function<bool()>& go_on) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until && go_on()) {
    if (take(file)) return true;
    usleep(50'000);
  }
  return false;
}

}  // namespace

CampaignLock::CampaignLock(const std::filesystem::path& folder,
                           const std::function<bool()>& go_on) {
  process_ = open_lock(folder, "lock", O_CLOEXEC);
  if (!take(process_)) {
    close(process_);
    throw UsageError("this campaign is being run by another process; wait for it, or interrupt it");
  }
  runs_ = open_lock(folder, "running", 0);
  if (take(runs_)) return;
  std::fputs("a run of this campaign from before is still ending; waiting for it\n", stderr);
  if (wait_for(runs_, go_on)) return;
  close(runs_);
  close(process_);
  throw UsageError("a run of this campaign from before has not ended; " +
                   (folder / "running").string() + " is held by it (fuser tells by which process)");
}

CampaignLock::~CampaignLock() {
  close(runs_);
  close(process_);
}

}  // namespace squall::coordinator
