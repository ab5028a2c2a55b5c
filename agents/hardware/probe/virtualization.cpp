#include "agents/hardware/probe/virtualization.hpp"

#include <algorithm>
#include <array>

#include "agents/hardware/probe/processor_facts.hpp"

namespace squall::agents {

namespace {

struct Sign {
  const char* file;
  std::string_view begins, means;
};

// What firmware says of itself (SMBIOS). Real machines of the same makers have other products.
constexpr std::array firmware_signs{
    Sign{"sys/hypervisor/type", "xen", "xen"},
    Sign{"sys/class/dmi/id/sys_vendor", "QEMU", "kvm"},
    Sign{"sys/class/dmi/id/sys_vendor", "VMware", "vmware"},
    Sign{"sys/class/dmi/id/sys_vendor", "innotek", "virtualbox"},
    Sign{"sys/class/dmi/id/sys_vendor", "Xen", "xen"},
    Sign{"sys/class/dmi/id/product_name", "Virtual Machine", "hyper-v"},
    Sign{"sys/class/dmi/id/product_name", "KVM", "kvm"},
    Sign{"sys/class/dmi/id/product_name", "Google Compute Engine", "kvm"},
    Sign{"proc/device-tree/hypervisor/compatible", "linux,kvm", "kvm"},
};

/// Amazon's real machines are called "c7g.metal", the others run on KVM.
bool is_amazon_instance(const MachineFiles& files) {
  const auto vendor = files.line("sys/class/dmi/id/sys_vendor").value_or("");
  const auto product = files.line("sys/class/dmi/id/product_name").value_or("");
  return vendor.starts_with("Amazon EC2") && product.find(".metal") == std::string::npos;
}

std::string hypervisor(const MachineFiles& files, const std::string& flags) {
  for (const Sign& sign : firmware_signs)
    if (files.line(sign.file).value_or("").starts_with(sign.begins)) return std::string(sign.means);
  if (is_amazon_instance(files)) return "kvm";
  // The processor's own word, which every hypervisor on x86 lets through.
  return flags.find(" hypervisor ") == std::string::npos ? "" : "virtual machine";
}

bool in_container(const MachineFiles& files) {
  if (files.exists(".dockerenv") || files.exists("run/.containerenv")) return true;
  const std::string groups = files.text("proc/1/cgroup").value_or("");
  return std::ranges::any_of(
      std::array{"/docker", "/kubepods", "/lxc", "/libpod", "/containerd", "/machine.slice/libpod"},
      [&](const char* sign) { return groups.find(sign) != std::string::npos; });
}

}  // namespace

std::string virtualization(const MachineFiles& files) {
  const std::string flags = processor_flags(files);
  const std::string machine = hypervisor(files, flags);
  if (in_container(files)) return machine.empty() ? "container" : "container in " + machine;
  if (!machine.empty()) return machine;
  // ARM has no such flag: there, silence tells nothing unless firmware speaks.
  const bool x86 = flags.find(" fpu ") != std::string::npos;
  return x86 || files.exists("sys/class/dmi/id/sys_vendor") ? "none" : "";
}

}  // namespace squall::agents
