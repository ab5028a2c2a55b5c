#include "coordinator/run/resources/resource_point.hpp"

#include <algorithm>
#include <cassert>

namespace squall::coordinator {

using actors::ResourceSample;

namespace {

double in_seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

template <class Value>
void add(Gauge& gauge, const std::optional<Value>& value) {
  if (value) gauge.add(static_cast<double>(*value));
}

void add(Flow& flow, const std::optional<std::uint64_t>& amount, nanoseconds length) {
  if (amount) flow.add(static_cast<double>(*amount), length);
}

GpuPoint point_of(const actors::GpuSample& gpu) {
  GpuPoint point;
  add(point.busy, gpu.busy);
  add(point.memory_used_bytes, gpu.memory_used_bytes);
  add(point.temperature, gpu.temperature);
  add(point.power, gpu.power);
  return point;
}

}  // namespace

void Gauge::add(double value) {
  lowest_ = samples_ == 0 ? value : std::min(lowest_, value);
  highest_ = samples_ == 0 ? value : std::max(highest_, value);
  sum_ += value;
  ++samples_;
}

void Gauge::merge(const Gauge& other) {
  if (other.samples_ == 0) return;
  lowest_ = samples_ == 0 ? other.lowest_ : std::min(lowest_, other.lowest_);
  highest_ = samples_ == 0 ? other.highest_ : std::max(highest_, other.highest_);
  sum_ += other.sum_;
  samples_ += other.samples_;
}

std::optional<double> Gauge::mean() const {
  if (samples_ == 0) return std::nullopt;
  return sum_ / samples_;
}

std::optional<double> Gauge::lowest() const {
  if (samples_ == 0) return std::nullopt;
  return lowest_;
}

std::optional<double> Gauge::highest() const {
  if (samples_ == 0) return std::nullopt;
  return highest_;
}

void Flow::add(double amount, nanoseconds length) {
  assert(length > nanoseconds{0});
  total += amount;
  told += length;
  fastest = std::max(fastest, amount / in_seconds(length));
}

void Flow::merge(const Flow& other) {
  total += other.total;
  told += other.told;
  fastest = std::max(fastest, other.fastest);
}

std::optional<double> Flow::per_second() const {
  if (told <= nanoseconds{0}) return std::nullopt;
  return total / in_seconds(told);
}

ResourcePoint::ResourcePoint(const ResourceSample& sample)
    : from(sample.from), to(sample.to), covered(sample.to - sample.from), samples(1) {
  if (!sample.core_busy.empty()) {
    cpu_busy.add(in_seconds(sample.cpu_busy), covered);
    cpu_stolen.add(in_seconds(sample.cpu_stolen), covered);
    processors = sample.core_busy.size();
    busiest_processor.add(std::min(1.0, *std::ranges::max_element(sample.core_busy) / 100.0));
    saturated_processors.add(static_cast<double>(std::ranges::count_if(
        sample.core_busy, [](std::uint8_t percent) { return percent >= saturated_percent; })));
  }
  add(memory_available_bytes, sample.memory_available_bytes);
  add(temperature, sample.temperature);
  add(frequency, sample.frequency);
  add(disk_read, sample.disk_read_bytes, covered);
  add(disk_written, sample.disk_written_bytes, covered);
  add(network_received, sample.network_received_bytes, covered);
  add(network_sent, sample.network_sent_bytes, covered);
  for (const actors::GpuSample& gpu : sample.gpus) gpus.push_back(point_of(gpu));
  own_cpu.add(in_seconds(sample.own_cpu), covered);
  if (sample.resident_bytes > 0) resident_bytes.add(static_cast<double>(sample.resident_bytes));
  add(proportional_bytes, sample.proportional_bytes);
  add(allocated_bytes, sample.allocated_bytes);
  voluntary_switches.add(static_cast<double>(sample.voluntary_switches), covered);
  involuntary_switches.add(static_cast<double>(sample.involuntary_switches), covered);
  minor_faults.add(static_cast<double>(sample.minor_faults), covered);
  major_faults.add(static_cast<double>(sample.major_faults), covered);
}

void ResourcePoint::merge(const ResourcePoint& later) {
  assert(later.from >= to);
  to = later.to;
  covered += later.covered;
  samples += later.samples;
  processors = std::max(processors, later.processors);
  for (Flow ResourcePoint::*flow :
       {&ResourcePoint::cpu_busy, &ResourcePoint::cpu_stolen, &ResourcePoint::disk_read,
        &ResourcePoint::disk_written, &ResourcePoint::network_received,
        &ResourcePoint::network_sent, &ResourcePoint::own_cpu, &ResourcePoint::voluntary_switches,
        &ResourcePoint::involuntary_switches, &ResourcePoint::minor_faults,
        &ResourcePoint::major_faults})
    (this->*flow).merge(later.*flow);
  for (Gauge ResourcePoint::*gauge :
       {&ResourcePoint::busiest_processor, &ResourcePoint::saturated_processors,
        &ResourcePoint::memory_available_bytes, &ResourcePoint::temperature,
        &ResourcePoint::frequency, &ResourcePoint::resident_bytes,
        &ResourcePoint::proportional_bytes, &ResourcePoint::allocated_bytes})
    (this->*gauge).merge(later.*gauge);
  if (gpus.size() < later.gpus.size()) gpus.resize(later.gpus.size());
  for (std::size_t i = 0; i < later.gpus.size(); ++i) {
    gpus[i].busy.merge(later.gpus[i].busy);
    gpus[i].memory_used_bytes.merge(later.gpus[i].memory_used_bytes);
    gpus[i].temperature.merge(later.gpus[i].temperature);
    gpus[i].power.merge(later.gpus[i].power);
  }
}

}  // namespace squall::coordinator
