#pragma once
// Whether this is a machine, a virtual one, or a container.

#include <string>

#include "agents/hardware/probe/machine_files.hpp"

namespace squall::agents {

/// "none", "kvm", "vmware", "hyper-v", "xen", "virtualbox", "virtual machine" (of a kind that is
/// not told), "container", "container in kvm" …; empty where nothing tells.
std::string virtualization(const MachineFiles& files);

}  // namespace squall::agents
