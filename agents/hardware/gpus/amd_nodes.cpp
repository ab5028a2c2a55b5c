#include "agents/hardware/gpus/amd_nodes.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <sstream>

namespace squall::agents {

namespace {

std::map<std::string, std::uint64_t> properties(const MachineFiles& files,
                                                const std::string& path) {
  std::istringstream lines(files.text(path).value_or(""));
  std::map<std::string, std::uint64_t> values;
  std::string name;
  std::uint64_t value = 0;
  while (lines >> name >> value) values[name] = value;
  return values;
}

/// 90402 is gfx942, 90010 is gfx90a: the last two numbers are hexadecimal digits.
std::string architecture_of(std::uint64_t version) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "gfx%u%x%x", static_cast<unsigned>(version / 10000 % 100),
                static_cast<unsigned>(version / 100 % 100), static_cast<unsigned>(version % 100));
  return text.data();
}

}  // namespace

std::vector<AmdNode> amd_nodes(const MachineFiles& files) {
  const std::string folder = "sys/class/kfd/kfd/topology/nodes/";
  std::vector<AmdNode> nodes;
  for (const std::string& name : files.names(folder)) {
    auto values = properties(files, folder + name + "/properties");
    if (values["gfx_target_version"] == 0) continue;  // a processor
    nodes.push_back({values["domain"] << 32 | values["location_id"],
                     architecture_of(values["gfx_target_version"])});
  }
  return nodes;
}

const AmdNode* node_at(const std::vector<AmdNode>& nodes, std::optional<std::uint64_t> place) {
  const auto found =
      std::ranges::find_if(nodes, [&](const AmdNode& node) { return node.place == place; });
  return found == nodes.end() ? nullptr : &*found;
}

bool is_integrated(const std::string& architecture) {
  constexpr std::array integrated{"gfx902",  "gfx909",  "gfx90c",  "gfx1033", "gfx1035", "gfx1036",
                                  "gfx1103", "gfx1150", "gfx1151", "gfx1152", "gfx1153"};
  return std::ranges::find(integrated, architecture) != integrated.end();
}

std::optional<std::uint64_t> pci_place(const std::string& address) {
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  char rest = 0;
  if (std::sscanf(address.c_str(), "%4x:%2x:%2x.%1x%c", &domain, &bus, &device, &function, &rest) !=
      4)
    return std::nullopt;
  return static_cast<std::uint64_t>(domain) << 32 | bus << 8 | device << 3 | function;
}

std::string pci_address(std::uint64_t place) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x",
                static_cast<unsigned>(place >> 32 & 0xFFFF),
                static_cast<unsigned>(place >> 8 & 0xFF), static_cast<unsigned>(place >> 3 & 0x1F),
                static_cast<unsigned>(place & 7));
  return text.data();
}

}  // namespace squall::agents
