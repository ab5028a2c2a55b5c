#include "agents/hardware/agent_hardware.hpp"

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "actors/boot_id.hpp"
#include "actors/tool_version.hpp"
#include "agents/engine/devices/gpu_surroundings.hpp"
#include "agents/engine/model/model_locator.hpp"
#include "agents/hardware/ceilings.hpp"
#include "agents/hardware/ceilings_file.hpp"
#include "agents/hardware/gpus/module_gpus.hpp"
#include "agents/hardware/probe/hardware_probe.hpp"
#include "scenarios/hardware/hardware_profile.hpp"

namespace squall::agents {

using scenarios::HardwareFacts;

namespace {

std::string from_environment(const char* variable) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? "" : text;
}

/// What is kept of the machine, or else what `measure` finds.
MachineCeilings ceilings_here(const HardwareFacts& facts, std::vector<std::size_t> wanted_gpus,
                              const HardwareWishes& wishes,
                              const std::function<MachineCeilings()>& measure) {
  const auto folder = cache_directory();
  if (folder.empty()) return measure();
  const CeilingsFile file(folder / "hardware",
                          {.boot = actors::boot_id(),
                           .hardware = scenarios::fingerprint(facts),
                           .tool_version = std::string(actors::tool_version),
                           .instruction_set = from_environment("SQUALL_INSTRUCTION_SET")},
                          plan_ceilings(facts).buffer_bytes > 0, std::move(wanted_gpus));
  const auto wait = [&] { return !wishes.wait || wishes.wait(); };
  const auto found = wishes.measuring == Measuring::again ? file.measure_again(measure, wait)
                                                          : file.get(measure, wait);
  return found.value_or(MachineCeilings{});
}

}  // namespace

std::string declared_hardware_class(const std::string& asked) {
  const bool on_command_line = !asked.empty();
  const std::string name = on_command_line ? asked : from_environment("SQUALL_HARDWARE_CLASS");
  if (name.empty() || scenarios::find_hardware_class(name)) return name;
  throw std::invalid_argument(
      std::string(on_command_line ? "--hardware-class" : "SQUALL_HARDWARE_CLASS") + ": '" + name +
      "' is no class of hardware; there are gpu-high-end, gpu-mid-range, gpu-integrated, "
      "cpu-high-end, cpu-mid-range, cpu-low-end, mobile and unknown");
}

HardwareFacts hardware_here(const HardwareWishes& wishes) {
  const std::string declared = declared_hardware_class(wishes.declared_class);
  HardwareFacts facts = probe_hardware(this_machine());
  facts.declared_class = declared;
  if (wishes.measuring == Measuring::never) return facts;
  const auto measure = [&] {
    if (wishes.on_measuring) wishes.on_measuring();
    return MachineCeilings{measure_ceilings(plan_ceilings(facts)), {}};
  };
  facts.ceilings = ceilings_here(facts, {}, wishes, measure).processors;
  return facts;
}

kernels::GpuSearch look_for_gpus(const HardwareWishes& wishes, HardwareFacts& facts) {
  const auto find = wishes.find_gpus ? wishes.find_gpus : find_gpus_beside_program;
  kernels::GpuSearch search = find();
  const std::vector<MatchedGpu> gpus = match_gpus(search.usable, facts.gpus);
  if (wishes.measuring == Measuring::never || gpus.empty()) return search;
  std::vector<std::size_t> places;
  for (const MatchedGpu& each : gpus) places.push_back(each.gpu);
  const auto measure = [&] {
    if (wishes.on_measuring_gpus) wishes.on_measuring_gpus();
    return MachineCeilings{facts.ceilings, measure_gpus(gpus)};
  };
  tell_ceilings(ceilings_here(facts, std::move(places), wishes, measure).gpus, facts.gpus);
  return find();  // whoever measured has given its memory back
}

AgentMachine::AgentMachine(HardwareWishes wishes, HardwareFacts facts)
    : wishes_(std::move(wishes)), facts_(std::move(facts)) {}

kernels::GpuSearch AgentMachine::find_gpus() {
  const std::lock_guard lock(mutex_);
  return look_for_gpus(wishes_, facts_);
}

HardwareFacts AgentMachine::facts() const {
  const std::lock_guard lock(mutex_);
  return facts_;
}

}  // namespace squall::agents
