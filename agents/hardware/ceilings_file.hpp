#pragma once
// Keeps measured ceilings for as long as they hold, so that agents measure once a start of the
// machine, and one after the other.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agents/hardware/ceilings.hpp"

namespace squall::agents {

/// What the figures hold for: others are measured anew.
struct CeilingsKey {
  std::string boot;             // which start of the machine: its boot id
  std::string hardware;         // fingerprint, which has the container's limits in it
  std::string tool_version;     // kernels differ
  std::string instruction_set;  // forced by SQUALL_INSTRUCTION_SET; empty: the best
  friend bool operator==(const CeilingsKey&, const CeilingsKey&) = default;
};

class CeilingsFile {
 public:
  /// In `folder`, which is made when something is to be kept. `wants_bandwidth`: false where there
  /// is no memory to measure it with, so that its absence is nothing missing. `wants_gpus`: their
  /// places among the machine's; others may be kept beside them.
  CeilingsFile(std::filesystem::path folder, CeilingsKey key, bool wants_bandwidth = true,
               std::vector<std::size_t> wants_gpus = {});

  /// None where there is no file, or one of another key, or one that was cut, or one without
  /// something that is wanted.
  std::optional<MachineCeilings> read() const;

  /// What is kept, else what `measure` finds, which is kept then, with whatever was kept before,
  /// unless something of the processors is missing. Of
  /// processes that ask at the same time one measures while the others wait; `wait` is called
  /// between their attempts, and when it says no, there is nothing. Where nothing can be kept,
  /// `measure` is called each time.
  std::optional<MachineCeilings> get(const std::function<MachineCeilings()>& measure,
                                     const std::function<bool()>& wait) const;

  /// Measures whatever is kept, and keeps the best of both.
  std::optional<MachineCeilings> measure_again(const std::function<MachineCeilings()>& measure,
                                               const std::function<bool()>& wait) const;

 private:
  std::optional<MachineCeilings> locked(bool again, const std::function<MachineCeilings()>& measure,
                                        const std::function<bool()>& wait) const;
  std::optional<MachineCeilings> kept() const;  // whatever of it is wanted
  bool has_all(const MachineCeilings& ceilings) const;
  void keep(const MachineCeilings& ceilings) const;

  std::filesystem::path folder_, file_;
  CeilingsKey key_;
  bool wants_bandwidth_;
  std::vector<std::size_t> wants_gpus_;
};

}  // namespace squall::agents
