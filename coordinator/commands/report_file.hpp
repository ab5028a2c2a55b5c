#pragma once
// A file that appears only when it is whole.

#include <fstream>
#include <string>

namespace squall::coordinator {

/// Written beside its place, moved there at the end. Opened before the run, so that an hour of
/// measuring is not lost to a mistyped path.
class ReportFile {
 public:
  /// An empty path: none is wanted. `option` is what named it, for messages. Throws UsageError.
  explicit ReportFile(std::string path, const std::string& option = "--json");
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  bool wanted() const { return !path_.empty(); }
  /// False, with a message on standard error, when the disk would not take it. Call once.
  bool write(const std::string& text);

 private:
  std::string path_, partial_;
  std::ofstream file_;
};

}  // namespace squall::coordinator
