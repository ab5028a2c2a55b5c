#pragma once
// A file's bytes, mapped read-only for as long as the object lives.

#include <cstddef>
#include <filesystem>
#include <span>

namespace squall::agents {

/// The file must keep its length while it is mapped: pages that are gone end the process (SIGBUS).
class MappedFile {
 public:
  /// Throws ModelError when the path is absent, unreadable, empty or not a regular file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  /// Pages that lie wholly in `part`, which is a part of bytes(), leave this process's memory; they
  /// come back from the file when they are touched.
  void forget(std::span<const std::byte> part) const;

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace squall::agents
