#pragma once
// What the kernel's compute driver (amdkfd) tells of AMD's GPUs in /sys/class/kfd.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agents/hardware/probe/machine_files.hpp"

namespace squall::agents {

struct AmdNode {
  std::uint64_t place = 0;   // as ROCm SMI has it: domain << 32 | bus << 8 | device << 3 | function
  std::string architecture;  // "gfx942"
};

std::vector<AmdNode> amd_nodes(const MachineFiles& files);

/// Null where there is none.
const AmdNode* node_at(const std::vector<AmdNode>& nodes, std::optional<std::uint64_t> place);

/// Whether GPUs of this architecture sit in a processor and share its memory, by LLVM's table of
/// AMD's processors.
bool is_integrated(const std::string& architecture);

/// The address of a PCI device, "0000:c1:00.0", as AmdNode::place.
std::optional<std::uint64_t> pci_place(const std::string& address);
/// And back.
std::string pci_address(std::uint64_t place);

}  // namespace squall::agents
