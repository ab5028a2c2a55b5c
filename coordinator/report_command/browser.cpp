#include "coordinator/report_command/browser.hpp"

#include <chrono>
#include <fcntl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "coordinator/processes/child_process.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;

std::string open_in_browser(const std::filesystem::path& file) {
  // What it says of browsers that it tried and did not find is nothing to us.
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  pid_t child = 0;
  try {
    child = start_child({"xdg-open", file.string()}, {.errors = nowhere});
  } catch (const ProcessError&) {
    close(nowhere);
    return "there is no xdg-open here";
  }
  close(nowhere);
  // It hands the file over and ends; a browser that it became itself goes on, and may.
  for (int look = 0; look < 60; ++look) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) {
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
      return "xdg-open found no browser (" + describe_end(status) + ")";
    }
    std::this_thread::sleep_for(50ms);
  }
  return {};
}

}  // namespace squall::coordinator
