#include "agents/hardware/probe/cpuinfo.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace squall::agents {

namespace {

struct Part {
  std::string_view maker, part, name;
};

// Numbers of the main ID register (MIDR_EL1), as Linux lists them in arm64's cputype.h.
constexpr std::array parts{
    Part{"0x41", "0xd03", "Cortex-A53"},  Part{"0x41", "0xd04", "Cortex-A35"},
    Part{"0x41", "0xd05", "Cortex-A55"},  Part{"0x41", "0xd07", "Cortex-A57"},
    Part{"0x41", "0xd08", "Cortex-A72"},  Part{"0x41", "0xd09", "Cortex-A73"},
    Part{"0x41", "0xd0a", "Cortex-A75"},  Part{"0x41", "0xd0b", "Cortex-A76"},
    Part{"0x41", "0xd0c", "Neoverse-N1"}, Part{"0x41", "0xd0d", "Cortex-A77"},
    Part{"0x41", "0xd40", "Neoverse-V1"}, Part{"0x41", "0xd41", "Cortex-A78"},
    Part{"0x41", "0xd44", "Cortex-X1"},   Part{"0x41", "0xd46", "Cortex-A510"},
    Part{"0x41", "0xd47", "Cortex-A710"}, Part{"0x41", "0xd48", "Cortex-X2"},
    Part{"0x41", "0xd49", "Neoverse-N2"}, Part{"0x41", "0xd4b", "Cortex-A78C"},
    Part{"0x41", "0xd4d", "Cortex-A715"}, Part{"0x41", "0xd4e", "Cortex-X3"},
    Part{"0x41", "0xd4f", "Neoverse-V2"}, Part{"0x41", "0xd80", "Cortex-A520"},
    Part{"0x41", "0xd81", "Cortex-A720"}, Part{"0x41", "0xd82", "Cortex-X4"},
    Part{"0x41", "0xd84", "Neoverse-V3"}, Part{"0x41", "0xd85", "Cortex-X925"},
    Part{"0x41", "0xd87", "Cortex-A725"}, Part{"0x41", "0xd8e", "Neoverse-N3"},
    Part{"0x51", "0x001", "Oryon"},       Part{"0xc0", "0xac3", "Ampere-1"},
    Part{"0x61", "0x022", "M1 Icestorm"}, Part{"0x61", "0x023", "M1 Firestorm"},
    Part{"0x61", "0x032", "M2 Blizzard"}, Part{"0x61", "0x033", "M2 Avalanche"},
};

std::string value_of(const CpuInfo::Values& values, std::string_view name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

std::string part_name(const CpuInfo::Values& processor) {
  const std::string maker = value_of(processor, "CPU implementer");
  const std::string part = value_of(processor, "CPU part");
  if (maker.empty() || part.empty()) return {};
  const auto known = std::ranges::find_if(
      parts, [&](const Part& each) { return each.maker == maker && each.part == part; });
  return known == parts.end() ? "maker " + maker + " part " + part : std::string(known->name);
}

/// "Cortex-A78 x 4, Cortex-A55 x 4", in the order in which they appear.
std::string parts_of(const CpuInfo& info) {
  std::vector<std::pair<std::string, int>> counts;
  for (const auto& processor : info.processors) {
    const std::string name = part_name(processor);
    if (name.empty()) continue;
    const auto known = std::ranges::find(counts, name, &std::pair<std::string, int>::first);
    if (known == counts.end())
      counts.emplace_back(name, 1);
    else
      ++known->second;
  }
  std::string text;
  for (const auto& [name, count] : counts)
    text += (text.empty() ? "" : ", ") + name + " x " + std::to_string(count);
  return text;
}

/// What firmware calls the board: "Raspberry Pi 5 Model B Rev 1.0", with a NUL at its end.
std::string board(const MachineFiles& files) {
  const auto model = files.line("proc/device-tree/model");
  return model ? std::string(trimmed(model->substr(0, model->find('\0')))) : std::string();
}

}  // namespace

CpuInfo read_cpuinfo(const MachineFiles& files) {
  CpuInfo info;
  std::istringstream lines(files.text("proc/cpuinfo").value_or(""));
  CpuInfo::Values block;
  const auto close = [&] {
    // "Processor" and "Hardware" stand in blocks of their own on ARM.
    if (whole_number(value_of(block, "processor")))
      info.processors.push_back(std::move(block));
    else
      info.machine.merge(block);
    block.clear();
  };
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (trimmed(line).empty()) {
      close();
    } else if (colon != std::string::npos) {
      block.emplace(trimmed(std::string_view(line).substr(0, colon)),
                    trimmed(std::string_view(line).substr(colon + 1)));
    }
  }
  close();
  return info;
}

std::string processor_name(const CpuInfo& info, const MachineFiles& files) {
  for (const auto& processor : info.processors)
    if (std::string name = value_of(processor, "model name");
        !name.empty() && value_of(processor, "CPU part").empty())
      return name;
  std::string name = value_of(info.machine, "Hardware");
  if (name.empty()) name = board(files);
  const std::string of_parts = parts_of(info);
  if (name.empty() || of_parts.empty()) return name + of_parts;
  return name + " (" + of_parts + ")";
}

}  // namespace squall::agents
