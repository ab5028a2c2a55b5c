#include "agents/resources/resource_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace squall::agents {

using actors::ResourceSample;

namespace {

constexpr std::size_t processors_told = 256;
constexpr std::size_t gpus_told = 16;

nanoseconds grown(nanoseconds before, nanoseconds now) {
  return std::max(now - before, nanoseconds{0});  // waiting for disks may be counted backwards
}

std::uint64_t grown(std::uint64_t before, std::uint64_t now) {
  return now > before ? now - before : 0;
}

/// Adds the processors that both readings know: one may have been switched on or off.
void add_processors(const MachineReading& before, const MachineReading& now,
                    ResourceSample& sample) {
  for (const auto& [number, time] : now.processors) {
    const auto earlier = before.processors.find(number);
    if (earlier == before.processors.end()) continue;
    const nanoseconds busy = grown(earlier->second.busy, time.busy);
    const nanoseconds stolen = grown(earlier->second.stolen, time.stolen);
    const nanoseconds all = busy + stolen + grown(earlier->second.idle, time.idle);
    sample.cpu_busy += busy;
    sample.cpu_stolen += stolen;
    const double share =
        all.count() > 0 ? static_cast<double>(busy.count()) / static_cast<double>(all.count()) : 0;
    if (sample.core_busy.size() < processors_told)
      sample.core_busy.push_back(static_cast<std::uint8_t>(std::lround(100 * share)));
  }
}

/// Of the devices that both readings know and that have not begun to count anew; none when there is
/// no such device.
std::optional<TransferCount> transferred(const std::map<std::string, TransferCount>& before,
                                         const std::map<std::string, TransferCount>& now) {
  std::optional<TransferCount> sum;
  for (const auto& [name, count] : now) {
    const auto earlier = before.find(name);
    if (earlier == before.end()) continue;
    if (count.in < earlier->second.in || count.out < earlier->second.out) continue;
    if (!sum) sum = TransferCount{};
    sum->in += count.in - earlier->second.in;
    sum->out += count.out - earlier->second.out;
  }
  return sum;
}

void add_transfers(const MachineReading& before, const MachineReading& now,
                   ResourceSample& sample) {
  if (const auto disk = transferred(before.disks, now.disks)) {
    sample.disk_read_bytes = disk->in;
    sample.disk_written_bytes = disk->out;
  }
  if (const auto network = transferred(before.interfaces, now.interfaces)) {
    sample.network_received_bytes = network->in;
    sample.network_sent_bytes = network->out;
  }
}

void add_own(const ResourceUse& before, const ResourceUse& now, ResourceSample& sample) {
  sample.own_cpu = grown(before.cpu, now.cpu);
  sample.resident_bytes = now.resident_bytes;
  sample.voluntary_switches = grown(before.voluntary_switches, now.voluntary_switches);
  sample.involuntary_switches = grown(before.involuntary_switches, now.involuntary_switches);
  sample.minor_faults = grown(before.minor_faults, now.minor_faults);
  sample.major_faults = grown(before.major_faults, now.major_faults);
}

}  // namespace

void RareReading::took(Instant begun, Instant ended) {
  // A little less than the period, so that being asked once in a period is often enough.
  next_ = begun + std::max(period_ - period_ / 4, (ended - begun) * share);
}

ResourceSampler::ResourceSampler(ResourceSources sources, Instant start)
    : sources_(std::move(sources)), start_(start) {}

template <class Read>
auto ResourceSampler::rarely(RareReading& when, Read read) -> decltype(read()) {
  const Instant begun = sources_.now();
  if (!when.due(begun)) return {};
  auto result = read();
  when.took(begun, sources_.now());
  return result;
}

std::optional<ResourceSample> ResourceSampler::sample(const ResourceUse& own) {
  const Instant now = std::max(sources_.now(), start_);
  if (before_ && now - before_->at < shortest) return std::nullopt;
  Reading reading{now, sources_.machine.read(), own};
  const std::optional<Reading> before = std::exchange(before_, std::nullopt);
  before_ = std::move(reading);
  if (!before) return std::nullopt;

  ResourceSample sample;
  sample.from = before->at - start_;
  sample.to = now - start_;
  add_processors(before->machine, before_->machine, sample);
  add_transfers(before->machine, before_->machine, sample);
  add_own(before->own, own, sample);
  sample.memory_available_bytes = before_->machine.memory_available_bytes;
  MachineReader& machine = sources_.machine;
  sample.proportional_bytes = rarely(proportional_, [&] { return machine.proportional_bytes(); });
  sample.temperature = rarely(temperature_, [&] { return machine.temperature(); });
  sample.frequency = rarely(frequency_, [&] { return machine.frequency(); });
  if (sources_.allocated) sample.allocated_bytes = sources_.allocated();
  if (sources_.gpus) sample.gpus = rarely(gpus_, sources_.gpus);
  if (sample.gpus.size() > gpus_told) sample.gpus.resize(gpus_told);
  return sample;
}

}  // namespace squall::agents
