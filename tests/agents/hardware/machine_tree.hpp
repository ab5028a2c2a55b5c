#pragma once
// A machine that is nothing but files in a temporary folder, as Linux would show them.

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include "agents/hardware/probe/machine_files.hpp"

namespace squall::tests {

class MachineTree {
 public:
  MachineTree() {
    static int number = 0;
    root_ = std::filesystem::temp_directory_path() /
            ("squall-machine-" + std::to_string(getpid()) + '-' + std::to_string(++number));
    std::filesystem::create_directories(root_);
  }
  ~MachineTree() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  MachineTree(const MachineTree&) = delete;
  MachineTree& operator=(const MachineTree&) = delete;

  MachineTree& file(const std::string& path, const std::string& text) {
    const auto folder = (root_ / path).parent_path();
    if (!std::filesystem::exists(folder)) std::filesystem::create_directories(folder);
    std::ofstream(root_ / path) << text << '\n';
    return *this;
  }
  MachineTree& link(const std::string& path, const std::string& to) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::filesystem::create_symlink(to, root_ / path);
    return *this;
  }
  void remove(const std::string& path) { std::filesystem::remove_all(root_ / path); }

  /// One file of a logical processor: "topology/core_id".
  MachineTree& processor(int number, const std::string& path, const std::string& text) {
    return file("sys/devices/system/cpu/cpu" + std::to_string(number) + '/' + path, text);
  }
  /// Which package it is in, and which logical processors are threads of its core.
  MachineTree& place(int number, int package, const std::string& siblings) {
    processor(number, "topology/physical_package_id", std::to_string(package));
    return processor(number, "topology/core_cpus_list", siblings);
  }
  MachineTree& cache(int number, int index, int level, const std::string& type,
                     const std::string& size, const std::string& shared) {
    const std::string folder = "cache/index" + std::to_string(index) + '/';
    processor(number, folder + "level", std::to_string(level));
    processor(number, folder + "type", type);
    processor(number, folder + "size", size);
    return processor(number, folder + "shared_cpu_list", shared);
  }

  const std::filesystem::path& root() const { return root_; }
  agents::MachineFiles files() const { return agents::MachineFiles(root_); }

 private:
  std::filesystem::path root_;
};

}  // namespace squall::tests
