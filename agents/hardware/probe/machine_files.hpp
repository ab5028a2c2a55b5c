#pragma once
// Reads the small files in which Linux tells what a machine is, below any folder: "/" or a tree
// that a test has made. Whatever is missing, unreadable or garbled is absent; nothing throws.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::agents {

class MachineFiles {
 public:
  explicit MachineFiles(std::filesystem::path root = "/") : root_(std::move(root)) {}

  /// The whole file, at most 4 MiB of it. Paths are without the leading slash: "proc/meminfo".
  std::optional<std::string> text(const std::filesystem::path& path) const;
  /// The first line, without spaces at its ends; absent when there is nothing in it.
  std::optional<std::string> line(const std::filesystem::path& path) const;
  /// The first line, when it is a whole number and nothing else.
  std::optional<std::int64_t> number(const std::filesystem::path& path) const;
  bool exists(const std::filesystem::path& path) const;
  /// Names in a folder, sorted; none where there is no such folder.
  std::vector<std::string> names(const std::filesystem::path& folder) const;
  /// The last part of where a link leads: "amdgpu"; empty where there is none.
  std::string link_name(const std::filesystem::path& path) const;

 private:
  std::filesystem::path root_;
};

/// A whole decimal number and nothing else.
std::optional<std::int64_t> whole_number(std::string_view text);

/// Without spaces and line breaks at its ends.
std::string_view trimmed(std::string_view text);

/// "0-3,8,10-11" as numbers; absent when it is no such list, or names more than 65,536.
std::optional<std::vector<int>> number_list(std::string_view text);

}  // namespace squall::agents
