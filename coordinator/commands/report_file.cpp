#include "coordinator/commands/report_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "coordinator/commands/run_options.hpp"

namespace squall::coordinator {

ReportFile::ReportFile(std::string path, const std::string& option) : path_(std::move(path)) {
  if (path_.empty()) return;
  // A device or a pipe, such as /dev/stdout, is written to as it is.
  std::error_code ignored;
  const bool ordinary =
      !std::filesystem::exists(path_, ignored) || std::filesystem::is_regular_file(path_, ignored);
  partial_ = ordinary ? path_ + ".partial" : path_;
  file_.open(partial_, std::ios::binary);
  if (!file_)
    throw UsageError("cannot write " + path_ + ": " + std::strerror(errno) + "; " + option +
                     " needs a path in a folder that exists and may be written to");
}

ReportFile::~ReportFile() {
  std::error_code ignored;
  if (partial_ != path_) std::filesystem::remove(partial_, ignored);
}

bool ReportFile::write(const std::string& text) {
  file_ << text << '\n';
  file_.close();
  std::error_code error;
  if (file_ && partial_ != path_) std::filesystem::rename(partial_, path_, error);
  if (file_ && !error) return true;
  std::fprintf(stderr, "squall: %s was not written: %s; make room or name another place\n",
               path_.c_str(), error ? error.message().c_str() : std::strerror(errno));
  return false;
}

}  // namespace squall::coordinator
