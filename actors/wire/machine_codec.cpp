#include "actors/wire/machine_codec.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "actors/wire/limits.hpp"
#include "actors/wire/message_parts.hpp"
#include "messages.pb.h"

namespace squall::actors {

using scenarios::GpuFacts;
using scenarios::HardwareFacts;
using scenarios::ModelFacts;

namespace {

std::string short_text(const std::string& text) { return cut(text, text_of_label); }

template <class... Text>
bool are_short(const Text&... texts) {
  return ((texts.size() <= text_of_label) && ...);
}

bool are_counts(std::initializer_list<std::uint64_t> counts) {
  return std::ranges::all_of(counts, is_count);
}

bool is_share(double share) { return share >= 0 && share <= 1; }  // and no NaN

// A sensor or a counter that says nonsense costs its own figure, and not the whole message: what
// no reader would take is not written, or as 0 where 0 says that it is not known.
std::uint64_t count_or_none(std::uint64_t count) { return is_count(count) ? count : 0; }
double ceiling_or_none(double rate) { return is_ceiling(rate) ? rate : 0; }
std::int64_t duration_or_none(nanoseconds time) {
  return is_duration(time.count()) ? time.count() : 0;
}

template <class Value, class Set>
void put(const std::optional<Value>& value, bool (*fits)(Value), Set set) {
  if (value && fits(*value)) set(*value);
}

void write(const GpuFacts& gpu, proto::Gpu& out) {
  out.set_name(short_text(gpu.name));
  out.set_vendor(short_text(gpu.vendor));
  out.set_driver(short_text(gpu.driver));
  out.set_runtime(short_text(gpu.runtime));
  out.set_architecture(short_text(gpu.architecture));
  out.set_memory_bytes(count_or_none(gpu.memory_bytes));
  out.set_integrated(gpu.integrated);
  out.set_copy_bytes_per_second(ceiling_or_none(gpu.copy_bytes_per_second));
  out.set_matrix_per_second(ceiling_or_none(gpu.matrix_per_second));
  out.set_address(short_text(gpu.address));
}

std::optional<GpuFacts> read(const proto::Gpu& in) {
  if (!are_short(in.name(), in.vendor(), in.driver(), in.runtime(), in.architecture(),
                 in.address()) ||
      !is_count(in.memory_bytes()) || !is_ceiling(in.copy_bytes_per_second()) ||
      !is_ceiling(in.matrix_per_second()))
    return std::nullopt;
  return GpuFacts{.name = in.name(),
                  .vendor = in.vendor(),
                  .driver = in.driver(),
                  .runtime = in.runtime(),
                  .architecture = in.architecture(),
                  .memory_bytes = in.memory_bytes(),
                  .integrated = in.integrated(),
                  .copy_bytes_per_second = in.copy_bytes_per_second(),
                  .matrix_per_second = in.matrix_per_second(),
                  .address = in.address()};
}

bool read_ceilings(const proto::Hardware& in, scenarios::MeasuredCeilings& out) {
  if (static_cast<std::size_t>(in.bandwidth_size()) > bandwidth_limit ||
      !is_ceiling(in.int8_per_second()) || !is_ceiling(in.float_per_second()) ||
      !is_ceiling(in.int8_of_one_thread()) || !is_ceiling(in.float_of_one_thread()))
    return false;
  for (const auto& each : in.bandwidth()) {
    if (!is_ceiling(each.bytes_per_second())) return false;
    out.bandwidth.push_back({each.threads(), each.bytes_per_second()});
  }
  out.threads = in.arithmetic_threads();
  out.int8_per_second = in.int8_per_second();
  out.float_per_second = in.float_per_second();
  out.int8_of_one_thread = in.int8_of_one_thread();
  out.float_of_one_thread = in.float_of_one_thread();
  return true;
}

void write(const GpuSample& gpu, proto::GpuSample& out) {
  put(gpu.busy, is_share, [&](auto each) { out.set_busy(each); });
  put(gpu.memory_used_bytes, is_count, [&](auto each) { out.set_memory_used_bytes(each); });
  put(gpu.temperature, is_gauge, [&](auto each) { out.set_temperature(each); });
  put(gpu.power, is_gauge, [&](auto each) { out.set_power(each); });
}

std::optional<GpuSample> read(const proto::GpuSample& in) {
  if (!is_share(in.busy()) || !is_count(in.memory_used_bytes()) || !is_gauge(in.temperature()) ||
      !is_gauge(in.power()))
    return std::nullopt;
  GpuSample out;
  if (in.has_busy()) out.busy = in.busy();
  if (in.has_memory_used_bytes()) out.memory_used_bytes = in.memory_used_bytes();
  if (in.has_temperature()) out.temperature = in.temperature();
  if (in.has_power()) out.power = in.power();
  return out;
}

bool fits(const proto::ResourceSample& in) {
  return is_duration(in.from()) && is_duration(in.to()) && in.from() <= in.to() &&
         is_duration(in.cpu_busy()) && is_duration(in.cpu_stolen()) && is_duration(in.own_cpu()) &&
         in.core_busy().size() <= processor_limit &&
         static_cast<std::size_t>(in.gpus_size()) <= gpu_limit &&
         are_counts({in.memory_available_bytes(), in.disk_read_bytes(), in.disk_written_bytes(),
                     in.network_received_bytes(), in.network_sent_bytes(), in.resident_bytes(),
                     in.proportional_bytes(), in.allocated_bytes(), in.voluntary_switches(),
                     in.involuntary_switches(), in.minor_faults(), in.major_faults()}) &&
         is_gauge(in.temperature()) && is_ceiling(in.frequency());
}

}  // namespace

void write(const HardwareFacts& facts, proto::Hardware& out) {
  out.set_processor(short_text(facts.processor));
  out.set_architecture(short_text(facts.architecture));
  out.set_sockets(facts.sockets);
  out.set_cores(facts.cores);
  out.set_threads(facts.threads);
  out.set_performance_cores(facts.performance_cores);
  out.set_efficiency_cores(facts.efficiency_cores);
  for (std::size_t i = 0; i < std::min(facts.instruction_sets.size(), label_limit); ++i)
    out.add_instruction_sets(short_text(facts.instruction_sets[i]));
  out.set_l1_data_bytes(count_or_none(facts.l1_data_bytes));
  out.set_l2_bytes(count_or_none(facts.l2_bytes));
  out.set_l3_bytes(count_or_none(facts.l3_bytes));
  out.set_memory_bytes(count_or_none(facts.memory_bytes));
  out.set_memory_free_bytes(count_or_none(facts.memory_free_bytes));
  for (std::size_t i = 0; i < std::min(facts.gpus.size(), gpu_limit); ++i)
    write(facts.gpus[i], *out.add_gpus());
  out.set_cpu_limit(ceiling_or_none(facts.cpu_limit));
  out.set_memory_limit_bytes(count_or_none(facts.memory_limit_bytes));
  out.set_kernel(short_text(facts.kernel));
  out.set_governor(short_text(facts.governor));
  out.set_virtualization(short_text(facts.virtualization));
  out.set_battery(facts.battery);
  out.set_declared_class(short_text(facts.declared_class));
  put(facts.temperature, is_gauge, [&](auto each) { out.set_temperature(each); });
  put(facts.power, is_gauge, [&](auto each) { out.set_power(each); });
  const auto& ceilings = facts.ceilings;
  for (std::size_t i = 0; i < std::min(ceilings.bandwidth.size(), bandwidth_limit); ++i) {
    auto& each = *out.add_bandwidth();
    each.set_threads(ceilings.bandwidth[i].threads);
    each.set_bytes_per_second(ceiling_or_none(ceilings.bandwidth[i].bytes_per_second));
  }
  out.set_arithmetic_threads(ceilings.threads);
  out.set_int8_per_second(ceiling_or_none(ceilings.int8_per_second));
  out.set_float_per_second(ceiling_or_none(ceilings.float_per_second));
  out.set_int8_of_one_thread(ceiling_or_none(ceilings.int8_of_one_thread));
  out.set_float_of_one_thread(ceiling_or_none(ceilings.float_of_one_thread));
}

std::optional<HardwareFacts> read(const proto::Hardware& in) {
  auto instruction_sets = take_labels(in.instruction_sets());
  HardwareFacts facts;
  if (!instruction_sets || static_cast<std::size_t>(in.gpus_size()) > gpu_limit ||
      !are_short(in.processor(), in.architecture(), in.kernel(), in.governor(), in.virtualization(),
                 in.declared_class()) ||
      !are_counts({in.l1_data_bytes(), in.l2_bytes(), in.l3_bytes(), in.memory_bytes(),
                   in.memory_free_bytes(), in.memory_limit_bytes()}) ||
      !is_ceiling(in.cpu_limit()) || !is_gauge(in.temperature()) || !is_gauge(in.power()) ||
      !read_ceilings(in, facts.ceilings))
    return std::nullopt;
  facts.processor = in.processor();
  facts.architecture = in.architecture();
  facts.sockets = in.sockets();
  facts.cores = in.cores();
  facts.threads = in.threads();
  facts.performance_cores = in.performance_cores();
  facts.efficiency_cores = in.efficiency_cores();
  facts.instruction_sets = std::move(*instruction_sets);
  facts.l1_data_bytes = in.l1_data_bytes();
  facts.l2_bytes = in.l2_bytes();
  facts.l3_bytes = in.l3_bytes();
  facts.memory_bytes = in.memory_bytes();
  facts.memory_free_bytes = in.memory_free_bytes();
  for (const auto& each : in.gpus()) {
    auto gpu = read(each);
    if (!gpu) return std::nullopt;
    facts.gpus.push_back(std::move(*gpu));
  }
  facts.cpu_limit = in.cpu_limit();
  facts.memory_limit_bytes = in.memory_limit_bytes();
  facts.kernel = in.kernel();
  facts.governor = in.governor();
  facts.virtualization = in.virtualization();
  facts.battery = in.battery();
  facts.declared_class = in.declared_class();
  if (in.has_temperature()) facts.temperature = in.temperature();
  if (in.has_power()) facts.power = in.power();
  return facts;
}

void write(const ModelFacts& facts, proto::ModelFacts& out) {
  out.set_parameters(count_or_none(facts.parameters));
  out.set_file_bytes(count_or_none(facts.file_bytes));
  out.set_format(short_text(facts.format));
  out.set_weight_bytes(count_or_none(facts.weight_bytes));
  out.set_multiply_adds(count_or_none(facts.multiply_adds));
  out.set_kv_bytes(count_or_none(facts.kv_bytes));
  out.set_output_multiply_adds(count_or_none(facts.output_multiply_adds));
  out.set_on_gpu(facts.on_gpu);
  out.set_hybrid(facts.hybrid);
  out.set_gpu(short_text(facts.gpu));
  out.set_gpu_address(short_text(facts.gpu_address));
}

std::optional<ModelFacts> read(const proto::ModelFacts& in) {
  if (!are_short(in.format(), in.gpu(), in.gpu_address()) ||
      !are_counts({in.parameters(), in.file_bytes(), in.weight_bytes(), in.multiply_adds(),
                   in.kv_bytes(), in.output_multiply_adds()}))
    return std::nullopt;
  return ModelFacts{.parameters = in.parameters(),
                    .file_bytes = in.file_bytes(),
                    .format = in.format(),
                    .weight_bytes = in.weight_bytes(),
                    .multiply_adds = in.multiply_adds(),
                    .kv_bytes = in.kv_bytes(),
                    .output_multiply_adds = in.output_multiply_adds(),
                    .on_gpu = in.on_gpu(),
                    .hybrid = in.hybrid(),
                    .gpu = in.gpu(),
                    .gpu_address = in.gpu_address()};
}

void write(const ResourceSample& sample, proto::ResourceSample& out) {
  const std::int64_t from = duration_or_none(sample.from);
  out.set_from(from);
  out.set_to(std::max(from, duration_or_none(sample.to)));
  out.set_cpu_busy(duration_or_none(sample.cpu_busy));
  out.set_cpu_stolen(duration_or_none(sample.cpu_stolen));
  const std::size_t cores = std::min(sample.core_busy.size(), processor_limit);
  out.set_core_busy(sample.core_busy.data(), cores);
  put(sample.memory_available_bytes, is_count,
      [&](auto each) { out.set_memory_available_bytes(each); });
  put(sample.disk_read_bytes, is_count, [&](auto each) { out.set_disk_read_bytes(each); });
  put(sample.disk_written_bytes, is_count, [&](auto each) { out.set_disk_written_bytes(each); });
  put(sample.network_received_bytes, is_count,
      [&](auto each) { out.set_network_received_bytes(each); });
  put(sample.network_sent_bytes, is_count, [&](auto each) { out.set_network_sent_bytes(each); });
  put(sample.temperature, is_gauge, [&](auto each) { out.set_temperature(each); });
  put(sample.frequency, is_ceiling, [&](auto each) { out.set_frequency(each); });
  for (std::size_t i = 0; i < std::min(sample.gpus.size(), gpu_limit); ++i)
    write(sample.gpus[i], *out.add_gpus());
  out.set_own_cpu(duration_or_none(sample.own_cpu));
  out.set_resident_bytes(count_or_none(sample.resident_bytes));
  put(sample.proportional_bytes, is_count, [&](auto each) { out.set_proportional_bytes(each); });
  put(sample.allocated_bytes, is_count, [&](auto each) { out.set_allocated_bytes(each); });
  out.set_voluntary_switches(count_or_none(sample.voluntary_switches));
  out.set_involuntary_switches(count_or_none(sample.involuntary_switches));
  out.set_minor_faults(count_or_none(sample.minor_faults));
  out.set_major_faults(count_or_none(sample.major_faults));
}

std::optional<ResourceSample> read(const proto::ResourceSample& in) {
  if (!fits(in)) return std::nullopt;
  ResourceSample sample;
  sample.from = nanoseconds(in.from());
  sample.to = nanoseconds(in.to());
  sample.cpu_busy = nanoseconds(in.cpu_busy());
  sample.cpu_stolen = nanoseconds(in.cpu_stolen());
  sample.core_busy.assign(in.core_busy().begin(), in.core_busy().end());
  if (in.has_memory_available_bytes()) sample.memory_available_bytes = in.memory_available_bytes();
  if (in.has_disk_read_bytes()) sample.disk_read_bytes = in.disk_read_bytes();
  if (in.has_disk_written_bytes()) sample.disk_written_bytes = in.disk_written_bytes();
  if (in.has_network_received_bytes()) sample.network_received_bytes = in.network_received_bytes();
  if (in.has_network_sent_bytes()) sample.network_sent_bytes = in.network_sent_bytes();
  if (in.has_temperature()) sample.temperature = in.temperature();
  if (in.has_frequency()) sample.frequency = in.frequency();
  for (const auto& each : in.gpus()) {
    const auto gpu = read(each);
    if (!gpu) return std::nullopt;
    sample.gpus.push_back(*gpu);
  }
  sample.own_cpu = nanoseconds(in.own_cpu());
  sample.resident_bytes = in.resident_bytes();
  if (in.has_proportional_bytes()) sample.proportional_bytes = in.proportional_bytes();
  if (in.has_allocated_bytes()) sample.allocated_bytes = in.allocated_bytes();
  sample.voluntary_switches = in.voluntary_switches();
  sample.involuntary_switches = in.involuntary_switches();
  sample.minor_faults = in.minor_faults();
  sample.major_faults = in.major_faults();
  return sample;
}

}  // namespace squall::actors
