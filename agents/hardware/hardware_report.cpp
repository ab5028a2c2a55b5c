#include "agents/hardware/hardware_report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "scenarios/hardware/hardware_json.hpp"
#include "scenarios/hardware/hardware_profile.hpp"

namespace squall::agents {

using scenarios::HardwareFacts;

namespace {

/// Three significant digits: "23.5 GiB", "512 KiB".
std::string bytes(std::uint64_t count) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(count);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < units.size(); ++unit) value /= 1024;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.3g %s", value, units[unit]);
  return text.data();
}

std::string number(double value, const char* unit) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), value >= 1000 ? "%.0f%s" : "%.3g%s", value, unit);
  return text.data();
}

std::string counted(std::uint64_t count, const char* noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

/// Parts that there are, with commas between.
std::string joined(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  return text;
}

template <class Write>
std::string if_known(std::uint64_t value, Write write) {
  return value > 0 ? write(value) : std::string();
}

std::string cores(const HardwareFacts& facts) {
  const auto some = [](const char* noun) {
    return [noun](std::uint64_t count) { return counted(count, noun); };
  };
  const bool kinds = facts.efficiency_cores > 0;
  return joined({if_known(facts.sockets, some("socket")), if_known(facts.cores, some("core")),
                 kinds ? std::to_string(facts.performance_cores) + " for performance and " +
                             std::to_string(facts.efficiency_cores) + " for efficiency"
                       : "",
                 if_known(facts.threads, some("thread"))});
}

std::string caches(const HardwareFacts& facts) {
  const auto sized = [](const char* name, const char* of) {
    return [=](std::uint64_t size) { return name + (' ' + bytes(size)) + of; };
  };
  return joined({if_known(facts.l1_data_bytes, sized("L1", " of data a core")),
                 if_known(facts.l2_bytes, sized("L2", " a core")),
                 if_known(facts.l3_bytes, sized("L3", " a socket"))});
}

std::string limits(const HardwareFacts& facts) {
  return joined(
      {facts.cpu_limit > 0 ? number(facts.cpu_limit, " processors at a time") : "",
       facts.memory_limit_bytes > 0 ? bytes(facts.memory_limit_bytes) + " of memory" : ""});
}

std::string sensors(const HardwareFacts& facts) {
  return joined({facts.temperature ? number(*facts.temperature, " degrees Celsius") : "",
                 facts.power ? number(*facts.power, " W") : "",
                 facts.battery ? "has a battery" : ""});
}

std::string gpu_line(const scenarios::GpuFacts& gpu) {
  return joined({gpu.name, gpu.architecture,
                 gpu.memory_bytes > 0 ? bytes(gpu.memory_bytes) +
                                            (gpu.integrated ? " of the processor's memory" : "")
                                      : "",
                 gpu.driver.empty() ? "" : "driver " + gpu.driver, gpu.runtime});
}

std::string list_of(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

class Lines {
 public:
  void add(const std::string& label, const std::string& value) {
    if (value.empty()) return;
    constexpr std::size_t width = 22;
    text_ += "  " + label + std::string(width - std::min(width, label.size()), ' ') + value + '\n';
  }
  void heading(const std::string& text) { text_ += '\n' + text + '\n'; }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

void add_ceilings(const HardwareFacts& facts, Lines& lines) {
  const auto& ceilings = facts.ceilings;
  const bool has_gpus = std::ranges::any_of(
      facts.gpus, [](const scenarios::GpuFacts& gpu) { return gpu.copy_bytes_per_second > 0; });
  if (ceilings.bandwidth.empty() && ceilings.threads == 0 && !has_gpus) return;
  lines.heading("measured ceilings (the best of several passes)");
  for (const auto& each : ceilings.bandwidth)
    lines.add("memory, " + counted(each.threads, "thread"),
              number(each.bytes_per_second / 1e9, " GB/s read"));
  const auto arithmetic = [&](const char* label, double one, double all) {
    if (one <= 0) return;
    std::string text = number(one / 1e9, " G multiply-adds/s by one thread");
    if (ceilings.threads > 1)
      text += number(all / 1e9, " by ").insert(0, ", ") + std::to_string(ceilings.threads);
    lines.add(label, text);
  };
  arithmetic("8-bit integers", ceilings.int8_of_one_thread, ceilings.int8_per_second);
  arithmetic("32-bit floats", ceilings.float_of_one_thread, ceilings.float_per_second);
  for (const auto& gpu : facts.gpus) {
    if (gpu.copy_bytes_per_second <= 0) continue;
    lines.add("GPU",
              joined({gpu.name, number(gpu.copy_bytes_per_second / 1e9, " GB/s read and written"),
                      number(gpu.matrix_per_second / 1e9, " G multiply-adds/s of halves")}));
  }
}

}  // namespace

std::string hardware_text(const HardwareFacts& facts) {
  const auto profile = scenarios::classify(facts);
  Lines lines;
  lines.add("class", std::string(scenarios::name_of(profile.hardware)));
  lines.add("because", profile.reason);
  lines.add("fingerprint", scenarios::fingerprint(facts));
  lines.heading("machine");
  lines.add("processor", joined({facts.processor, facts.architecture}));
  lines.add("cores", cores(facts));
  lines.add("instruction sets", list_of(facts.instruction_sets));
  lines.add("caches", caches(facts));
  lines.add(
      "memory",
      joined({if_known(facts.memory_bytes, bytes),
              facts.memory_free_bytes > 0 ? bytes(facts.memory_free_bytes) + " available" : ""}));
  for (const auto& gpu : facts.gpus) lines.add("GPU", gpu_line(gpu));
  lines.add("limits", limits(facts));
  lines.add("kernel", facts.kernel);
  lines.add("governor", facts.governor);
  lines.add("virtualization", facts.virtualization);
  lines.add("sensors", sensors(facts));
  add_ceilings(facts, lines);
  return std::move(lines).text();
}

std::string hardware_json_text(const HardwareFacts& facts) {
  nlohmann::ordered_json out{{"schema", "squall-hardware/1"}};
  out.update(scenarios::hardware_json(facts));
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace squall::agents
