#pragma once
// A folder that looks like /proc and /sys of some machine; removed when it goes.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace squall::tests {

class SimulatedMachine {
 public:
  SimulatedMachine() {
    std::string pattern = (std::filesystem::temp_directory_path() / "squall-machine-XXXXXX");
    root_ = mkdtemp(pattern.data());
  }
  ~SimulatedMachine() {
    std::error_code error;
    std::filesystem::remove_all(root_, error);
  }
  SimulatedMachine(const SimulatedMachine&) = delete;
  SimulatedMachine& operator=(const SimulatedMachine&) = delete;

  const std::filesystem::path& root() const { return root_; }

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void remove(const std::string& path) const { std::filesystem::remove_all(root_ / path); }

 private:
  std::filesystem::path root_;
};

}  // namespace squall::tests
