#pragma once
// On which machines a run took place, told once for all agents of a machine.

#include <string>
#include <vector>

#include "coordinator/run/run_record.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

struct MachineRow {
  std::string host;
  std::vector<std::string> agents;  // names of those on it
  scenarios::HardwareFacts facts;   // as the first of them found it
  std::string fingerprint;
};

struct HardwareReport {
  std::vector<MachineRow> machines;  // by host and fingerprint
  /// Of all machines, whatever they are called; empty unless every agent told of its own.
  std::string fingerprint;
};

HardwareReport make_hardware_report(const std::vector<AgentRecord>& agents);

/// One row a machine; empty where no agent told.
TextTable hardware_table(const HardwareReport& report);

/// "cpu-low-end: AMD EPYC, 2 cores, avx2, 23.5 GiB; reads 17.2 GB/s, …"; as agents named it.
std::string machine_in_words(const scenarios::HardwareFacts& facts);

}  // namespace squall::coordinator
