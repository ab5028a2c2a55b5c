#pragma once
// A disk (tmpfs) that is soon full, mounted for this process and its children alone: gone with them
// however they end. Takes root.

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <system_error>

#include "tests/fixtures/process.hpp"

namespace squall::tests {

/// Call before the first SmallDisk and before there are threads; empty, or why there can be none.
inline std::string keep_mounts_private() {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return std::string("cannot keep mounts to this process: ") + std::strerror(errno) +
           "; tests of full disks need root";
  return {};
}

class SmallDisk {
 public:
  explicit SmallDisk(const std::string& size) {
    const std::string options = "size=" + size;
    if (mount("small", folder_.path().c_str(), "tmpfs", 0, options.c_str()) != 0)
      throw std::system_error(errno, std::generic_category(), "cannot mount a small disk");
  }
  ~SmallDisk() { umount2(folder_.path().c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::filesystem::path& path() const { return folder_.path(); }
  /// Takes all the room that is left.
  void fill() const {
    std::ofstream file(path() / "filler", std::ios::binary | std::ios::app);
    const std::string block(4096, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void make_room() const { std::filesystem::remove(path() / "filler"); }

 private:
  TemporaryFolder folder_;
};

}  // namespace squall::tests
